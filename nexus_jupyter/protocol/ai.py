"""What crosses borders between people, the assistant and language models."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import ConfigDict, Field
from typing_extensions import TypeAliasType

from nexus_jupyter.protocol.base import Contract, JsonValue
from nexus_jupyter.protocol.capability import CapabilityUse
from nexus_jupyter.protocol.diagnostics import Diagnostic
from nexus_jupyter.protocol.patch import Patch
from nexus_jupyter.protocol.query import Touched
from nexus_jupyter.protocol.versions import EntityChange

__all__ = [
    "Ability",
    "AskBody",
    "AskEvent",
    "AskFailed",
    "AssistantInfo",
    "Context",
    "ContextPart",
    "DecideBody",
    "Decided",
    "Draft",
    "Endpoint",
    "Message",
    "ModelEvent",
    "ModelFinished",
    "ModelInfo",
    "ModelRequest",
    "ModelRestarted",
    "ModelStarted",
    "ModelText",
    "Proposal",
    "ProposedOp",
    "ProposedUse",
    "Repairing",
    "Task",
    "Usage",
]

#: What a model is asked for: a change of a panel, a new panel, or text for a handler (``nx.ai.complete``).
Task = Literal["edit", "create", "complete"]
#: What an endpoint can do beyond plain streaming; probed once when it is not configured.
Ability = Literal["json_schema", "json_object", "usage"]


class Endpoint(Contract):
    """A server that speaks Chat Completions, and one model of it.

    ``key`` names where the key is, never the key: ``env:NAME`` or ``file:PATH``; empty for servers that need none.
    ``window`` is the model's context in tokens. Prices are of a million tokens, in any one currency. ``tasks`` are what
    it may be used for, in the order of endpoints. Times are seconds: until the first token, between two, and in total.
    """

    # What does not fit is not shown: it may be a key.
    model_config = ConfigDict(hide_input_in_errors=True)

    name: str = Field(min_length=1)
    url: str = Field(repr=False)
    model: str = Field(min_length=1)
    key: str = Field(default="", repr=False, pattern=r"^(env:[A-Za-z_][A-Za-z0-9_]*|file:.+)?$")
    window: int = Field(default=32_000, ge=512)
    answer: int = Field(default=4_000, ge=16, description="Tokens that one answer may have.")
    price_in: float = Field(default=0, ge=0)
    price_out: float = Field(default=0, ge=0)
    abilities: list[Ability] | None = None
    tasks: list[Task] = ["edit", "create", "complete"]
    first_within: float = Field(default=30, gt=0)
    next_within: float = Field(default=15, gt=0)
    total_within: float = Field(default=120, gt=0)


class Message(Contract):
    """One message of a conversation with a model."""

    role: Literal["system", "user", "assistant"]
    content: str


class ModelRequest(Contract):
    """What a model is asked, by whom, and for which panel.

    ``answer_schema`` is the JSON Schema of the answer where an endpoint can keep to one.
    """

    task: Task
    messages: list[Message]
    user: str
    panel: str | None = None
    answer_schema: dict[str, JsonValue] | None = None
    max_tokens: int | None = Field(default=None, ge=1)
    temperature: float | None = Field(default=None, ge=0, le=2)


class Usage(Contract):
    """Tokens of one call and what they cost; ``estimated`` when the endpoint did not count them itself."""

    prompt_tokens: int = 0
    completion_tokens: int = 0
    cost: float = 0
    estimated: bool = False


class ModelStarted(Contract):
    """An endpoint has begun to answer."""

    kind: Literal["started"] = "started"
    endpoint: str
    model: str
    attempt: int = 1


class ModelText(Contract):
    """A piece of the answer."""

    kind: Literal["text"] = "text"
    text: str


class ModelRestarted(Contract):
    """What came so far counts no more: the endpoint failed, and the next one is asked. ``why`` is a sentence."""

    kind: Literal["restarted"] = "restarted"
    endpoint: str
    why: str


class ModelFinished(Contract):
    """The whole answer. ``first`` and ``seconds`` are the times to the first token and to the end.

    ``cut`` says that it ends where its limit of tokens is; only answers of the task ``complete`` may.
    """

    kind: Literal["finished"] = "finished"
    text: str
    endpoint: str
    model: str
    usage: Usage
    first: float
    seconds: float
    cut: bool = False


ModelEvent = TypeAliasType(
    "ModelEvent",
    Annotated[ModelStarted | ModelText | ModelRestarted | ModelFinished, Field(discriminator="kind")],
)


class ContextPart(Contract):
    """A part of what a model is shown: how many tokens it takes, and why it is there, or why it was left out."""

    name: str
    tokens: int
    reason: str
    text: str
    included: bool = True


class Context(Contract):
    """What a model is shown of a workspace, in the order it is shown. ``budget`` and ``tokens`` are of tokens."""

    kind: Literal["context"] = "context"
    budget: int
    tokens: int
    parts: list[ContextPart]


class Draft(Contract):
    """What has arrived so far: a new panel's text, or the sentences of a change's ops."""

    kind: Literal["draft"] = "draft"
    panel: str
    nxml: str | None = None
    ops: list[str] = []


class Repairing(Contract):
    """The answer had errors that no fix mends; the model is asked once more. They are what it is told."""

    kind: Literal["repairing"] = "repairing"
    errors: list[str]


class ProposedOp(Contract):
    """One op of a proposal, in words, and what it would touch. ``needs`` are ops that it cannot be accepted without.

    ``parts`` are the numbers of the ops in the proposal's patch that it stands for: several, where what it inserts has
    something inside.
    """

    index: int
    words: str
    touched: list[str]
    needs: list[int] = []
    parts: list[int] = []


class ProposedUse(CapabilityUse):
    """Something that the panel would newly ask for. Accepting grants nothing.

    ``allowed`` says that a grant for it is there already, so that the panel could use it at once.
    """

    allowed: bool


class Proposal(Contract):
    """What would change, and why that is safe. Nothing has changed yet.

    ``patch`` is null for a new panel. ``rev`` is the rev that it was worked out on; ``before`` and ``after`` are the
    panel's texts. ``fixed`` says which findings were mended without a model.
    """

    kind: Literal["proposal"] = "proposal"
    id: str
    task: Task
    panel: str
    say: str
    rev: int
    patch: Patch | None = None
    ops: list[ProposedOp] = []
    before: str = ""
    after: str
    changes: list[EntityChange] = []
    impact: list[Touched] = []
    asks: list[ProposedUse] = []
    diagnostics: list[Diagnostic] = []
    fixed: list[str] = []
    repaired: bool = False
    endpoint: str = ""
    model: str = ""
    usage: Usage = Usage()
    seconds: float = 0


class AskFailed(Contract):
    """No proposal came of it, and nothing was changed.

    ``message`` and ``hint`` are sentences for people, ``code`` is the error's for programs, such as ``quota``.
    """

    kind: Literal["failed"] = "failed"
    id: str
    code: str = ""
    message: str
    hint: str = ""
    usage: Usage = Usage()


AskEvent = TypeAliasType(
    "AskEvent",
    Annotated[
        Context | ModelStarted | ModelText | ModelRestarted | Draft | Repairing | Proposal | AskFailed,
        Field(discriminator="kind"),
    ],
)


class AskBody(Contract):
    """A wish in a person's words. Without ``panel``, the words and what they name decide which panel is meant.

    ``create`` is the name of a new panel, when one is wished for.
    """

    text: str = Field(min_length=1, max_length=20_000)
    panel: str | None = None
    create: str | None = None
    frames: list[str] = []


class DecideBody(Contract):
    """What a person makes of a proposal: the numbers of the ops to take, all of them when null; or none at all."""

    accept: list[int] | None = None
    reject: bool = False


class Decided(Contract):
    """What came of a decision: the rev of the change, if there was one, and the ops in it.

    ``positions`` are, for each op that was accepted, the numbers of the ops in the change that are its own: what it
    takes to revert it alone.
    """

    id: str
    rev: int | None
    accepted: list[int]
    positions: list[list[int]] = []


class ModelInfo(Contract):
    """A model that may be asked: its endpoint's name, what it is for, and its prices of a million tokens."""

    endpoint: str
    model: str
    tasks: list[Task]
    window: int
    price_in: float
    price_out: float


class AssistantInfo(Contract):
    """Which models may be asked, in order; with none, ``hint`` says how to configure one."""

    configured: bool
    models: list[ModelInfo]
    hint: str = ""
