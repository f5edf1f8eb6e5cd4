"""What watches a process from inside: a heartbeat of its event loop, the programs it starts, the addresses it dials.

All of it is written to files of the attacker as lines of JSON, and judged elsewhere.
"""

from __future__ import annotations

import asyncio
import json
import os
import socket
import sys
import threading
import time
import traceback
from pathlib import Path
from typing import Any

__all__ = ["audit", "bare", "watch"]

#: Seconds between two beats, and two looks at a loop that is late.
_BEAT = 0.02
#: Events of Python's auditing that start a program or dial an address.
_EVENTS = frozenset(["subprocess.Popen", "os.system", "os.exec", "os.posix_spawn", "os.spawn", "socket.connect"])
#: Functions that a loop is in while it has nothing to do.
_IDLE = frozenset(["select", "poll", "_run_once"])
#: What a look finds besides a place: a loop that waits, a look that was late itself, a thread that ran since the last.
_NO_PLACE = frozenset(["idle", "late", "ran"])


def audit(folder: Path) -> None:
    """Write down which programs this process starts and which addresses it dials, as it happens."""
    file = os.open(folder / f"events-{os.getpid()}.jsonl", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    own = os.getpid()

    def hook(event: str, args: tuple[Any, ...]) -> None:
        if event not in _EVENTS or os.getpid() != own:
            return
        if event == "socket.connect":
            family, address = args[0].family, args[1]
            said = [] if family not in {socket.AF_INET, socket.AF_INET6} else [str(address[0]), int(address[1])]
            if not said:
                return
        elif event == "subprocess.Popen":
            said = [os.fsdecode(one) for one in args[1]] if not isinstance(args[1], (str, bytes)) else [args[1]]
        else:
            said = [repr(one)[:200] for one in args]
        where = "".join(traceback.format_list(traceback.extract_stack(limit=14)[:-1]))
        os.write(file, (json.dumps({"event": event, "said": said, "where": where}, default=repr) + "\n").encode())

    sys.addaudithook(hook)


def watch(folder: Path) -> None:
    """Watch this process, which will run a Jupyter server."""
    audit(folder)
    from jupyter_server.serverapp import ServerApp

    # The loop runs from here on; what the server loads before cannot hold anybody up.
    start = ServerApp.start_ioloop

    def start_ioloop(app: Any) -> None:
        app.io_loop.add_callback(lambda: beat(folder / f"beats-{os.getpid()}.jsonl"))
        start(app)

    ServerApp.start_ioloop = start_ioloop


def beat(file: Path) -> None:
    """Let the running loop beat, and write down each time that it was late, and where it was meanwhile."""
    loop, thread = asyncio.get_running_loop(), threading.get_ident()
    last = [time.monotonic(), time.thread_time()]
    native, switched = threading.get_native_id(), [0]
    looks: list[str] = []
    out = file.open("a", encoding="utf-8", buffering=1)
    out.write(json.dumps({"unit": _unit()}) + "\n")

    def tick() -> None:
        now, used = time.monotonic(), time.thread_time()
        late, cpu = now - last[0] - _BEAT, used - last[1]
        if late > 0.05:
            places = [look for look in looks if look not in _NO_PLACE]
            most = max(set(places), key=places.count) if places else ""
            same = _longest(looks)
            line = {"at": time.time(), "late": late, "cpu": cpu, "looks": len(looks), "same": same, "where": most}
            out.write(json.dumps(line) + "\n")
        looks.clear()
        last[:] = time.monotonic(), time.thread_time()
        loop.call_later(_BEAT, tick)

    def look() -> None:
        while not loop.is_closed():
            asked = time.monotonic()
            time.sleep(_BEAT / 2)
            # A look that was late itself says nothing: the machine, or the interpreter's lock, was somebody else's.
            if time.monotonic() - asked > _BEAT:
                if looks:
                    looks.append("late")
                continue
            if time.monotonic() - last[0] > 2 * _BEAT:
                frame = sys._current_frames().get(thread)
                if frame is None or frame.f_code.co_name in _IDLE:
                    looks.append("idle")
                else:
                    # A thread that waits for the interpreter's lock wakes up every few milliseconds to ask for it;
                    # one that is blocked does not run at all.
                    before, switched[0] = switched[0], _switches(native)
                    if switched[0] != before:
                        looks.append("ran")
                    looks.append(_place(frame))
                    del frame

    tick()
    threading.Thread(target=look, name="attack-heartbeat", daemon=True).start()


def _longest(looks: list[str]) -> int:
    """Return how many looks in a row found the loop at one and the same place, which is not waiting for something."""
    most = run = 0
    for before, one in zip(["", *looks], looks, strict=False):
        run = run + 1 if one == before else 1
        if one not in _NO_PLACE:
            most = max(most, run)
    return most


def _place(frame: Any) -> str:
    """Return where a thread is: its steps in the product, or in a planted fault, and the innermost few."""
    steps = traceback.extract_stack(frame)
    own = [step for step in steps[:-4] if "nexus_jupyter" in step.filename or "attacker/plants" in step.filename]
    return "".join(traceback.format_list([*own, *steps[-4:]]))


def _switches(native: int) -> int:
    """Return how often a thread was given the processor; always the same where the system does not tell."""
    try:
        text = Path(f"/proc/self/task/{native}/status").read_text(encoding="ascii")
    except OSError:
        return 0
    return sum(int(line.split()[1]) for line in text.splitlines() if "ctxt_switches" in line)


def _unit() -> float:
    """Return seconds of processor time that decoding the largest body of a request takes here, which is allowed."""
    body = json.dumps([{"text": "x" * 100, "n": number} for number in range(30_000)])
    best = float("inf")
    for _ in range(3):
        started = time.thread_time()
        json.loads(body)
        best = min(best, time.thread_time() - started)
    return best


def bare(file: str) -> None:
    """Run a loop that does nothing but beat, to see how late a loop is on this machine anyway."""

    async def forever() -> None:
        beat(Path(file))
        while os.getppid() != 1:  # noqa: ASYNC110 - ends with the process that started it
            await asyncio.sleep(0.5)

    asyncio.run(forever())


if __name__ == "__main__":
    bare(sys.argv[1])
