"""A tool of the workspace itself: what it takes, what it needs, and its answer in words and as data."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from pydantic import BaseModel, ValidationError

from nexus_jupyter.mcp.caller import Caller, told
from nexus_jupyter.protocol.base import JsonValue
from nexus_jupyter.protocol.errors import RequestError
from nexus_jupyter.protocol.rights import RequestName

__all__ = ["WorkspaceTool"]


@dataclass(frozen=True)
class WorkspaceTool:
    """A tool of the workspace: what it does, what it takes, and the request whose right a caller needs."""

    request: RequestName
    description: str
    takes: type[BaseModel]
    do: Callable[[Caller, Any], tuple[str, JsonValue]]  # Any: of the model in `takes`
    #: Whether its answer is a panel that clients can show.
    shows: bool = False

    @cached_property
    def schema(self) -> dict[str, Any]:  # Any: JSON Schema
        """Its arguments."""
        return self.takes.model_json_schema()

    def call(self, caller: Caller, given: dict[str, JsonValue]) -> tuple[str, dict[str, JsonValue]]:
        """Do it, as the caller; return it in words and as data.

        Raises
        ------
        RequestError
            If the arguments are not as they must be.
        """
        caller.need(self.request)
        try:
            taken = self.takes.model_validate(given)
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(str(part) for part in first["loc"]) or "arguments"
            raise RequestError(f"The arguments cannot be understood: {where}: {first['msg']}.") from error
        said, value = self.do(caller, taken)
        return told(said, value), value if isinstance(value, dict) else {"result": value}
