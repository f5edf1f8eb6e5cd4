"""A panel as the reactor sees it: the syntax tree, and the build made from it."""

from __future__ import annotations

from typing import Literal

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
    "Fact",
    "FrameDeclaration",
    "GroupKey",
    "Invocation",
    "LayoutRule",
    "Node",
    "Ordering",
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
    """

    id: str
    tag: str
    generated_id: bool = False
    attrs: list[Attribute] = []
    text: str | None = None
    children: list[Node] = []
    span: Span


class Section(Contract):
    """One of view, data, logic and doc. The section ``doc`` has text only."""

    name: SectionName
    text: str | None = None
    children: list[Node] = []
    span: Span


class Parameter(Contract):
    """A parameter of an action; ``default`` null and ``required`` false means null."""

    name: str
    type: TypeSpec
    required: bool
    default: JsonValue = None


class StateDeclaration(Contract):
    """A state. ``min`` and ``max`` bound numbers, and the length of text and lists."""

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


class FrameDeclaration(Contract):
    """A table from outside. ``source`` is ``kernel:NAME``."""

    name: str
    source: str
    columns: list[ColumnDeclaration] = []


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
    of the queries below included.
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


class ActionDeclaration(Contract):
    """A handler. ``span`` is the place of the body, so that errors can be shown where they were written."""

    name: str
    params: list[Parameter] = []
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


class ViewNode(Contract):
    """An element of the view, ready to be evaluated.

    ``props`` holds literal, template and plain expressions alike. ``bind`` maps a property to the state it follows.
    ``text`` is the evaluated text content of an element that has no child elements.
    """

    id: str
    tag: str
    props: dict[str, Expression] = {}
    when: Expression | None = None
    otherwise: bool = False
    each: Each | None = None
    bind: dict[str, str] = {}
    on: dict[str, Invocation] = {}
    text: Expression | None = None
    children: list[ViewNode] = []
    line: int


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

    A frame's column is ``frame.NAME.COLUMN``; what lies outside the panel is ``capability:NAME`` or ``kernel:NAME``.
    """

    source: str
    relation: Literal["reads", "writes", "triggers", "binds", "shows", "derivedFrom", "requires"]
    target: str


class Build(Contract):
    """All that follows from a panel's text: a pure function of the text and the registry's version."""

    id: str
    title: str
    sections: list[Section]
    diagnostics: list[Diagnostic]
    state: list[StateDeclaration] = []
    computed: list[ComputedDeclaration] = []
    frames: list[FrameDeclaration] = []
    queries: list[QueryDeclaration] = []
    actions: list[ActionDeclaration] = []
    tools: list[ToolDeclaration] = []
    resources: list[ResourceDeclaration] = []
    uses: list[CapabilityUse] = []
    view: list[ViewNode] = []
    layout: list[LayoutRule] = []
    facts: list[Fact] = []

    @property
    def ok(self) -> bool:
        """Whether the text may become a panel: no diagnostic of severity error."""
        return all(diagnostic.severity != "error" for diagnostic in self.diagnostics)


Node.model_rebuild()
ViewNode.model_rebuild()
