"""The limits of Nexus (`limits.toml`), written as a table from the values in the code.

``python -m nexus_jupyter.limits FILE`` writes it.
"""

from __future__ import annotations

import importlib
import re
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

__all__ = ["LIMITS", "Limit", "document"]

_HEAD = """# Limits

Written by `make reference` from the values in the code; not by hand. A limit with a setting is changed in the server's
configuration, such as `c.NexusApp.run_cpu = 10` in `jupyter_server_config.py` or `--NexusApp.run_cpu=10`; the others
are fixed. Who meets a limit is told in a sentence, and what was cut says so. The test named last in a row meets the
limit. All settings are listed at the end.
"""


@dataclass(frozen=True, slots=True)
class Limit:
    """A bound on something.

    Attributes
    ----------
    room
        What it is about: the heading in the table.
    what
        What is bounded.
    value
        Where its value is: ``module:NAME`` or ``module:NAME.KEY`` below the package, ``NexusApp.NAME`` (a setting), or
        ``js/FILE.ts:NAME`` in the checkout.
    unit
        Of the value: ``bytes`` and ``s`` are written readably.
    test
        The test that meets it: ``FILE::NAME`` below ``tests``.
    """

    room: str
    what: str
    value: str
    unit: str
    test: str

    @property
    def setting(self) -> str:
        """The setting that changes it, or nothing."""
        return self.value if self.value.startswith("NexusApp.") else ""

    def read(self) -> float:
        """Return the value that the code has."""
        found: Any  # a number, or a tuple or a map of them
        if self.setting:
            from nexus_jupyter.server.app import NexusApp

            found = NexusApp.class_traits()[self.value.partition(".")[2]].default()
            return float(found)
        module, _, name = self.value.partition(":")
        if module.endswith(".ts"):
            return _typescript(Path(__file__).parents[1] / module, name)
        name, _, key = name.partition(".")
        found = getattr(importlib.import_module(f"nexus_jupyter.{module}"), name)
        return float(found[int(key) if key.isdecimal() else key] if key else found)


def _typescript(file: Path, name: str) -> float:
    found = re.search(rf"^(?:export )?const {name} = ([0-9_]+);", file.read_text(encoding="utf-8"), re.MULTILINE)
    if found is None:
        raise KeyError(f"{file} has no number {name}")
    return float(found[1])


def _limits() -> Iterator[Limit]:
    table = tomllib.loads(Path(__file__).with_suffix(".toml").read_text(encoding="utf-8"))
    for room, limits in table.items():
        for what, one in limits.items():
            yield Limit(room, what, **one)


#: All of them, in the order of the table.
LIMITS = tuple(_limits())


def document() -> str:
    """Return the table as Markdown."""
    lines = [_HEAD]
    room = ""
    for limit in LIMITS:
        if limit.room != room:
            room = limit.room
            lines += [f"\n## {room}\n", "| what | limit | setting | test |", "|---|---|---|---|"]
        setting = f"`{limit.setting}`" if limit.setting else "fixed"
        lines.append(f"| {limit.what} | {_written(limit.read(), limit.unit)} | {setting} | `{limit.test}` |")
    return "\n".join([*lines, *_settings()]) + "\n"


def _settings() -> Iterator[str]:
    """Yield the lines of a table of all that the owner of a server can set."""
    from nexus_jupyter.server.app import NexusApp

    yield "\n## All settings of the server\n"
    yield from ("| setting | default | what it does |", "|---|---|---|")
    for name, trait in sorted(NexusApp.class_own_traits(config=True).items()):
        default, told = trait.default(), " ".join(trait.help.split()).replace("|", "\\|")
        yield f"| `NexusApp.{name}` | {'' if default in ('', None) else f'`{default!r}`'} | {told} |"


def _written(value: float, unit: str) -> str:
    if unit == "bytes":
        for factor, name in ((1 << 30, "GB"), (1 << 20, "MB"), (1 << 10, "kB")):
            if value >= factor:
                return f"{value / factor:g} {name}"
    if unit == "s":
        for factor, name in ((86_400, "days"), (3600, "h")):
            if value >= 2 * factor:
                return f"{value / factor:g} {name}"
    number = f"{value:,.0f}" if value == int(value) else f"{value:g}"
    return f"{number} {unit}".strip()


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(document(), encoding="utf-8")
