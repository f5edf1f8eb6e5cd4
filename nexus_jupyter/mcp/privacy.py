"""What people keep for themselves is no answer to anybody else."""

from __future__ import annotations

from nexus_jupyter.protocol.base import JsonValue
from nexus_jupyter.protocol.errors import RequestError
from nexus_jupyter.protocol.query import GraphQuery
from nexus_jupyter.workspace.panels import PERSONAL

__all__ = ["own", "refuse_others"]


def own(value: JsonValue, user: str) -> JsonValue:
    """Return data of the graph without the values that other people have of personal states.

    Examples
    --------
    >>> own({"attrs": {"value": 1, "user:ann": 2, "user:bob": 3}}, "ann")
    {'attrs': {'value': 1, 'user:ann': 2}}
    """
    match value:
        case dict():
            return {key: own(inner, user) for key, inner in value.items() if not _others(key, user)}
        case list():
            # Among the names of attributes that something is said of.
            return [own(inner, user) for inner in value if not (isinstance(inner, str) and _others(inner, user))]
        case _:
            return value


def refuse_others(query: GraphQuery, user: str) -> None:
    """Refuse a question that would find out such a value by its answer.

    Raises
    ------
    RequestError
        If a condition names one.
    """
    named = [one.attr for one in query.where] + [one.attr for step in query.steps for one in step.where]
    if any(_others(attr, user) for attr in named):
        raise RequestError("What other people keep for themselves is no condition.")


def _others(key: str, user: str) -> bool:
    return key.startswith(PERSONAL) and key != f"{PERSONAL}{user}"
