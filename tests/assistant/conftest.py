"""The assistant over a real workspace and a real router, which asks a server on loopback that answers by script."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import pytest

from nexus_jupyter.ai import Router
from nexus_jupyter.assistant import Assistant, AssistantOptions
from nexus_jupyter.protocol.ai import AskBody, AskEvent, AskFailed, DecideBody, Decided, Proposal
from nexus_jupyter.protocol.identity import Actor
from nexus_jupyter.workspace import WorkspaceKernel
from tests.ai.scripted import Scripted, Step, scripted

T = TypeVar("T")
ANN = Actor(id="ann", name="Ann")
BOARD = """<panel xmlns="urn:nexus:nxml:1" id="board" title="Board">
  <view>
    <column id="c">
      <metric id="kpi" label="Count" value="{n}"/>
      <text id="note">A note</text>
      <button id="go" label="Go" on:press="add(1)"/>
    </column>
  </view>
  <data><state name="n" type="int" default="0"/></data>
  <logic><action name="add" params="by: int">state.n += by;</action></logic>
</panel>
"""


def run(task: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine on a thread of its own: a browser's driver may keep a loop on this one."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, task).result()


def change(*ops: dict[str, str], say: str = "Done.") -> str:
    return json.dumps({"say": say, "ops": list(ops)})


def set_(node: str, attr: str, value: str) -> dict[str, str]:
    return {"op": "set", "id": node, "attr": attr, "value": value}


def insert(at: str, nxml: str, where: str = "into") -> dict[str, str]:
    return {"op": "insert", "where": where, "at": at, "nxml": nxml}


class Talk:
    """One conversation: what the models will answer, and what came of each wish."""

    def __init__(self, kernel: WorkspaceKernel, server: Scripted, assistant: Assistant, router: Router) -> None:
        self.kernel, self.server, self.assistant, self.router = kernel, server, assistant, router
        self.events: list[AskEvent] = []

    async def ask(self, text: str = "Change it", who: Actor = ANN, **given: Any) -> AskEvent:
        self.events = [event async for event in self.assistant.ask(AskBody(text=text, **given), who)]
        return self.events[-1]

    async def proposal(self, text: str = "Change it", who: Actor = ANN, **given: Any) -> Proposal:
        event = await self.ask(text, who, **given)
        assert isinstance(event, Proposal), event
        return event

    async def failure(self, text: str = "Change it", who: Actor = ANN, **given: Any) -> AskFailed:
        event = await self.ask(text, who, **given)
        assert isinstance(event, AskFailed), event
        return event

    async def accept(self, proposal: Proposal, *ops: int, who: Actor = ANN) -> Decided:
        return await self.assistant.decide(proposal.id, DecideBody(accept=list(ops) or None), who)

    def of(self, kind: type[T]) -> list[T]:
        return [event for event in self.events if isinstance(event, kind)]


Conversation = Callable[[Talk], Awaitable[None]]


@pytest.fixture
def talk(kernel: WorkspaceKernel) -> Callable[..., None]:
    """Have a conversation with models that answer by script, one step for each request."""

    def have(
        conversation: Conversation,
        *steps: Step | str,
        endpoints: int = 1,
        options: AssistantOptions | None = None,
        **fields: Any,
    ) -> None:
        async def go() -> None:
            made = [Step(text=one) if isinstance(one, str) else one for one in steps]
            async with scripted(*made) as server:
                router = Router(
                    [
                        server.endpoint(f"model-{number}", abilities=["json_schema", "usage"], **fields)
                        for number in range(1, endpoints + 1)
                    ]
                )
                assistant = Assistant(kernel, router, options=options)
                try:
                    await conversation(Talk(kernel, server, assistant, router))
                finally:
                    assistant.close()
                    await router.aclose()

        run(go())

    return have
