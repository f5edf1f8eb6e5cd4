"""`nexus demo`: the examples, in JupyterLab."""

from __future__ import annotations

import os
import shutil
import sys
from importlib.util import find_spec
from pathlib import Path

from nexus_jupyter.protocol.errors import UnavailableError

__all__ = ["run"]

#: Variables by which a person has configured a model.
_MODELS = ("NEXUS_AI_ENDPOINTS", "NEXUS_AI_MODEL", "NEXUS_AI_TRANSCRIPTS")
_EXAMPLES = Path(__file__).parent.parent / "examples"


def run(*, no_browser: bool, port: int) -> int:
    """Start JupyterLab on the first example and stay until it ends.

    The examples are copied to ``nexus-demo`` below the current folder, so that what is done there changes nothing here;
    what is there already stays as it is.

    Raises
    ------
    UnavailableError
        If JupyterLab or the examples are not there.
    """
    if find_spec("jupyterlab") is None:
        raise UnavailableError("The demo needs JupyterLab.", hint="Run: pip install 'nexus-jupyter[demo]'")
    if not _EXAMPLES.is_dir():
        raise UnavailableError(
            "The examples are not part of this installation.", hint="Get the source of Nexus and run `make demo` there."
        )
    folder = Path.cwd() / "nexus-demo"
    ignored = shutil.ignore_patterns("nexus-workspace", ".ipynb_checkpoints")
    shutil.copytree(_EXAMPLES, folder, ignore=ignored, copy_function=_copy_missing, dirs_exist_ok=True)
    command = [sys.executable, "-m", "jupyterlab", f"--ServerApp.root_dir={folder}", f"--ServerApp.port={port}"]
    command += ["--ServerApp.ip=127.0.0.1", "--LabApp.default_url=/lab/tree/01-first-panel.ipynb"]
    if no_browser:
        command.append("--no-browser")
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        command.append("--allow-root")
    if not any(name in os.environ for name in _MODELS):
        # The example about the assistant works without a model, by answers that were written for it.
        os.environ["NEXUS_AI_TRANSCRIPTS"] = str(folder / "transcripts")
    # JupyterLab takes this process's place: it gets the terminal's signals, and prints its URL itself.
    os.execv(sys.executable, command)  # noqa: S606 - our own interpreter


def _copy_missing(source: str, target: str) -> str:
    return target if Path(target).exists() else shutil.copy2(source, target)
