"""A panel, as people hold it in a notebook."""

from __future__ import annotations

import asyncio
import warnings
from collections.abc import Callable, Iterator, Mapping, MutableMapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from nexus_jupyter.notebook.conflicts import ConflictList
from nexus_jupyter.notebook.frozen import freeze
from nexus_jupyter.notebook.short import short
from nexus_jupyter.notebook.values import as_json, as_pandas
from nexus_jupyter.protocol.api import ValuesInfo
from nexus_jupyter.protocol.base import JsonValue
from nexus_jupyter.protocol.conflict import Conflict, Pick
from nexus_jupyter.protocol.diagnostics import Diagnostic
from nexus_jupyter.protocol.errors import FrameError, NotFoundError, StateError
from nexus_jupyter.protocol.panel import ToolDeclaration
from nexus_jupyter.protocol.patch import Op, Patch
from nexus_jupyter.protocol.run import Profile, RunRecord

if TYPE_CHECKING:
    import pandas as pd

    from nexus_jupyter.notebook.host import Host

__all__ = ["Change", "Panel", "Run", "State", "Values"]


@dataclass(frozen=True, slots=True)
class Change:
    """What `Panel.on_change` tells: the panel changed and is now at ``rev``."""

    panel: Panel
    rev: int


class Run:
    """The outcome of an action that succeeded."""

    def __init__(self, record: RunRecord) -> None:
        self._record = record

    @property
    def value(self) -> JsonValue:
        """What the action returned."""
        return self._record.value

    @property
    def patch(self) -> list[Op]:
        """The ops that its changes of state became."""
        return self._record.ops

    @property
    def rev(self) -> int:
        """The workspace's rev after it."""
        return self._record.rev

    @property
    def profile(self) -> Profile:
        """What it used."""
        return self._record.profile

    @property
    def logs(self) -> list[str]:
        """What it wrote with ``nx.log``."""
        return self._record.logs

    @property
    def id(self) -> str:
        """The run's id, as the journal and TriLog know it."""
        return self._record.id

    @property
    def trace_id(self) -> str:
        """The OpenTelemetry trace of the run."""
        return self._record.trace_id

    def __repr__(self) -> str:
        return f"Run({self._record.panel}.{self._record.action} -> {self.value!r}, rev {self.rev})"


class State(MutableMapping[str, JsonValue]):
    """The states of a panel, by name: shared ones, and yours of scope ``user``. Those of scope ``view`` are the pages'.

    Reading asks the workspace; writing is checked and journalled. Values of numpy and pandas, and of ``datetime``, are
    taken as what they are. A list or dict that is read is a copy and cannot be changed: set the whole value.

    Raises
    ------
    NotFoundError
        For a name that the panel does not declare.
    StateError
        When a value does not fit the declared type, and for states of scope ``view``.
    AttributeError
        When a state is set like an attribute.
    """

    __slots__ = ("_host", "_panel")

    def __init__(self, host: Host, panel: str) -> None:
        self._host = host
        self._panel = panel

    def __getitem__(self, name: str) -> JsonValue:
        values = self._host.panel(self._panel).state
        if name not in values:
            if any(found.name == name for found in self._host.build(self._panel).state):
                raise _of_the_page(name)
            names = ", ".join(values) or "none"
            raise NotFoundError(f"The panel '{self._panel}' has no state '{name}'.", hint=f"Its states: {names}.")
        return freeze(values[name], f"panel.state[{name!r}]")

    def __setitem__(self, name: str, value: object) -> None:
        self._host.set_state(self._panel, {name: _as_state(name, value)})

    def __setattr__(self, name: str, value: object) -> None:
        if name not in self.__slots__:
            raise AttributeError(f"A state is set by its name: write .state[{name!r}] = {value!r}.")
        super().__setattr__(name, value)

    def __delitem__(self, name: str) -> None:
        raise TypeError(f"A state cannot be deleted from outside: edit the panel's text to remove '{name}'.")

    def update(self, *args: Any, **values: object) -> None:  # Any: dict.update's own forms
        """Set several states in one change."""
        given = dict(*args, **values)
        self._host.set_state(self._panel, {name: _as_state(name, value) for name, value in given.items()})

    def __iter__(self) -> Iterator[str]:
        return iter(self._host.panel(self._panel).state)

    def __len__(self) -> int:
        return len(self._host.panel(self._panel).state)

    def __repr__(self) -> str:
        return f"State({short(self._host.panel(self._panel).state)})"


class Values(Mapping[str, JsonValue]):
    """What the expressions of a panel read, by name, as it was at one moment: states, links and computed values.

    Computed values that read states of scope ``view`` have been worked out with the defaults of those.

    Raises
    ------
    NotFoundError
        For a name that the panel does not declare.
    FrameError
        For a value that has no rows to be computed from.
    StateError
        For states of scope ``view``, which only pages have.
    """

    __slots__ = ("_found", "_panel")

    def __init__(self, panel: str, found: ValuesInfo) -> None:
        self._panel = panel
        self._found = found

    def __getitem__(self, name: str) -> JsonValue:
        found = self._found
        if name in found.present:
            return found.present[name]
        if name in found.problems:
            raise FrameError(f"'{name}' of the panel '{self._panel}' has no value. {found.problems[name]}")
        if name in found.page:
            raise _of_the_page(name)
        names = ", ".join([*found.present, *found.problems]) or "none"
        raise NotFoundError(f"The panel '{self._panel}' has no value '{name}'.", hint=f"Its values: {names}.")

    def __iter__(self) -> Iterator[str]:
        return iter(self._found.present)

    def __len__(self) -> int:
        return len(self._found.present)

    def __repr__(self) -> str:
        return f"Values({short(self._found.present)})"


