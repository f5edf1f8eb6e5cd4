"""What an endpoint can do beyond plain streaming: configured, or found out by the first request that needs it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from nexus_jupyter.protocol.ai import Ability, Endpoint, ModelRequest

__all__ = ["Manners"]

_SCHEMA = re.compile(r"(?i)json_schema|structured|schema|grammar|guided")
_FORMAT = re.compile(r"(?i)response_format|json_object")
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
    learned: list[str] = field(default_factory=list)

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
            if "json_schema" in self.abilities:
                given = {"name": "answer", "strict": True, "schema": request.answer_schema}
                options["response_format"] = {"type": "json_schema", "json_schema": given}
            elif "json_object" in self.abilities:
                options["response_format"] = {"type": "json_object"}
        return options

    def adapt(self, words: str, options: dict[str, Any]) -> bool:  # Any: arguments of the SDK
        """Learn from a refusal (HTTP 400 or 422); return whether it is worth asking again."""
        for fits, learn in self._lessons(words, options):
            if fits:
                learned = learn()
                self.learned.append(learned)
                return True
        return False

    def _lessons(self, words: str, options: dict[str, Any]) -> Sequence[tuple[bool, Any]]:  # Any: as above
        form = options.get("response_format", {}).get("type")
        refused = bool(_FORMAT.search(words) or _SCHEMA.search(words))
        return (
            ("max_tokens" in options and "max_completion_tokens" in words, self._use_longer_name),
            ("temperature" in options and "temperature" in words, self._leave_temperature),
            ("stream_options" in options and bool(_USAGE.search(words)), lambda: self._without("usage")),
            (form == "json_schema" and refused, lambda: self._without("json_schema")),
            (form == "json_object" and refused, lambda: self._without("json_object")),
        )

    def _use_longer_name(self) -> str:
        self.longer_name = True
        return "max_completion_tokens"

    def _leave_temperature(self) -> str:
        self.tempered = False
        return "no temperature"

    def _without(self, ability: Ability) -> str:
        self.abilities.discard(ability)
        return f"no {ability}"


def allowed(endpoint: Endpoint, request: ModelRequest) -> int:
    """Return the tokens that an answer may have."""
    return min(endpoint.answer, request.max_tokens or endpoint.answer)
