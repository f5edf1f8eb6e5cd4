"""The reactor on the server: the same TypeScript that the browser runs, in the engine."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import cached_property
from operator import itemgetter
from typing import Any, Literal

from cachetools import LRUCache
from pydantic import TypeAdapter

from nexus_jupyter.assets import asset
from nexus_jupyter.engine import Engine, EngineFailure, Image, Limits, pack
from nexus_jupyter.protocol.base import Contract, JsonValue
from nexus_jupyter.protocol.diagnostics import Diagnostic
from nexus_jupyter.protocol.errors import NXMLError, PatchError
from nexus_jupyter.protocol.expression import AggregateFunction
from nexus_jupyter.protocol.pages import Marks
from nexus_jupyter.protocol.panel import Build, Ordering
from nexus_jupyter.protocol.patch import Patch

__all__ = ["LONGEST", "MissingAggregate", "MissingPage", "Part", "Reactor", "Rendered", "Worked"]

#: Texts that one machine prints, and machines that print at once.
_BATCH, _PRINTERS = 12, 4
#: Characters of a panel's text. Larger ones never reach the engine.
LONGEST = 1_000_000
#: Bytes of memory that the builds which are kept may take, and how many one takes for each byte of its message.
_KEPT_BYTES, _WEIGHT = 128 << 20, 16
#: A panel of ordinary size.
_SAMPLE = (
    '<panel id="p"><view><column id="c">'
    + "".join(f'<text id="t{i}">Sample {i} {{n}}</text>' for i in range(28))
    + '</column></view><data><state name="n" type="int" default="0"/></data></panel>'
)
#: A build has the text's tree, its view and its facts: several times the text.
_LIMITS = Limits(output_bytes=64 << 20)
#: What is said when the engine stops the reactor, by the limit that was met; what is not a limit is a fault of ours.
_BOUNDED = {
    "timeout": f"takes longer than {_LIMITS.cpu_seconds:g} s",
    "memory": f"needs more than {_LIMITS.memory_bytes >> 20} MB of memory",
    "output": f"gives more than {_LIMITS.output_bytes >> 20} MB",
}
_DONE = {"render": "drawn", "work": "worked out", "format": "printed", "formatAll": "printed", "check": "checked"}
_SMALLER = "Show fewer elements at a time, or work out less in expressions: queries do it where the rows are."
_DIAGNOSTICS: TypeAdapter[list[Diagnostic]] = TypeAdapter(list[Diagnostic])


class MissingPage(Contract):
    """Rows that a drawing asks for."""

    query: str
    offset: int
    limit: int
    order: list[Ordering]
    marks: Marks | None = None


class MissingAggregate(Contract):
    """A number that a drawing asks for."""

    query: str
    fn: AggregateFunction
    column: str | None


class Missing(Contract):
    """What a drawing needs and was not given."""

    pages: list[MissingPage]
    aggregates: list[MissingAggregate]
    files: list[str]


class Rendered(Contract):
    """A drawing, and what it lacks."""

    html: str
    missing: Missing


class Worked(Contract):
    """Values of expressions by name, why those that have none have none, and what they lack."""

    values: dict[str, JsonValue]
    problems: dict[str, str]
    missing: Missing


#: The parts of a panel whose expressions are worked out outside of its view.
Part = Literal["computed", "effects", "exports", "resources", "calls", "lifecycle"]


class _Assembled(Contract):
    nxml: str
    build: Build


class Reactor:
    """Checks, prints and draws panels.

    Parameters
    ----------
    engine
        Where JavaScript runs.
    kept_bytes
        Bytes of memory that the builds which are kept may take.
    """

    def __init__(self, engine: Engine, kept_bytes: int = _KEPT_BYTES) -> None:
        self._engine = engine
        #: Builds by their texts, each with its weight.
        self._builds = LRUCache[str, tuple[Build, int]](kept_bytes, getsizeof=itemgetter(1))
        self._lock = threading.Lock()

    def check(self, nxml: str) -> Build:
        """Return a text's build, from memory if the text was checked lately.

        Raises
        ------
        NXMLError
            If the text is too long to be looked at. Whatever else is wrong with it is in the build's diagnostics.
        """
        with self._lock:
            if nxml in self._builds:
                return self._builds[nxml][0]
        found = self._call("check", {"text": _sized(nxml)})
        build = Build.model_validate(found)
        # One that is too large to be kept is made anew each time.
        with self._lock, suppress(ValueError):
            self._builds[nxml] = build, _WEIGHT * len(pack(found))
        return build

    def format(self, nxml: str) -> str:
        """Return a text as the canonical printer writes it."""
        return str(self._call("format", {"text": _sized(nxml)}))

    def format_all(self, texts: Sequence[str]) -> list[str]:
        """Return texts as `format` does each, several at a time: starting a machine is half of the work for one."""
        batches = [[_sized(text) for text in texts[at : at + _BATCH]] for at in range(0, len(texts), _BATCH)]
        if len(batches) <= 1:
            return [printed for batch in batches for printed in self._format_batch(batch)]
        with ThreadPoolExecutor(max_workers=_PRINTERS) as pool:
            return [printed for done in pool.map(self._format_batch, batches) for printed in done]

    def _format_batch(self, texts: list[str]) -> list[str]:
        printed = self._call("formatAll", {"texts": list[JsonValue](texts)})
        assert isinstance(printed, list)
        return [str(text) for text in printed]

    def fix(self, nxml: str) -> str:
        """Return a text with all automatic fixes applied."""
        return str(self._call("fix", {"text": _sized(nxml)}))

    def assemble(self, tree: dict[str, JsonValue]) -> tuple[str, Build]:
        """Print a panel's tree and check what was printed."""
        done = _Assembled.model_validate(self._call("assemble", {"tree": tree}))
        return done.nxml, done.build

    def patch(self, xml: str) -> Patch:
        """Read a patch in its XML form.

        Raises
        ------
        PatchError
            If it is malformed; ``diagnostics`` says where.
        """
        read = self._call("patch", {"text": _sized(xml)})
        assert isinstance(read, dict)
        diagnostics = _DIAGNOSTICS.validate_python(read["diagnostics"])
        if diagnostics:
            lines = "\n".join(f"  {diagnostic}" for diagnostic in diagnostics[:10])
            raise PatchError(f"The patch cannot be read:\n{lines}", diagnostics=diagnostics)
        return Patch.model_validate(read["patch"])

    def render(self, nxml: str, inputs: dict[str, JsonValue]) -> Rendered:
        """Draw a panel as static HTML from its state and the rows and numbers given."""
        return Rendered.model_validate(self._call("render", {"text": _sized(nxml), "inputs": inputs}))

    def work(self, nxml: str, part: Part, inputs: dict[str, JsonValue]) -> Worked:
        """Work out the expressions in a part of a panel."""
        return Worked.model_validate(self._call("work", {"text": _sized(nxml), "part": part, "inputs": inputs}))

    def components(self) -> list[dict[str, Any]]:  # Any: a table's cells
        """Return the component registry."""
        found = self._call("components", {})
        assert isinstance(found, list)
        return [dict(component) for component in found if isinstance(component, dict)]

    def gallery(self) -> str:
        """Return the text of the panel that shows all components."""
        return str(self._call("gallery", {}))

    def language(self) -> dict[str, Any]:  # Any: a table of the language
        """Return the language as data: components, functions, declarations, diagnostics, limits."""
        found = self._call("language", {})
        assert isinstance(found, dict)
        return found

    def _call(self, function: str, argument: JsonValue) -> JsonValue:
        """Ask the reactor; a limit that it meets is told as the panel's."""
        try:
            return self._image.call({"call": function, "argument": argument}, limits=_LIMITS)
        except EngineFailure as failure:
            if failure.kind not in _BOUNDED:
                raise
            raise NXMLError(
                f"The panel cannot be {_DONE.get(function, 'read')}: that {_BOUNDED[failure.kind]}.", hint=_SMALLER
            ) from failure

    @cached_property
    def _image(self) -> Image:
        """The loaded reactor, which has learned from one check which memory a check writes."""
        loaded = self._engine.image("reactor", asset("reactor.js").decode())
        trial: JsonValue = {"call": "check", "argument": {"text": _SAMPLE}}
        return loaded.extend("reactor", [], limits=_LIMITS, trial=trial)[0]


def _sized(text: str) -> str:
    if len(text) > LONGEST:
        raise NXMLError(f"The text is {len(text)} characters long; {LONGEST} are allowed.")
    return text
