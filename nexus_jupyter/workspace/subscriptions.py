"""What the workspace may hold, as its history tells of it: noted when it is opened with other quotas than before."""

from __future__ import annotations

import json
import uuid
from dataclasses import asdict
from pathlib import Path
from typing import Any

from nexus_jupyter.protocol.errors import StorageError
from nexus_jupyter.storage.private import read, replace
from nexus_jupyter.trilog import Recorder
from nexus_jupyter.workspace.quotas import Quotas

__all__ = ["note_quotas"]


def note_quotas(recorder: Recorder, workspace: str, private: Path, quotas: Quotas) -> None:
    """Record quotas that are new, each change of one as a course of the process SubscriptionChange.

    Parameters
    ----------
    recorder
        Takes them.
    workspace
        The workspace's name.
    private
        The folder where the quotas of before are kept.
    quotas
        Those of now.
    """
    kept = private / "quotas.json"
    now: dict[str, int] = {name: int(value) for name, value in asdict(quotas).items()}
    try:
        found: Any = json.loads(read(kept))  # Any: whatever is in the file
    except (StorageError, OSError, ValueError, RecursionError):
        found = None
    before = found if isinstance(found, dict) else {}
    changed = {name: value for name, value in now.items() if before.get(name) != value}
    if not changed:
        return
    recorder.twin("Workspace", workspace, {"quotas": changed}, cause="quotas were set")
    for name in sorted(changed.keys() & before.keys()):
        course = uuid.uuid4().hex
        told = {"quota": name, "before": str(before[name]), "after": str(changed[name])}
        recorder.step("SubscriptionChange", course, "requested", **told)
        recorder.step("SubscriptionChange", course, "applied", **told)
    replace(kept, json.dumps(now))
