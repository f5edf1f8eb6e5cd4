"""The assistant beside everything else: on a loop of its own, so that whoever asks may have one, or none."""

from __future__ import annotations

import asyncio
import json
import logging
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from contextlib import aclosing
from typing import Any, TypeVar

from opentelemetry.context import Context

from nexus_jupyter.ai import CallFact, Ledger, Router
from nexus_jupyter.assistant.assistant import Assistant, AssistantOptions
from nexus_jupyter.assistant.completing import complete
from nexus_jupyter.protocol.ai import AskBody, AskEvent, AskFailed, AssistantInfo, DecideBody, Decided, Proposal
from nexus_jupyter.protocol.errors import NexusError, RequestError, StorageError
from nexus_jupyter.protocol.identity import Actor
from nexus_jupyter.storage.private import replace
from nexus_jupyter.workspace import WorkspaceKernel

__all__ = ["AssistantDesk"]

T = TypeVar("T")
_log = logging.getLogger(__name__)
_GRACE = 5.0


class AssistantDesk:
    """Takes wishes from any thread. Its own thread and the router begin with the first.

    Parameters
    ----------
    kernel
        The workspace; it closes the desk when it closes.
    router
        Makes what asks language models.
    options
        What models are shown.
    """

    def __init__(
        self, kernel: WorkspaceKernel, router: Callable[[], Router], *, options: AssistantOptions | None = None
    ) -> None:
        self._kernel = kernel
        self._make = router
        self._options = options
        self._lock = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._router: Router | None = None
        self._assistant: Assistant | None = None
        self._closed = False

    @property
    def router(self) -> Router:
        """What asks language models."""
        with self._lock:
            if self._router is None:
                self._router = self._make()
                self._resume(self._router.ledger)
                self._router.follow(self._meter)
            return self._router

    def _meter(self, fact: CallFact) -> None:
        metrics = self._kernel.recorder.metrics
        if fact.kind == "started":
            metrics.asking(fact.model)
            return
        tokens = fact.usage.prompt_tokens, fact.usage.completion_tokens
        metrics.asked(fact.model, fact.outcome, tokens, fact.seconds, fact.first)

    def _resume(self, ledger: Ledger) -> None:
        """Go on counting where the process before this one was, and keep the count."""
        kept = self._kernel.folder.private / "model-usage.json"
        try:
            ledger.restore(json.loads(kept.read_text(encoding="utf-8")))
        except FileNotFoundError:
            pass
        except (OSError, ValueError, RequestError):
            _log.warning("%s cannot be read; what models used so far is forgotten.", kept)

        def keep() -> None:
            try:
                replace(kept, json.dumps(ledger.snapshot()))
            except (OSError, StorageError) as error:
                _log.warning("What models used cannot be kept: %s", error)

        ledger.follow(keep)

    def info(self) -> AssistantInfo:
        """Return which models may be asked; who wants to know is likely to ask one soon."""
        router = self.router
        asyncio.run_coroutine_threadsafe(router.warm(), self._running())
        return router.info()

    def ask(self, body: AskBody, actor: Actor, tell: Callable[[AskEvent], None]) -> Callable[[], None]:
        """Ask in the background; see `Desk`."""
        within = self._kernel.recorder.here()
        task = asyncio.run_coroutine_threadsafe(self._asked(body, actor, tell, within), self._running())

        def stop() -> None:
            task.cancel()

        return stop

    def decide(self, proposal: str, body: DecideBody, actor: Actor) -> Decided:
        """Carry out what a person makes of a proposal; see `Assistant.decide`."""
        return self.carry(self._assistance().decide(proposal, body, actor))

    def complete(self, prompt: str, actor: Actor, panel: str) -> Future[str]:
        """Ask for text in the background; see `complete`."""
        recorder = self._kernel.recorder
        work = complete(recorder, self.router, prompt, actor=actor, panel=panel, within=recorder.here())
        return asyncio.run_coroutine_threadsafe(work, self._running())

    def waiting(self, proposal: str, actor: Actor) -> Proposal | None:
        """Return a person's proposal, or None when there is no such one or it is decided."""
        return self._assistance().waiting(proposal, actor)

    def carry(self, work: Coroutine[Any, Any, T]) -> T:  # Any: a coroutine's own
        """Do something on the desk's loop, and wait for it."""
        return asyncio.run_coroutine_threadsafe(work, self._running()).result()

    def close(self) -> None:
        """Give up what is going on, and forget all proposals."""
        with self._lock:
            if self._closed:
                return
            self._closed, loop, thread = True, self._loop, self._thread
        if self._assistant is not None:
            self._assistant.close()
        if loop is None or thread is None:
            return
        asyncio.run_coroutine_threadsafe(self._end(), loop).result(_GRACE)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(_GRACE)

    async def _asked(self, body: AskBody, actor: Actor, tell: Callable[[AskEvent], None], within: Context) -> None:
        try:
            async with aclosing(self._assistance().ask(body, actor, within=within)) as events:
                async for event in events:
                    tell(event)
        except NexusError as error:
            # There is no assistant yet that would tell it: models are configured wrongly, for instance.
            tell(AskFailed(id="", code=error.code, message=error.message, hint=error.hint))
        except Exception:  # noqa: BLE001 - told to whoever asked, and logged
            _log.exception("The assistant failed over a wish")
            tell(AskFailed(id="", message="The assistant failed; the server's log says why. Nothing was changed."))

    def _assistance(self) -> Assistant:
        router = self.router
        with self._lock:
            if self._assistant is None:
                self._assistant = Assistant(self._kernel, router, options=self._options)
            return self._assistant

    def _running(self) -> asyncio.AbstractEventLoop:
        with self._lock:
            if self._closed:
                raise RuntimeError("The workspace is closed.")
            if self._loop is None:
                self._loop = asyncio.new_event_loop()
                self._thread = threading.Thread(target=self._loop.run_forever, name="nexus-assistant", daemon=True)
                self._thread.start()
            return self._loop

    async def _end(self) -> None:
        others = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)
        await asyncio.get_running_loop().shutdown_asyncgens()
        if self._router is not None:
            await self._router.aclose()
