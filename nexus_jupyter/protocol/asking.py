"""Frames of the stream by which a client asks a language model for a change, and decides about it."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from nexus_jupyter.protocol.ai import AskBody, AskEvent, AssistantInfo, DecideBody, Proposal
from nexus_jupyter.protocol.base import Contract

__all__ = [
    "AskProgress",
    "AskRequest",
    "AskingFrame",
    "AssistantChoices",
    "AssistantRequest",
    "DecideRequest",
    "PanelChoice",
]


class AskRequest(Contract):
    """Ask for a change or a new panel. `AskProgress` frames follow, then a result; `Cancel` gives it up."""

    type: Literal["ask"] = "ask"
    id: str
    body: AskBody
    traceparent: str | None = None


class DecideRequest(Contract):
    """Accept ops of a proposal, or reject it; the result's value is a `Decided`."""

    type: Literal["decide"] = "decide"
    id: str
    proposal: str
    decision: DecideBody
    traceparent: str | None = None


class AssistantRequest(Contract):
    """Ask what there is to choose from, and whether a proposal waits; the result's value is an `AssistantChoices`."""

    type: Literal["assistant"] = "assistant"
    id: str
    proposal: str | None = None


class PanelChoice(Contract):
    """A panel that a wish may be about."""

    name: str
    title: str


class AssistantChoices(Contract):
    """Models that may be asked, panels that may be meant, and the proposal asked about, while it is not decided."""

    info: AssistantInfo
    panels: list[PanelChoice]
    waiting: Proposal | None = None


class AskProgress(Contract):
    """Something that became of a wish; ``request`` is the id of the `AskRequest`."""

    type: Literal["ask.event"] = "ask.event"
    request: str
    event: AskEvent


AskingFrame = Annotated[AskRequest | DecideRequest | AssistantRequest, Field(discriminator="type")]
