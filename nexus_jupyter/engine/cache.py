"""Compiled modules on disk.

Loading a compiled module trusts it like any machine code, so only a folder that nobody else can write is used; where
there is none, modules are compiled in memory each time.
"""

from __future__ import annotations

import hashlib
import os
import stat
import tempfile
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

import wasmtime

__all__ = ["CompileCache", "default_cache"]


def default_cache() -> Path:
    """Return the user's cache folder for compiled modules."""
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "nexus_jupyter"


class CompileCache:
    """Compiled modules by the hash of their source, of wasmtime's version and of the configuration.

    Parameters
    ----------
    folder
        Made with mode 0700 when missing.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.usable = self._prepare()

    def load(self, engine: wasmtime.Engine, key: str, make: Callable[[], bytes]) -> wasmtime.Module:
        """Return a compiled module, from disk if it is there and sound.

        Parameters
        ----------
        engine
            Compiles it otherwise.
        key
            Names what the module is made from, and the engine's configuration.
        make
            Returns the module's WebAssembly; called only if it has to be compiled.
        """
        name = hashlib.sha256(f"{key} {version('wasmtime')}".encode()).hexdigest()
        path = self.folder / f"{name}.cwasm"
        if self.usable and path.exists():
            try:
                return wasmtime.Module.deserialize_file(engine, str(path))
            except wasmtime.WasmtimeError:
                path.unlink(missing_ok=True)  # cut short, or from another version: compile again
        module = wasmtime.Module(engine, make())
        if self.usable:
            self._store(path, bytes(module.serialize()))
        return module

    def _prepare(self) -> bool:
        try:
            self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            found = self.folder.lstat()
        except OSError:
            return False
        if not hasattr(os, "getuid"):
            return True
        private = not found.st_mode & (stat.S_IRWXG | stat.S_IRWXO)
        return stat.S_ISDIR(found.st_mode) and found.st_uid == os.getuid() and private

    def _store(self, path: Path, data: bytes) -> None:
        try:
            with tempfile.NamedTemporaryFile(dir=self.folder, delete=False) as file:
                file.write(data)
            Path(file.name).replace(path)
        except OSError:
            return  # a full disk costs only the next start's time
