"""What an endpoint can do beyond plain streaming: configured, or found out by the first request that needs it."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from nexus_jupyter.protocol.ai import Ability, Endpoint, ModelRequest

__all__ = ["Manners"]

_SCHEMA = re.compile(r"(?i)json_schema|structured|schema|grammar|guided")
_INVALID = re.compile(r"(?i)invalid[\w ]{0,20}schema|schema[\w ]{0,20}(?:error|invalid)|cannot resolve")
_FORMAT = re.compile(r"(?i)response_format|json_object")
#: Schemas that an endpoint may refuse before it is not asked to keep to one any more.
_SCHEMAS = 3
_USAGE = re.compile(r"(?i)stream_options|include_usage")


@dataclass(slots=True)
class Manners:
    """How one endpoint wants to be asked. It is kept as long as the router, so each refusal is met once.

    Attributes
    ----------
    abilities
        What it can do, or is believed to be able to.
    longer_name
        It wants ``max_completion_tokens``, as reasoning models of OpenAI do.
    tempered
        It lets the temperature be chosen.
    """

    abilities: set[Ability]
    configured: bool = False
    longer_name: bool = False
    tempered: bool = True
    #: Schemas that were refused although it takes others.
    refused: set[str] = field(default_factory=set)

    @classmethod
    def of(cls, endpoint: Endpoint) -> Manners:
        """Return what is configured, or the best to begin with."""
        if endpoint.abilities is not None:
            return cls(set(endpoint.abilities), configured=True)
        return cls({"json_schema", "json_object", "usage"})

    def options(self, endpoint: Endpoint, request: ModelRequest) -> dict[str, Any]:  # Any: arguments of the SDK
        """Return the arguments of the call."""
        options: dict[str, Any] = {
            "model": endpoint.model,
            "messages": [message.model_dump() for message in request.messages],
            "stream": True,
            "max_completion_tokens" if self.longer_name else "max_tokens": allowed(endpoint, request),
        }
        if "usage" in self.abilities:
            options["stream_options"] = {"include_usage": True}
        if request.temperature is not None and self.tempered:
            options["temperature"] = request.temperature
        if request.answer_schema is not None:
            if "json_schema" in self.abilities and _digest(request.answer_schema) not in self.refused:
                given = {"name": "answer", "strict": True, "schema": request.answer_schema}
                options["response_format"] = {"type": "json_schema", "json_schema": given}
            elif "json_object" in self.abilities:
                options["response_format"] = {"type": "json_object"}
        return options

    def adapt(self, words: str, options: dict[str, Any]) -> bool:  # Any: arguments of the SDK
        """Learn from a refusal (HTTP 400 or 422); return whether it is worth asking again."""
        for fits, learn in self._lessons(words, options):
            if fits:
                learn()
                return True
        return False

    def _lessons(self, words: str, options: dict[str, Any]) -> Sequence[tuple[bool, Callable[[], None]]]:  # as above
        given = options.get("response_format", {})
        form, schema = given.get("type"), given.get("json_schema", {}).get("schema")
        refused = bool(_FORMAT.search(words) or _SCHEMA.search(words))
        return (
            ("max_tokens" in options and "max_completion_tokens" in words, self._use_longer_name),
            ("temperature" in options and "temperature" in words, self._leave_temperature),
            ("stream_options" in options and bool(_USAGE.search(words)), lambda: self._without("usage")),
            (form == "json_schema" and refused, lambda: self._without_schema(words, schema)),
            (form == "json_object" and refused, lambda: self._without("json_object")),
        )

    def _use_longer_name(self) -> None:
        self.longer_name = True

    def _leave_temperature(self) -> None:
        self.tempered = False

    def _without(self, ability: Ability) -> None:
        self.abilities.discard(ability)

    def _without_schema(self, words: str, schema: object) -> None:
        # It may be this schema that it cannot keep to, or schemas at all: the third one decides.
        self.refused.add(_digest(schema))
        formless = _FORMAT.search(words) and not _INVALID.search(words)
        if formless or len(self.refused) >= _SCHEMAS:
            self.abilities.discard("json_schema")


def allowed(endpoint: Endpoint, request: ModelRequest) -> int:
    """Return the tokens that an answer may have."""
    return min(endpoint.answer, request.max_tokens or endpoint.answer)


def _digest(schema: object) -> str:
    return hashlib.sha256(json.dumps(schema, sort_keys=True).encode()).hexdigest()
