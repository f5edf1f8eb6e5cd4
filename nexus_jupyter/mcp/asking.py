"""Tools that ask the workspace's assistant for a change, and carry out what is made of its proposal."""

from __future__ import annotations

import threading
from collections import OrderedDict

from pydantic import Field

from nexus_jupyter.mcp.approval import Question
from nexus_jupyter.mcp.caller import Caller, quoted
from nexus_jupyter.mcp.tool import WorkspaceTool
from nexus_jupyter.protocol.ai import AskBody, AskEvent, AskFailed, DecideBody, Proposal
from nexus_jupyter.protocol.base import Contract, JsonValue
from nexus_jupyter.protocol.errors import UnavailableError
from nexus_jupyter.workspace import desk_of

__all__ = ["DECIDE", "AskingTools"]

#: The tool that a person is asked about, where their client can.
DECIDE = "nexus_decide"

#: Seconds that a proposal may take: two endpoints' whole time, one after the other.
_PATIENCE = 240.0
#: Proposals that are remembered, to say what a decision is about, and the choice that carries one out.
_KEPT, _YES = 100, "carry it out"


class _Wish(Contract):
    text: str = Field(min_length=1, max_length=20_000, description="What is wished for, in words.")
    panel: str | None = Field(default=None, description="Which panel; the words decide when left out.")
    create: str | None = Field(default=None, description="The name of a new panel, when one is wished for.")


class _Decision(Contract):
    proposal: str = Field(description="The id of the proposal, as nexus_ask returned it.")
    accept: list[int] | None = Field(default=None, description="Numbers of the ops to take; all when left out.")
    reject: bool = False


class AskingTools:
    """Tools of the assistant, and what it has proposed."""

    def __init__(self) -> None:
        self._said = OrderedDict[str, tuple[str, list[str]]]()
        #: The tools by name.
        self.tools = {
            "nexus_ask": WorkspaceTool(
                "assistant.ask",
                "Ask the workspace's assistant for a change or a new panel; it answers with a proposal and changes "
                "nothing.",
                _Wish,
                self._ask,
            ),
            DECIDE: WorkspaceTool(
                "assistant.decide",
                "Accept a proposal of nexus_ask, or parts of it, or reject it. It grants nothing.",
                _Decision,
                self._decide,
            ),
        }

    def question(self, given: dict[str, JsonValue]) -> Question | None:
        """Return what a person is asked before a proposal is carried out; nothing is asked for a rejection."""
        panel, words = self._said.get(str(given.get("proposal")), ("", []))
        if given.get("reject") or not words:
            return None
        taken = given.get("accept")
        chosen = [one for at, one in enumerate(words) if not isinstance(taken, list) or at in taken] or words
        said = "; ".join(quoted(one) for one in chosen)
        message = f"Carry out what the assistant proposes for the panel {quoted(panel)}? {said}"
        return Question(message, (_YES,), [given.get("proposal"), taken])

    def _ask(self, caller: Caller, wish: _Wish) -> tuple[str, JsonValue]:
        desk = desk_of(caller.kernel)
        done = threading.Event()
        last: list[Proposal | AskFailed] = []

        def tell(event: AskEvent) -> None:
            if isinstance(event, Proposal | AskFailed):
                last.append(event)
                done.set()

        body = AskBody(text=wish.text, panel=wish.panel, create=wish.create)
        stop = desk.ask(body, caller.actor, tell)
        if not done.wait(_PATIENCE):
            stop()
            raise UnavailableError("The assistant did not answer in time. Nothing was changed.")
        found = last[0]
        if isinstance(found, AskFailed):
            raise UnavailableError(found.message, hint=found.hint)
        self._said[found.id] = (found.panel, [op.words for op in found.ops] or [found.say])
        while len(self._said) > _KEPT:
            self._said.popitem(last=False)
        return f"A proposal for '{found.panel}'; nothing is changed until nexus_decide accepts it", {
            "proposal": found.id,
            "panel": found.panel,
            "say": found.say,
            "ops": [{"index": op.index, "words": op.words, "needs": list[JsonValue](op.needs)} for op in found.ops],
            "after": found.after,
            "asks": [{"cap": use.cap, "target": use.target, "allowed": use.allowed} for use in found.asks],
            "impact": [one.model_dump(mode="json") for one in found.impact],
        }

    def _decide(self, caller: Caller, wish: _Decision) -> tuple[str, JsonValue]:
        body = DecideBody(accept=wish.accept, reject=wish.reject)
        decided = desk_of(caller.kernel).decide(wish.proposal, body, caller.actor)
        said = "The proposal is rejected" if decided.rev is None else "The proposal is carried out"
        return f"{said}; no permission was given by it", decided.model_dump(mode="json")
