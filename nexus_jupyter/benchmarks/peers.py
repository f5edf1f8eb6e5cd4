"""Runs of JavaScript by other engines, each in a process of its own: they do not get along in one.

Each runs the same small handler in a context that nothing ran in before, which is what a run in our sandbox is.
"""

from __future__ import annotations

import json
import subprocess
import sys
from importlib.util import find_spec

__all__ = ["PEERS", "peer_times"]

_CODE = "const state = { n: 1 }; const handler = (state) => { state.n += 1; return state.n; }; handler(state)"
_MEASURE = """
import json, sys, time
CODE, COUNT = {code!r}, {count}
{setup}
for _ in range(3):
    run()
times = []
for _ in range(COUNT):
    started = time.perf_counter()
    run()
    times.append((time.perf_counter() - started) * 1e3)
json.dump(times, sys.stdout)
"""
#: Name, module that must be there, rounds, and how a run is made. Only the first isolates as ours does.
PEERS: tuple[tuple[str, str, int, str], ...] = (
    (
        "quickjs-rs, fresh runtime",
        "quickjs_rs",
        100,
        """
from quickjs_rs import Runtime
def run():
    with Runtime() as runtime, runtime.new_context() as context:
        assert context.eval(CODE) == 2
""",
    ),
    (
        "mini-racer, fresh V8 context",
        "py_mini_racer",
        60,
        """
from py_mini_racer import MiniRacer
def run():
    engine = MiniRacer()
    assert engine.eval(CODE) == 2
    engine.close()
""",
    ),
    (
        "quickjs (native, no isolation)",
        "quickjs",
        300,
        "import quickjs\ndef run():\n    assert quickjs.Context().eval(CODE) == 2",
    ),
    (
        "node process per run",
        "subprocess",
        15,
        "import subprocess\ndef run():\n    subprocess.run(['node', '-e', CODE], check=True)",
    ),
)


def peer_times(module: str, count: int, setup: str) -> list[float] | None:
    """Return the times of a peer's runs in milliseconds; ``None`` when it is not installed or fails."""
    if find_spec(module) is None:
        return None
    program = _MEASURE.format(code=_CODE, count=count, setup=setup)
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=120, check=False)
    if done.returncode:
        return None
    times: list[float] = json.loads(done.stdout)
    return times
