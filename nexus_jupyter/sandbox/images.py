"""Images of panels: the sandbox with all actions of a panel compiled, so that a run starts with them ready."""

from __future__ import annotations

import hashlib
import json
import re
import threading
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cache, cached_property

from cachetools import LRUCache

from nexus_jupyter.assets import asset
from nexus_jupyter.engine import Engine, EngineFailure, Image, Limits
from nexus_jupyter.protocol.base import JsonValue
from nexus_jupyter.protocol.panel import ActionDeclaration

__all__ = ["PanelImage", "PanelImages", "Program", "body_column"]

#: An action that no panel can have: the run begins, finds nothing, and ends.
_TRIAL: JsonValue = {"run": {"action": "", "state": {"a": 1}, "args": [], "event": None, "seed": 0}}

#: Images that are kept, and bytes of memory that they may take.
_KEPT, _KEPT_BYTES = 200, 128 << 20
_END = "\n});"
_FORM = re.compile(
    r'__define\("(?:[^"\\]|\\.)*", \[(?:"[\w$]+"(?:, "[\w$]+")*)?\], \(args\) => '
    r'async \((?P<names>[\w$]+(?:, [\w$]+)*)\) => \{ "use strict"; (?P<body>.*)\n\}\);',
    re.DOTALL | re.ASCII,
)


@dataclass(frozen=True)
class Program:
    """The actions of a panel, as source texts by file name; what a panel's image is made from."""

    panel: str
    files: tuple[tuple[str, str], ...]

    @staticmethod
    def of(panel: str, actions: Sequence[ActionDeclaration]) -> Program:
        """Return a panel's program."""
        return Program(panel, tuple((f"{panel}/{action.name}", _source(action)) for action in actions))

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the program, and of the sandbox and the engine around it."""
        text = json.dumps([_surroundings(), self.panel, *self.files])
        return hashlib.sha256(text.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class PanelImage:
    """An image, and why some of the panel's actions could not be compiled, by file name."""

    image: Image
    failures: dict[str, EngineFailure]


class PanelImages:
    """The images used lately. A panel whose text changes has another program, so it gets another image.

    Parameters
    ----------
    engine
        Where they are made.
    limits
        What compiling a panel's actions may use.
    kept, kept_bytes
        How many are kept, and how many bytes of memory they may take.
    """

    def __init__(self, engine: Engine, limits: Limits, *, kept: int = _KEPT, kept_bytes: int = _KEPT_BYTES) -> None:
        self._engine = engine
        self._limits = limits
        self._images = LRUCache[Program, PanelImage](
            kept_bytes, getsizeof=lambda one: max(one.image.own_bytes, kept_bytes // kept)
        )
        self._lock = threading.Lock()
        #: How often an image was there, and how often it had to be made.
        self.hits = self.misses = 0

    def get(self, program: Program) -> PanelImage:
        """Return the image of a program, made now if it is not there."""
        with self._lock:
            found = self._images.get(program)
            if found is not None:
                self.hits += 1
                return found
            self.misses += 1
        base = self._engine.image("sandbox", asset("sandbox.js").decode())
        checks = {file: _as_method(source) for file, source in program.files}
        made = PanelImage(*base.extend(program.panel, program.files, checks=checks, limits=self._limits, trial=_TRIAL))
        # One that is too large to be kept is made anew each time.
        with self._lock, suppress(ValueError):
            self._images[program] = made
        return made

    def __len__(self) -> int:
        return len(self._images)


@cache
def _surroundings() -> str:
    return hashlib.sha256(asset("sandbox.js") + asset("engine.wasm")).hexdigest()


def _head(action: ActionDeclaration) -> str:
    """Return what stands before the body, on the body's first line, so that lines stay what they are."""
    parameters = [parameter.name for parameter in action.params]
    names = ", ".join(["state", "event", "nx", *parameters])
    # `args` is a name of the function around it: a body may declare one of its own.
    return (
        f'__define({json.dumps(action.name)}, {json.dumps(parameters)}, (args) => async ({names}) => {{ "use strict"; '
    )


def _source(action: ActionDeclaration) -> str:
    return f"{_head(action)}{action.body}{_END}"


def _as_method(source: str) -> str:
    """Return an action's program with the same body as that of a method of a class.

    An action's text is the body of one function. If a text closes that function, what follows would run when the image
    is made. A text that does so cannot be compiled in both forms: the function of the program is followed by ``,`` or
    ``)``, which begins no element of a class. A program of any other form does not compile as a method at all.
    """
    found = _FORM.fullmatch(source)
    if found is None:
        return f"throw {json.dumps('This is no action.')} throw"
    return f'(class {{ static async action({found["names"]}) {{ "use strict"; {found["body"]}\n}} }});'


def body_column(action: ActionDeclaration) -> int:
    """Return how many characters stand before the body on its first line."""
    return len(_head(action))
