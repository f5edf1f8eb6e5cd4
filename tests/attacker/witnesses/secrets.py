"""Secrets outside of the workspace are in no answer, file and log; files outside stay as they are."""

from __future__ import annotations

import hashlib
import os
import re
from pathlib import Path

from nexus_jupyter.protocol.rights import REQUESTS
from tests.attacker.attack import Attack
from tests.attacker.ledger import Answer, Sent
from tests.attacker.people import OWNER, PEOPLE
from tests.attacker.place import pattern

__all__ = ["Secrets"]

#: What a server writes outside of its folder: the account's key and places, caches, Jupyter's own, folders of children.
_OWN = re.compile(
    r"(home/data/nexus_jupyter(/|$)|home/\.cache/nexus_jupyter|home/(\.cache|data|config|jupyter|jupyter-data|\.ipython|\.local)$"
    r"|home/jupyter(-data)?/|home/\.ipython/"
    r"|runtime/(jpserver-|jupyter_cookie_secret|nbserver|jpserver)|tmp/nexus-|tmp/tmp[\w]+(/|$)|remote\.git/|root/nexus-workspace(/|$))"
)


class Secrets:
    """Looks for the secrets of a place in all that comes back, and for files that changed."""

    def __init__(self, attack: Attack) -> None:
        self._attack = attack
        place = attack.place
        tokens = {person.token(attack.server.tokens): f"the token of {person.name}" for person in (*PEOPLE, OWNER)}
        self._pattern, self._forms = pattern({**place.secrets, **tokens})
        self._personal, _ = pattern({attack.world.personal: ""})
        self._hook, _ = pattern({attack.world.hook: ""})
        self._before = self._listed()
        self._canaries = {file: _state(file) for file in place.canaries}
        self._read: dict[Path, float] = {}
        attack.ledger.judges.append(self.judge)

    def judge(self, sent: Sent, answer: Answer) -> tuple[str, str] | None:
        """Say what an answer shows that it must not."""
        found = self._pattern.search(answer.body)
        if found is not None:
            return "secrets", f"The answer holds the secret from {self._forms[found.group()]}."
        writes = REQUESTS["alert.change"] in sent.person.rights
        if not writes and self._hook.search(answer.body):
            return "secrets", "A person who may not change alerts was shown the address of a webhook."
        # The history has personal values for those who may read it; other carriers show them to their person alone.
        exports = REQUESTS["journal.export"] in sent.person.rights
        if not exports and sent.request != "history.ask" and self._personal.search(answer.body):
            return "secrets", "A reader was shown a value that the owner keeps for themselves."
        return None

    def look(self) -> None:
        """Look at the canaries, at files outside, and at what was written into the workspace."""
        ledger = self._attack.ledger
        for file, before in self._canaries.items():
            if _state(file) != before:
                ledger.found("secrets", f"The file {file} outside of the workspace was changed.", kind=str(file))
        now = self._listed()
        for name in sorted(set(now) ^ set(self._before)):
            ledger.found("secrets", f"The file {name} outside of the workspace came or went.", kind=f"file {name}")
        for name in sorted(set(now) & set(self._before)):
            if now[name] != self._before[name]:
                ledger.found("secrets", f"The file {name} outside of the workspace was changed.", kind=f"file {name}")
        self._before = now
        self._search()

    def end(self) -> None:
        """Look once more."""
        self.look()

    def _search(self) -> None:
        """Look for secrets in files of the workspace that are new or have changed, and in the server's log."""
        place = self._attack.place
        logs = list(place.harness.glob("*.log"))
        # What the history keeps is compressed, and shown by answers only.
        walked = os.walk(place.workspace)
        inside = [
            Path(where, name) for where, _, names in walked if "/.nexus/trilog/" not in f"{where}/" for name in names
        ]
        for file in [*inside, *logs]:
            try:
                if file.is_symlink():
                    continue
                changed = file.stat().st_mtime
                if not file.is_file() or self._read.get(file) == changed:
                    continue
                self._read[file] = changed
                data = file.read_bytes()
            except OSError:
                continue  # gone meanwhile
            found = self._pattern.search(data)
            if found is not None:
                where = self._forms[found.group()]
                self._attack.ledger.found("secrets", f"{file} holds the secret from {where}.", kind=f"in {file}")

    def _listed(self) -> dict[str, tuple[int, ...]]:
        place = self._attack.place
        found = {}
        for folder in (place.base, place.root, place.home, place.runtime, place.temporary):
            for where, folders, files in os.walk(folder):
                inner = Path(where)
                if folder == place.base or (folder == place.root and inner == place.root):
                    # Those below are looked at by themselves, or are the attacker's own.
                    folders[:] = []
                for name in (*files, *folders):
                    path = inner / name
                    short = str(path.relative_to(place.base))
                    if not _OWN.match(short) and path not in {place.harness, place.folders, place.remote}:
                        try:
                            held = path.lstat()
                        except OSError:
                            continue
                        found[short] = (held.st_mtime_ns, held.st_size) if name in files else (0,)
                folders[:] = [name for name in folders if not _OWN.match(str((inner / name).relative_to(place.base)))]
        return found


def _state(file: Path) -> tuple[str, int]:
    try:
        return hashlib.sha256(file.read_bytes()).hexdigest(), file.lstat().st_mode
    except OSError as error:
        return repr(error), 0
