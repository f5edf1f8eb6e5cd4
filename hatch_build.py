"""Builds the JavaScript and the engine artefact into the package where they are missing or old."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

_ROOT = Path(__file__).parent
_OUTPUTS = [
    *(_ROOT / "nexus_jupyter" / "static" / name for name in ("runtime.js", "reactor.js", "sandbox.js", "loader.js")),
    _ROOT / "nexus_jupyter" / "static" / "engine.wasm",
    _ROOT / "nexus_jupyter" / "labextension" / "package.json",
]


class JavaScriptHook(BuildHookInterface[Any]):  # Any: the builder's configuration
    """Runs npm before a wheel or an editable install is made."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:  # noqa: ARG002 - hatchling's signature
        """Build what is missing or old."""
        if self.target_name == "sdist" or not _stale():
            return
        npm = shutil.which("npm")
        if npm is None:
            raise RuntimeError(
                "Building Nexus from source needs Node.js 20 with npm, which was not found. "
                "Install it, or install a released wheel of nexus-jupyter, which has everything built."
            )
        # `ci` wants the builder's binaries for every platform in the lock file, which registries need not have.
        for folder, install in (("js", "ci"), ("js/studio", "install")):
            subprocess.run([npm, install, "--no-audit", "--no-fund"], cwd=_ROOT / folder, check=True)
            subprocess.run([npm, "run", "build"], cwd=_ROOT / folder, check=True)


def _stale() -> bool:
    if not all(output.exists() for output in _OUTPUTS):
        return True
    oldest = min(output.stat().st_mtime for output in _OUTPUTS)
    return any(source.stat().st_mtime > oldest for source in _sources())


def _sources() -> list[Path]:
    found = []
    for folder, folders, files in os.walk(_ROOT / "js"):
        folders[:] = [name for name in folders if name not in {"node_modules", "lib"}]
        found += [Path(folder) / name for name in files if name.endswith((".ts", ".css", ".mjs", ".json"))]
    return found
