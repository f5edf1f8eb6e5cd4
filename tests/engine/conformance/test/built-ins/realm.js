/*---
description: Realms are left out
features: [cross-realm]
---*/
$262.createRealm();
