"""The model of Nexus itself: what it consists of, and what happens in it."""

from __future__ import annotations

from typing import Literal

from nexus_jupyter.protocol.base import JsonValue
from nexus_jupyter.protocol.telemetry import TwinSchema
from nexus_jupyter.trilog.model import Ref, TwinObject, TwinProcess, pii, step, tracked

__all__ = [
    "Frame",
    "ModelExchange",
    "NOGUpdate",
    "Panel",
    "PanelExecution",
    "SubscriptionChange",
    "User",
    "UserAuthentication",
    "WebSocketConnection",
    "Workspace",
    "built_in",
]


class User(TwinObject):
    """Somebody who works in the workspace, by the id that the server knows them by."""

    kind: str = "user"
    name: str = pii("")


class Workspace(TwinObject):
    """The workspace: what it may hold."""

    quotas: dict[str, int] = tracked()


class Panel(TwinObject):
    """A panel, as the journal tells of it; beside these fields, ``NODE.ATTRIBUTE`` for the nodes of its text."""

    title: str
    nxml: str
    cell: str = ""
    state: dict[str, JsonValue] = tracked()
    owner: Ref[User] | None = None


class Frame(TwinObject):
    """A shared frame: of what shape its rows are, and a digest of them."""

    name: str
    rows: int
    digest: str
    columns: list[dict[str, str]]


class WebSocketConnection(TwinObject):
    """A page or a notebook that is connected."""

    user: Ref[User]
    client: Literal["page", "notebook"]
    state: Literal["open", "closed"]


class UserAuthentication(TwinProcess):
    """Somebody shows who they are. ``method`` says how."""

    steps = step("presented") >> (step("accepted") | step("refused"))
    method: str = ""


class PanelExecution(TwinProcess):
    """A run of a panel's action."""

    steps = step("triggered") >> (
        step("failed")
        | step("context_loaded") >> (step("failed") | step("started") >> (step("completed") | step("failed")))
    )
    action: str = ""
    error: str = ""


class NOGUpdate(TwinProcess):
    """A change of the graph; ``rev`` once it has one."""

    steps = step("requested") >> (step("stored") | step("refused"))
    operation: str = ""


class ModelExchange(TwinProcess):
    """A request to a language model, and what became of the answer. Texts are kept without secrets and private data.

    ``context`` says which parts were shown, with their tokens and reasons; ``ops`` are the answer's edits in words,
    ``accepted`` and ``rejected`` their numbers.
    """

    steps = step("asked") >> (
        step("failed")
        | step("answered")
        >> (step("failed") | step("proposed") >> (step("accepted") | step("rejected") | step("gone")))
    )
    task: str = ""
    prompt: str = ""
    context: str = ""
    answer: str = ""
    endpoint: str = ""
    model: str = ""
    prompt_tokens: str = ""
    completion_tokens: str = ""
    cost: str = ""
    seconds: str = ""
    ops: str = ""
    rejected: str = ""
    accepted: str = ""
    rev: str = ""
    error: str = ""


class SubscriptionChange(TwinProcess):
    """What the workspace may hold changes: its tier or its quotas."""

    steps = step("requested") >> (step("applied") | step("refused"))
    quota: str = ""
    before: str = ""
    after: str = ""


def built_in() -> list[TwinSchema]:
    """Return the schemas of all of these."""
    objects = [one.schema_of() for one in (User, Workspace, Panel, Frame, WebSocketConnection)]
    processes = (UserAuthentication, PanelExecution, NOGUpdate, ModelExchange, SubscriptionChange)
    return objects + [one.schema_of() for one in processes]
