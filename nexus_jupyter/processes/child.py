"""Child processes, as their parent sees them.

A child that ran in the folder where a person works would import what lies there: a file `random.py` or `pyarrow.py` of
a cloned repository. So an interpreter is started isolated (``-I``), in an empty folder of its own, and is told where
its packages are; its environment has only variables that are known to be needed; what it writes to standard error is
kept, a little of it, to say truthfully why it failed.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import site
import subprocess
import sys
import tempfile
import threading
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from nexus_jupyter.processes.confinement import Confinement

__all__ = ["ORDERS", "Answer", "Child", "Ended", "Limits", "answer", "environment", "run", "start"]

#: The variable by which a child learns its orders; it is removed before anything else runs.
ORDERS = "NEXUS_CHILD_ORDERS"
#: What a program needs of its surroundings: where programs and libraries are, and how text is written.
_KEPT = ("PATH", "LANG", "LC_ALL", "LC_CTYPE", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "SYSTEMROOT", "WINDIR")
_FIRST = (
    f"import json, os, sys; orders = json.loads(os.environ.pop({ORDERS!r})); "
    "sys.path += [path for path in orders['path'] if path not in sys.path]; "
    "from nexus_jupyter.processes.bootstrap import begin; begin(orders)"
)
_SAID_LINES, _SAID_WIDTH = 40, 500
_OUTPUT = 64 << 10


@dataclass(frozen=True, slots=True)
class Limits:
    """What the system lets a child use; ``None`` leaves it as it is for the parent.

    Attributes
    ----------
    memory
        Bytes of addresses.
    seconds
        Seconds of processor time.
    files
        Open files.
    """

    memory: int | None = None
    seconds: int | None = None
    files: int | None = 4096


@dataclass(frozen=True, slots=True)
class Ended:
    """How a command ended; ``output`` and ``said`` are the beginnings of what it wrote."""

    code: int
    output: str
    said: str


@dataclass(frozen=True, slots=True)
class Answer:
    """How a program ended that was asked for something, and all that it wrote."""

    code: int
    output: bytes
    said: bytes


class Child:
    """A running interpreter.

    Parameters
    ----------
    process
        The process, with pipes as its standard streams. It is to end when its input does.
    folder
        The folder that it has to itself, which is removed when it has ended.
    """

    def __init__(self, process: subprocess.Popen[bytes], folder: Path) -> None:
        self.process = process
        self._folder = folder
        self._lines: deque[str] = deque(maxlen=_SAID_LINES)
        self._reader = threading.Thread(target=self._listen, name="nexus-child-stderr", daemon=True)
        self._reader.start()

    def said(self) -> str:
        """Return the last lines that it wrote to standard error; waits for the rest of one that has ended."""
        if self.process.poll() is not None:
            self._reader.join(1.0)
        return "\n".join(self._lines)

    def end(self, grace: float) -> None:
        """Close its input, and kill it when it is still there after some seconds."""
        assert self.process.stdin is not None
        with contextlib.suppress(OSError):  # it may be gone already, and what was to be written to it with it
            self.process.stdin.close()
        try:
            self.process.wait(grace)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _listen(self) -> None:
        assert self.process.stderr is not None
        while line := self.process.stderr.readline(_SAID_WIDTH):
            self._lines.append(line.decode("utf-8", "replace").rstrip())


def start(
    module: str,
    *args: str,
    confinement: Confinement | None = None,
    limits: Limits | None = None,
    variables: Mapping[str, str] | None = None,
) -> Child:
    """Start a module of ours in an interpreter of its own.

    Parameters
    ----------
    module
        Its name; its function ``main`` is called.
    args
        Its arguments. Everybody on the machine can read them, so they hold no secrets.
    confinement
        What it may reach; its own folder and the interpreter's are added. With none it reaches what its parent does.
    limits
        What it may use.
    variables
        Variables of its environment besides the few that all have.
    """
    folder = Path(tempfile.mkdtemp(prefix="nexus-"))
    orders = {"module": module, "path": _packages(), "limits": asdict(limits or Limits())}
    if confinement is not None:
        orders["confinement"] = asdict(confinement)
    given = {**environment(folder), **(variables or {}), ORDERS: json.dumps(orders)}
    command = [sys.executable, "-I", "-X", "utf8", "-c", _FIRST, *args]
    try:
        process = subprocess.Popen(  # noqa: S603 - our own interpreter and module
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=folder, env=given
        )
    except OSError:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    return Child(process, folder)


def run(command: Sequence[str], *, seconds: float, variables: Mapping[str, str] | None = None) -> Ended:
    """Run a program in an empty folder, and return the beginning of what it wrote, as text; otherwise as `answer`."""
    done = answer(command, seconds=seconds, variables=variables)
    output, said = (part[:_OUTPUT].decode("utf-8", "replace") for part in (done.output, done.said))
    return Ended(done.code, output, said)


def answer(
    command: Sequence[str],
    *,
    folder: Path | None = None,
    stdin: bytes = b"",
    seconds: float | None = None,
    inherited: Iterable[str] = (),
    variables: Mapping[str, str] | None = None,
) -> Answer:
    """Run a program by its full path, and return all that it wrote.

    Parameters
    ----------
    command
        The program and its arguments.
    folder
        Where it runs; an empty folder of its own when left out.
    stdin
        What it reads.
    seconds
        How long it may take; as long as it needs when left out.
    inherited, variables
        Variables of our environment that it gets too, by name, and variables that it gets besides.

    Raises
    ------
    OSError
        If it cannot be started, or takes longer (`TimeoutError`).
    """
    if not Path(command[0]).is_absolute():
        raise ValueError(f"A program is named by its full path, so that no other of its name is run: {command[0]}")
    with tempfile.TemporaryDirectory(prefix="nexus-") as own:
        given = {**environment(Path(own), inherited), **(variables or {})}
        try:
            done = subprocess.run(  # noqa: S603 - a full path
                command, input=stdin, capture_output=True, cwd=folder or own, env=given, timeout=seconds, check=False
            )
        except subprocess.TimeoutExpired as error:
            raise TimeoutError(f"{command[0]} did not end within {seconds:g} seconds") from error
    return Answer(done.returncode, done.stdout, done.stderr)


def environment(folder: Path, more: Iterable[str] = ()) -> dict[str, str]:
    """Return the environment of a child that has a folder to itself, with further variables of ours by name.

    The folder is its home as well, unless ours is among those: a home that others may write to would be read by it.
    """
    own = dict.fromkeys(("HOME", "TMPDIR", "TMP", "TEMP", "USERPROFILE"), str(folder))
    kept = {name: os.environ[name] for name in (*_KEPT, *more) if name in os.environ}
    return {**own, "TZ": "UTC", **kept}


def _packages() -> list[str]:
    """Return where packages are: of this person where the interpreter looks there, and the folder that ours lies in."""
    places = [Path(__file__).parent.parent.parent]
    if site.ENABLE_USER_SITE:
        places.insert(0, Path(site.getusersitepackages()))
    return [str(path) for path in places if path.is_dir()]
