"""A real Jupyter server with the extension, on loopback, as one process that is attacked."""

from __future__ import annotations

import json
import os
import secrets
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

from tests.attacker.people import OWNER, Person
from tests.attacker.place import Place

__all__ = ["Server"]

_CONFIG = Path(__file__).with_name("jupyter_config.py")
_STARTED, _ENDED = 120.0, 30.0


class Server:
    """A running server.

    Parameters
    ----------
    place
        Where it runs.
    workspace
        The folder of its workspace.
    plant
        The planted fault that its configuration switches on, or none.
    name
        Of its log.
    """

    def __init__(self, place: Place, workspace: Path, plant: str = "", name: str = "server") -> None:
        self.place = place
        self.tokens = secrets.token_hex(16)
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port: int = probe.getsockname()[1]
        self.log = place.harness / f"{name}.log"
        environment = {**place.environment(), "ATTACK_TOKENS": self.tokens, "ATTACK_PLANT": plant}
        command = [
            sys.executable, "-m", "jupyter_server", f"--config={_CONFIG}", "--ServerApp.ip=127.0.0.1",
            f"--ServerApp.port={self.port}", "--ServerApp.port_retries=0", f"--ServerApp.root_dir={place.root}",
            f"--NexusApp.workspace_dir={workspace}",
        ]  # fmt: skip
        with self.log.open("ab") as out:
            self.process = subprocess.Popen(
                command, env=environment, stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT,
                cwd=place.root, start_new_session=True,
            )  # fmt: skip
        try:
            self._await()
        except BaseException:
            self.stop()
            raise

    @property
    def pid(self) -> int:
        """The server's process."""
        return self.process.pid

    @property
    def alive(self) -> bool:
        """Whether it still runs."""
        return self.process.poll() is None

    def headers(self, person: Person) -> dict[str, str]:
        """Return what a person sends along."""
        return {"Authorization": f"token {person.token(self.tokens)}"}

    def url(self, path: str) -> str:
        """Return the address of a route below the API."""
        return f"http://127.0.0.1:{self.port}/nexus/api/{path}"

    def ask(self, method: str, path: str, body: Any = None, person: Person = OWNER, seconds: float = 60) -> Any:
        """Ask something as a person and return the JSON of the answer, whatever its status."""
        data = body if isinstance(body, bytes) else json.dumps(body).encode() if body is not None else None
        request = urllib.request.Request(self.url(path), data, self.headers(person), method=method)
        try:
            with urllib.request.urlopen(request, timeout=seconds) as answer:
                said = answer.read()
        except urllib.error.HTTPError as error:
            said = error.read()
        return json.loads(said) if said[:1] in {b"{", b"["} else said

    def stop(self) -> None:
        """End it, as a person would, and for good after a while."""
        if self.alive:
            self.process.terminate()
        try:
            self.process.wait(_ENDED)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def _await(self) -> None:
        until = time.monotonic() + _STARTED
        while time.monotonic() < until and self.alive:
            try:
                self.ask("GET", "health", seconds=5)
            except OSError:
                time.sleep(0.1)  # polling another process's start
            else:
                return
        raise RuntimeError(f"The server did not start:\n{self.log.read_text(errors='replace')[-3000:]}")


def pid_exists(pid: int) -> bool:
    """Return whether a process is still there."""
    try:
        os.kill(pid, 0)
    except OSError:
        return False
    return True
