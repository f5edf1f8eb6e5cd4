"""The command line: ``python -m tests.attacker --seconds 600 [--seed N] [--plant NAME] [--carriers ws,rest]``."""

from __future__ import annotations

import argparse
import secrets
import signal
import sys

from tests.attacker.campaign import attack
from tests.attacker.carriers import CARRIERS
from tests.attacker.plants import PLANTS


def main() -> int:
    """Attack, print the report, and return 1 when something was found."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.attacker", description="Attacks a real server with random messages."
    )
    parser.add_argument("--seconds", type=float, default=600)
    parser.add_argument("--seed", type=int, default=None, help="decides about all messages; random when left out")
    parser.add_argument("--plant", choices=sorted(PLANTS), default="", help="a fault to switch on, which must be found")
    parser.add_argument("--carriers", default=",".join(CARRIERS), help="which ones, separated by commas")
    parser.add_argument("--keep", action="store_true", help="keep the folder of the attack, with the server's log")
    given = parser.parse_args()
    # Whoever ends the attack ends the server with it, which has a session of its own.
    signal.signal(signal.SIGTERM, lambda _number, _frame: sys.exit(1))
    seed = secrets.randbits(32) if given.seed is None else given.seed
    print(f"seed {seed}", flush=True)  # noqa: T201 - a command line
    result = attack(
        given.seconds,
        seed,
        carriers=given.carriers.split(","),
        plant=given.plant,
        until="." if given.plant else "",
        keep=given.keep,
    )
    print("\n".join(result.lines))  # noqa: T201 - as above
    return 0 if result.ok else 1


if __name__ == "__main__":
    raise SystemExit(main())
