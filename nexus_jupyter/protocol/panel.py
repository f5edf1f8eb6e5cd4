"""A panel as the reactor sees it: the syntax tree, and the build made from it."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Any, Literal, TypeVar

from pydantic import PrivateAttr

from nexus_jupyter.protocol.base import Contract, JsonValue
from nexus_jupyter.protocol.capability import CapabilityUse
from nexus_jupyter.protocol.diagnostics import Diagnostic, Span
from nexus_jupyter.protocol.expression import AggregateFunction, Expression
from nexus_jupyter.protocol.types import ScalarType, TypeSpec

__all__ = [
    "ActionDeclaration",
    "AggregateColumn",
    "Attribute",
    "Build",
    "ColumnDeclaration",
    "ComputedDeclaration",
    "Each",
    "EffectDeclaration",
    "ExportDeclaration",
    "Fact",
    "FrameArgument",
    "FrameCall",
    "FrameDeclaration",
    "GroupKey",
    "Invocation",
    "LayoutRule",
    "LifecycleDeclaration",
    "LinkDeclaration",
    "Node",
    "Ordering",
    "PackUse",
    "Parameter",
    "QueryDeclaration",
    "ResourceDeclaration",
    "Section",
    "StateDeclaration",
    "ToolDeclaration",
    "ViewNode",
    "WidthClass",
]

SectionName = Literal["view", "data", "logic", "doc"]


class Attribute(Contract):
    """An attribute as written. ``value`` has its entities resolved; null means a bare name without ``=``."""

    name: str
    value: str | None
    span: Span
    value_span: Span | None = None


class Node(Contract):
    """An element or a piece of text of the syntax tree.

    ``id`` is unique in the panel. View elements have the written id or a generated one (``generated_id``);
    declarations have ``KIND.NAME`` (``state.count``, ``action.reset``); a piece of text between elements has
    ``PARENT.tN``. The text of an element that has no child elements is its ``text``.

    ``comments`` stand before it in the text, ``last_comments`` before its end.
    """

    id: str
    tag: str
    generated_id: bool = False
    attrs: list[Attribute] = []
    text: str | None = None
    children: list[Node] = []
    comments: list[str] = []
    last_comments: list[str] = []
    span: Span


class Section(Contract):
    """One of view, data, logic and doc, with comments as a node has them. The section ``doc`` has text only."""

    name: SectionName
    text: str | None = None
    children: list[Node] = []
    comments: list[str] = []
    last_comments: list[str] = []
    span: Span


class Parameter(Contract):
    """A parameter of an action; ``default`` null and ``required`` false means null."""

    name: str
    type: TypeSpec
    required: bool
    default: JsonValue = None


class StateDeclaration(Contract):
    """A state. ``min`` and ``max`` bound numbers, and the length of text and lists.

    One of scope ``user`` has a value per person; one of scope ``view`` lives in the page that shows the panel.
    """

    name: str
    type: TypeSpec
    default: JsonValue
    min: float | None = None
    max: float | None = None
    scope: Literal["shared", "user", "view"] = "shared"


class ComputedDeclaration(Contract):
    """A value derived from others."""

    name: str
    expr: Expression


class ColumnDeclaration(Contract):
    """A column that the panel expects of a frame."""

    name: str
    type: ScalarType


class LinkDeclaration(Contract):
    """A value that another panel exports."""

    name: str
    panel: str
    value: str


class FrameArgument(Contract):
    """An argument of a function that a frame comes from; by position when ``name`` is null."""

    name: str | None = None
    expr: Expression


class FrameCall(Contract):
    """The function of the notebook that a frame comes from; ``inputs`` are the states that its arguments read."""

    function: str
    args: list[FrameArgument] = []
    inputs: list[str] = []


class FrameDeclaration(Contract):
    """A table from outside: ``source`` is ``kernel:NAME``, and with ``call`` NAME is a function that gives it.

    ``debounce`` is how many milliseconds its inputs must rest before the function is called again.
    """

    name: str
    source: str
    columns: list[ColumnDeclaration] = []
    call: FrameCall | None = None
    debounce: int = 0


class GroupKey(Contract):
    """One key of a grouping, with its column name in the result."""

    name: str
    expr: Expression


class AggregateColumn(Contract):
    """One aggregated column of a grouping. ``expr`` is null for ``len``."""

    name: str
    fn: AggregateFunction
    expr: Expression | None = None


class Ordering(Contract):
    """Sort by a result column."""

    column: str
    descending: bool = False


class QueryDeclaration(Contract):
    """A query over a frame or another query, answered by DuckDB.

    Names in its expressions are states only (computed values are inlined by the reactor); ``inputs`` lists them, those
    of the queries below included. ``pipe`` is the function of an expression whose query this is: nobody wrote it. Its
    ``distinct`` keeps the order in which values come first, and ``reverse`` has nothing but this name.
    """

    name: str
    frame: str
    where: Expression | None = None
    group: list[GroupKey] = []
    agg: list[AggregateColumn] = []
    distinct: str | None = None
    prepend: JsonValue = None
    order: list[Ordering] = []
    limit: int | None = None
    inputs: list[str] = []
    pipe: Literal["where", "sort", "distinct", "reverse", "first"] | None = None


class ActionDeclaration(Contract):
    """A handler. ``span`` is the place of the body, so that errors can be shown where they were written."""

    name: str
    params: list[Parameter] = []
    body: str
    span: Span


class EffectDeclaration(Contract):
    """A handler that runs when a condition becomes true: it was not before a change, or had another value."""

    name: str
    on: Expression
    body: str
    span: Span


class ToolDeclaration(Contract):
    """Something a model may do with the panel: run an action, or set a state."""

    name: str
    description: str
    action: str | None = None
    set: str | None = None


class ResourceDeclaration(Contract):
    """Something a model may read."""

    name: str
    description: str
    expr: Expression


class Each(Contract):
    """``for="item in list"``; ``key`` identifies an item over time."""

    item: str
    list: Expression
    key: Expression | None = None


class Invocation(Contract):
    """What an event does: run an action with arguments."""

    action: str
    args: list[Expression] = []


class LifecycleDeclaration(Contract):
    """An action that runs when a panel is first looked at, when nobody looks any more, or every so many milliseconds.

    ``every`` is given for ``interval`` only.
    """

    on: Literal["mount", "unmount", "interval"]
    every: int | None = None
    run: Invocation


class ExportDeclaration(Contract):
    """What other panels may use: a value that they link to, or an action that they run."""

    name: str
    expr: Expression | None = None
    action: str | None = None


class PackUse(Contract):
    """A component pack that the panel brings in under a prefix; ``pack`` is ``NAME@VERSION``."""

    prefix: str
    pack: str


class ItemBinding(Contract):
    """The field of a loop's item that a bound property follows; ``key`` is the field that tells items apart."""

    item: str
    path: list[str]
    key: list[str] | None = None


