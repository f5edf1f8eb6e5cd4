"""What was taken from a workspace folder that another account or another machine made, and what was left out."""

from __future__ import annotations

from typing import Literal

from nexus_jupyter.protocol.alerts import AlertRule
from nexus_jupyter.protocol.base import Contract

__all__ = ["Adoption", "AdoptionAllow", "AdoptionRequest", "AllowBody", "LeftOut"]


class LeftOut(Contract):
    """A right that the folder brought along and that does not hold here until a person allows it.

    Attributes
    ----------
    number
        Names it in a wish to allow it.
    text
        What it would allow, in one line.
    panel, cap, target
        Of a grant: which panel may do what, to what; without a target, to anything.
    name, url
        Of a remote.
    rule
        Of alerts: what is watched, and the webhooks that are told.
    allowed
        Whether a person has allowed it since.
    """

    number: int
    kind: Literal["grant", "remote", "alert"]
    text: str
    panel: str | None = None
    cap: str | None = None
    target: str | None = None
    name: str | None = None
    url: str | None = None
    rule: AlertRule | None = None
    allowed: bool = False


class Adoption(Contract):
    """What became of a folder's private part that this account did not make.

    Attributes
    ----------
    at
        When it was set aside; ISO 8601 in UTC.
    aside
        The name of the folder that it is kept in, beside ``panels/``.
    panels, graph, files
        How many panels, files of the graph, and files below ``files/`` were taken as content.
    refused
        Sentences about what could not be taken.
    left
        Rights that were left out; the list is cut at ``200`` of each kind.
    """

    at: str
    aside: str
    panels: int = 0
    graph: int = 0
    files: int = 0
    refused: list[str] = []
    left: list[LeftOut] = []


class AdoptionRequest(Contract):
    """Ask what was taken from elsewhere and what was left out; the result's value is an `Adoption`, or null."""

    type: Literal["adoption"] = "adoption"
    id: str


class AdoptionAllow(Contract):
    """Let something that was left out hold from now on; the result's value is the `Adoption` after it."""

    type: Literal["adoption.allow"] = "adoption.allow"
    id: str
    number: int


class AllowBody(Contract):
    """The number of what was left out and shall hold from now on."""

    number: int
