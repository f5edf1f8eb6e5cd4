"""Where an attack happens: a temporary home with a server's folder, and secrets beside it that nobody may see."""

from __future__ import annotations

import base64
import os
import re
import secrets
import shutil
import subprocess
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

__all__ = ["Place"]

REPOSITORY = Path(__file__).parent.parent.parent


@dataclass
class Place:
    """Folders of one run, below one temporary folder.

    Attributes
    ----------
    base
        The temporary folder.
    canaries
        Files that must neither be read nor change, and what they hold.
    variable
        A secret in the server's environment.
    """

    base: Path
    canaries: dict[Path, str] = field(default_factory=dict)
    variable: str = field(default_factory=lambda: _secret("environment"))

    @classmethod
    def make(cls) -> Place:
        """Make the folders and the secrets."""
        place = cls(Path(tempfile.mkdtemp(prefix="nexus-attack-")).resolve())
        for folder in (place.root, place.home, place.runtime, place.temporary, place.harness, place.folders):
            folder.mkdir(parents=True)
        for name, folder in (
            ("beside", place.base),
            ("root", place.root),
            ("home", place.home),
            ("runtime", place.runtime),
        ):
            file = folder / f"{name}-secret.txt"
            place.canaries[file] = _secret(name)
            file.write_text(place.canaries[file], encoding="utf-8")
        remote = ["git", "init", "--quiet", "--bare", "--initial-branch=main", str(place.remote)]
        subprocess.run(remote, check=True, env={"PATH": os.environ["PATH"], "HOME": str(place.harness)})
        return place

    @property
    def root(self) -> Path:
        """The folder that the server serves."""
        return self.base / "root"

    @property
    def workspace(self) -> Path:
        """The folder of its workspace."""
        return self.root / "nexus-workspace"

    @property
    def home(self) -> Path:
        """The home that the server sees."""
        return self.base / "home"

    @property
    def runtime(self) -> Path:
        """Jupyter's runtime folder."""
        return self.base / "runtime"

    @property
    def temporary(self) -> Path:
        """Where temporary files of the server lie."""
        return self.base / "tmp"

    @property
    def harness(self) -> Path:
        """What the attacker keeps for itself: the server's log, its heartbeat, what it started."""
        return self.base / "harness"

    @property
    def folders(self) -> Path:
        """Where hostile workspace folders are made."""
        return self.base / "folders"

    @property
    def remote(self) -> Path:
        """A git repository that people may push to."""
        return self.base / "remote.git"

    @property
    def secrets(self) -> dict[str, str]:
        """Where each secret is, by the secret."""
        return {self.variable: "the environment", **{held: str(file) for file, held in self.canaries.items()}}

    def environment(self) -> dict[str, str]:
        """Return the environment of a server, with nothing of the account that runs the attack."""
        kept = {name: os.environ[name] for name in ("PATH", "LANG", "LC_ALL") if name in os.environ}
        return {
            **kept,
            "HOME": str(self.home),
            "TMPDIR": str(self.temporary),
            "XDG_DATA_HOME": str(self.home / "data"),
            "XDG_CONFIG_HOME": str(self.home / "config"),
            "JUPYTER_RUNTIME_DIR": str(self.runtime),
            "JUPYTER_CONFIG_DIR": str(self.home / "jupyter"),
            "JUPYTER_DATA_DIR": str(self.home / "jupyter-data"),
            "JUPYTER_NO_CONFIG": "",
            "PYTHONPATH": str(REPOSITORY),
            "PYTHONDONTWRITEBYTECODE": "1",
            "PYTHONFAULTHANDLER": "1",
            "ATTACK_PLACE": str(self.base),
            "ATTACK_VARIABLE": self.variable,
        }

    def remove(self) -> None:
        """Remove all of it."""
        shutil.rmtree(self.base, ignore_errors=True)


def needles(secret: str) -> list[bytes]:
    """Return the forms in which a secret may come back: as it is, and in base64 wherever it begins there."""
    found = [secret.encode()]
    for shift in range(3):
        # What the bytes before and after have a part in is left out.
        inner = base64.b64encode(b"\0" * shift + secret.encode())
        found.append(inner[(4 if shift else 0) : len(inner) // 4 * 4 - 4])
    return found


def pattern(held: dict[str, str]) -> tuple[re.Pattern[bytes], dict[bytes, str]]:
    """Return an expression that finds secrets, and where each form that it finds is from."""
    forms = {needle: where for secret, where in held.items() for needle in needles(secret)}
    return re.compile(b"|".join(re.escape(form) for form in forms)), forms


def _secret(name: str) -> str:
    return f"canary-{name}-{secrets.token_hex(12)}"
