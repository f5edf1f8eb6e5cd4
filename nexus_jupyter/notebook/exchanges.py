"""The process ModelExchange as a table: one row for each request to a language model."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["EXCHANGES", "exchanges"]

_TEXTS = ("task", "prompt", "endpoint", "model", "answer", "error")
_NUMBERS = ("prompt_tokens", "completion_tokens", "cost", "seconds", "rev")
_LISTS = ("ops", "accepted", "rejected", "context")
_ORDER = (
    "id asked_at actor panel task prompt outcome ops accepted rejected rev endpoint model prompt_tokens "
    "completion_tokens cost seconds context answer error"
)


def _column(name: str) -> str:
    """Return a field of whichever step has it."""
    return f"maxIf(attributes['{name}'], mapContains(attributes, '{name}')) AS {name}"


#: Each exchange once, from its steps.
EXCHANGES = f"""
SELECT instance AS id, min(ts) AS asked_at, any(actor_id) AS actor, any(panel) AS panel,
       argMax(step, ts) AS outcome, {", ".join(_column(name) for name in (*_TEXTS, *_NUMBERS, *_LISTS))}
FROM process_steps WHERE process = 'ModelExchange' GROUP BY instance ORDER BY asked_at DESC
"""  # noqa: S608 - put together from constants


def exchanges(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the answer of `EXCHANGES` with numbers and lists as such; what is not known is missing."""
    import pandas as pd

    for name in _NUMBERS:
        frame[name] = pd.to_numeric(frame[name].replace("", None))
    for name in _LISTS:
        # A text that was cut where it was too long is no JSON any more; it is left as it is.
        frame[name] = pd.Series([_list(text) for text in frame[name]], dtype=object)
    return frame[_ORDER.split()]


def _list(text: str) -> object:
    try:
        return json.loads(text) if text else None
    except ValueError:
        return text
