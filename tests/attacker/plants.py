"""Faults that are planted into a server for the attacker to find."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

__all__ = ["PLANTS", "Plant"]


@dataclass(frozen=True)
class Plant:
    """A fault: what it is, and what puts it into this process."""

    words: str
    put: Callable[[], None]


PLANTS: dict[str, Plant] = {}
