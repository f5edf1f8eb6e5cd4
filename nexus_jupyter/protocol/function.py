"""Functions of a notebook that panels may call."""

from __future__ import annotations

from nexus_jupyter.protocol.base import Contract

__all__ = ["ExposedFunction", "ExposedParameter"]


class ExposedParameter(Contract):
    """A parameter, with its type as Python writes it."""

    name: str
    type: str = "Any"
    required: bool = True


class ExposedFunction(Contract):
    """What a notebook tells of a function that it exposes."""

    name: str
    doc: str = ""
    params: list[ExposedParameter] = []
    returns: str = "Any"