def _as_state(name: str, value: object) -> JsonValue:
    return as_json(value, f"state.{name}", error=StateError)


def _of_the_page(name: str) -> StateError:
    return StateError(
        f"state.{name} has the scope view: each page that shows the panel has a value of its own.",
        hint='Declare it with scope="user" or scope="shared" to have it here.',
    )


class Panel:
    """A live panel of a workspace. Made by `Workspace.panel`; shown by leaving it as a cell's last value."""

    def __init__(self, host: Host, name: str) -> None:
        self._host = host
        self.name = name

    @property
    def state(self) -> State:
        """The panel's shared states."""
        return State(self._host, self.name)

    @property
    def values(self) -> Values:
        """What the panel's expressions read now: its states, links and computed values, by name."""
        return Values(self.name, self._host.values(self.name))

    def frame(self, query: str) -> pd.DataFrame:
        """Return all rows of a query, or of a frame, as the panel's states choose them now.

        Columns have the types that they have in the bound frame; whole numbers and booleans with missing values are
        those of pandas' own (``Int64``, ``boolean``). States of scope ``view`` have their defaults.

        Raises
        ------
        FrameError
            If the panel has no such query or frame, nothing is bound, or the query does not fit it.
        """
        return as_pandas(self._host.rows(self.name, query))

    @property
    def nxml(self) -> str:
        """The panel's text."""
        return self._host.panel(self.name).nxml

    @property
    def rev(self) -> int:
        """The workspace's rev that this panel was last read at."""
        return self._host.panel(self.name).rev

    @property
    def diagnostics(self) -> list[Diagnostic]:
        """Warnings and hints about the panel's text; one with errors never becomes a panel."""
        return self._host.build(self.name).diagnostics

    @property
    def tools(self) -> list[ToolDeclaration]:
        """What a model may do with the panel."""
        return self._host.build(self.name).tools

    @property
    def html(self) -> str:
        """The panel as it is now, as self-contained HTML."""
        return self._host.html(self.name)

    def run(self, action: str, *args: object, **named: object) -> Run:
        """Run an action in the sandbox and wait for it. Arguments are taken as values of states are.

        Raises
        ------
        RequestError, StateError
            If an argument is none that the action takes.
        HandlerError
            If the action failed; the state is as it was.
        """
        if args and named:
            raise TypeError("Give an action's arguments by position or by name, not both.")
        if named:
            given = {name: as_json(value, f"The argument '{name}'") for name, value in named.items()}
            return Run(self._host.run(self.name, action, given))
        return Run(self._host.run(self.name, action, [as_json(one, f"Argument {i + 1}") for i, one in enumerate(args)]))

    async def run_async(self, action: str, *args: object, **named: object) -> Run:
        """Run an action without blocking the event loop; else as `run`."""
        return await asyncio.to_thread(self.run, action, *args, **named)

    def edit(self, patch: Patch | str | dict[str, Any] | list[dict[str, Any]]) -> int:  # Any: JSON
        """Edit the panel by ids of its nodes and return the new rev.

        Parameters
        ----------
        patch
            The XML form as text, the JSON form as a dict (``{"ops": [...]}``) or a list of ops, or a `Patch`.

        Raises
        ------
        PatchError
            If it does not apply, or the panel would have errors. Nothing is changed then.
        ConflictError
            If it is based on a rev after which somebody else changed the same thing.
        """
        if isinstance(patch, list):
            patch = {"ops": patch}
        if isinstance(patch, dict):
            patch = Patch.model_validate(patch)
        return self._host.edit(self.name, patch).rev

    def undo(self) -> int:
        """Take back your last change of this panel; returns the new rev.

        What others have changed since stays as they made it: a warning says so, and what was before that is taken back.

        Raises
        ------
        NotFoundError
            If there is nothing of yours to take back.
        ConflictError
            If others have since changed all of it.
        """
        return self._step(redo=False)

    def redo(self) -> int:
        """Do again what was last undone; returns the new rev; else as `undo`."""
        return self._step(redo=True)

    def _step(self, *, redo: bool) -> int:
        done = self._host.undo(self.name, redo=redo)
        for note in done.notes:
            warnings.warn(note, stacklevel=3)
        return done.rev

    @property
    def conflicts(self) -> ConflictList:
        """Questions that edits made at the same time left open; ours holds until they are answered."""
        return ConflictList(self._host.versions.conflicts(self.name))

    def resolve(self, conflict: Conflict | str, pick: Pick) -> int:
        """Answer a conflict with ``"ours"`` (what is there) or ``"theirs"`` (what came); returns the new rev.

        Raises
        ------
        NotFoundError
            If there is no such open conflict.
        PatchError
            If the panel would have errors with what was picked. Nothing is changed then.
        """
        name = conflict if isinstance(conflict, str) else conflict.id
        return self._host.versions.resolve(self.name, name, pick).rev

    def on_change(self, callback: Callable[[Change], None]) -> Callable[[], None]:
        """Call back after each change, whoever made it, on a thread of Nexus's own; returns what ends it."""
        return self._host.listen(self.name, lambda _panel, rev: callback(Change(self, rev)))

    def __repr__(self) -> str:
        return f"Panel({self.name!r}, {self._host.description})"

    def _repr_mimebundle_(self, **_kwargs: object) -> tuple[dict[str, Any], dict[str, Any]]:  # Any: MIME data
        from nexus_jupyter.notebook.display import mimebundle

        return mimebundle(self._host, self.name)
