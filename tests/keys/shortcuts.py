"""The keys that JupyterLab takes in its command mode."""

from __future__ import annotations

import json
import sys
from pathlib import Path

SCHEMAS = Path(sys.prefix) / "share" / "jupyter" / "lab" / "schemas"
NAMES = {"Accel": "Control", "Ctrl": "Control"}


def command_mode() -> dict[str, list[str]]:
    """Return the shortcuts of JupyterLab's command mode, as its settings have them: the command, and the keys in turn."""
    found: dict[str, list[str]] = {}
    for schema in sorted(SCHEMAS.rglob("*.json")):
        for shortcut in json.loads(schema.read_text()).get("jupyter.lab.shortcuts", []):
            keys = [written(key) for key in shortcut["keys"] if key]
            if "commandMode" in shortcut["selector"] and keys:
                found[f"{shortcut['command']} {' '.join(keys)}"] = keys
    return found


def written(key: str) -> str:
    """Return a key of JupyterLab's as the browser's driver names it."""
    parts = [NAMES.get(part, part) for part in key.split()]
    last = parts[-1]
    return "+".join([*parts[:-1], last.lower() if len(last) == 1 and "Shift" not in parts else last])
