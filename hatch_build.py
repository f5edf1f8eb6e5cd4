"""Builds the JavaScript and the engine artefact into the package where they are missing or old."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

_ROOT = Path(__file__).parent
_ENGINE = _ROOT / "nexus_jupyter" / "static" / "engine.wasm"
_SCRIPTS = ("runtime", "reactor", "sandbox", "loader", "editor", "math", "origins", "vega", "page", "worker")
_OUTPUTS = [
    *(_ROOT / "nexus_jupyter" / "static" / f"{name}.js" for name in _SCRIPTS),
    _ROOT / "nexus_jupyter" / "labextension" / "package.json",
]


class JavaScriptHook(BuildHookInterface[Any]):  # Any: the builder's configuration
    """Runs npm before a wheel or an editable install is made."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:  # noqa: ARG002 - hatchling's signature
        """Build what is missing or old."""
        if self.target_name == "sdist":
            return
        if _stale(
            [_ENGINE], [path for path in (_ROOT / "engine").iterdir() if path.suffix in {".c", ".h", ".py", ".txt"}]
        ):
            subprocess.run([sys.executable, "engine/build.py", str(_ENGINE)], cwd=_ROOT, check=True)
        if _stale(_OUTPUTS, _sources()):
            self._build_javascript()

    def _build_javascript(self) -> None:
        npm = shutil.which("npm")
        if npm is None:
            raise RuntimeError(
                "Building Nexus from source needs Node.js 20 with npm, which was not found. "
                "Install it, or install a released wheel of nexus-jupyter, which has everything built."
            )
        # `ci` wants the builder's binaries for every platform in the lock file, which registries need not have.
        # The extension's builder is a script of this Python environment, which need not be the active one.
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}"
        environment = {**os.environ, "PATH": path}
        for folder, install in (("js", "ci"), ("js/studio", "install")):
            for command in ([npm, install, "--no-audit", "--no-fund"], [npm, "run", "build"]):
                subprocess.run(command, cwd=_ROOT / folder, check=True, env=environment)


def _stale(outputs: list[Path], sources: list[Path]) -> bool:
    if not all(output.exists() for output in outputs):
        return True
    oldest = min(output.stat().st_mtime for output in outputs)
    return any(source.stat().st_mtime > oldest for source in sources)


def _sources() -> list[Path]:
    found = []
    for folder, folders, files in os.walk(_ROOT / "js"):
        folders[:] = [name for name in folders if name not in {"node_modules", "lib"}]
        found += [Path(folder) / name for name in files if name.endswith((".ts", ".css", ".mjs", ".json"))]
    return found