class ViewNode(Contract):
    """An element of the view, ready to be evaluated.

    ``props`` holds literal, template and plain expressions alike. ``bind`` maps a property to the state it follows,
    and ``bind_items`` to the part of it, where that is a field of an item.
    ``text`` is the evaluated text content of an element that has no child elements. ``slot`` is the place in its
    parent. One that is ``pending`` reads names that the text, which is still arriving, has not declared yet.
    """

    id: str
    tag: str
    props: dict[str, Expression] = {}
    when: Expression | None = None
    otherwise: bool = False
    each: Each | None = None
    bind: dict[str, str] = {}
    bind_items: dict[str, ItemBinding] = {}
    on: dict[str, Invocation] = {}
    text: Expression | None = None
    children: list[ViewNode] = []
    line: int
    slot: str | None = None
    pending: bool = False


class WidthClass(Contract):
    """The arrangement of one container from ``min_width`` CSS pixels of the panel upwards.

    ``spans`` gives each child's columns out of ``columns``; a row ends where the sum is reached.
    """

    min_width: int
    columns: int
    spans: dict[str, int]


class LayoutRule(Contract):
    """The compiled arrangement of a grid's children."""

    container: str
    widths: list[WidthClass]


class Fact(Contract):
    """A relation between two things in the panel that the checker found, by node id.

    A frame's column is ``frame.NAME.COLUMN``; what lies outside the panel is ``capability:NAME``, ``kernel:NAME`` or
    ``panel:NAME``.
    """

    source: str
    relation: Literal["reads", "writes", "triggers", "binds", "shows", "derivedFrom", "requires", "links"]
    target: str


T = TypeVar("T")
_NOTHING: Any = object()  # Any: stands for whatever is not remembered


class Build(Contract):
    """All that follows from a panel's text: a pure function of the text and the registry's version."""

    id: str
    title: str
    comments: list[str] = []
    last_comments: list[str] = []
    sections: list[Section]
    diagnostics: list[Diagnostic]
    state: list[StateDeclaration] = []
    computed: list[ComputedDeclaration] = []
    frames: list[FrameDeclaration] = []
    queries: list[QueryDeclaration] = []
    links: list[LinkDeclaration] = []
    actions: list[ActionDeclaration] = []
    effects: list[EffectDeclaration] = []
    lifecycle: list[LifecycleDeclaration] = []
    exports: list[ExportDeclaration] = []
    packs: list[PackUse] = []
    tools: list[ToolDeclaration] = []
    resources: list[ResourceDeclaration] = []
    uses: list[CapabilityUse] = []
    view: list[ViewNode] = []
    layout: list[LayoutRule] = []
    facts: list[Fact] = []
    _remembered: dict[Hashable, Any] = PrivateAttr(default_factory=dict)  # Any: what its makers return

    def remembered(self, key: Hashable, make: Callable[[], T]) -> T:
        """Return what was worked out of this build under a key, made now if it is new; it goes with the build."""
        found: T = self._remembered.get(key, _NOTHING)
        return found if found is not _NOTHING else self._remembered.setdefault(key, make())

    @property
    def ok(self) -> bool:
        """Whether the text may become a panel: no diagnostic of severity error."""
        return all(diagnostic.severity != "error" for diagnostic in self.diagnostics)

    @property
    def handlers(self) -> list[ActionDeclaration]:
        """All code of the panel: its actions, and its effects under names that no action can have."""
        effects = [
            ActionDeclaration(name=f"effect:{effect.name}", body=effect.body, span=effect.span)
            for effect in self.effects
        ]
        return [*self.actions, *effects]


Node.model_rebuild()
ViewNode.model_rebuild()
