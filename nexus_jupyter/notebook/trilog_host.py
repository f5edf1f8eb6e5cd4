"""TriLog as the notebook reaches it: in this process, or behind a server."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

import pyarrow as pa

from nexus_jupyter.protocol.alerts import AlertRule, AlertState
from nexus_jupyter.protocol.api import RevInfo
from nexus_jupyter.protocol.identity import Actor
from nexus_jupyter.protocol.trilog import TriLogCommand, TriLogQuestion

if TYPE_CHECKING:
    import httpx

    from nexus_jupyter.trilog import TriLog
    from nexus_jupyter.workspace import WorkspaceKernel
    from nexus_jupyter.workspace.alerting import Alerts

__all__ = ["LocalTriLog", "RemoteTriLog", "TriLogHost"]


class TriLogHost(Protocol):
    """Answers questions about the past, and takes what is recorded."""

    def ask(self, question: TriLogQuestion) -> pa.Table:
        """Answer a question."""

    def carry_out(self, command: TriLogCommand) -> None:
        """Register, record, forget or drop."""

    def flush(self) -> int:
        """Return when everything acknowledged can be asked for, with the rev of the newest change."""

    def alerts(self, rule: AlertRule | None = None) -> AlertState:
        """Return rule and newest alerts, after the rule was set if one is given."""

    def look(self) -> AlertState:
        """Look for alerts at once."""


class LocalTriLog:
    """TriLog of a workspace in this process.

    Parameters
    ----------
    kernel
        The workspace.
    actor
        Who records.
    """

    def __init__(self, kernel: WorkspaceKernel, actor: Actor) -> None:
        self._kernel = kernel
        self._actor = actor

    @property
    def _trilog(self) -> TriLog:
        self._kernel.opening.check()
        return self._kernel.trilog

    @property
    def _alerts(self) -> Alerts:
        self._kernel.opening.check()
        return self._kernel.alerts

    def ask(self, question: TriLogQuestion) -> pa.Table:
        """Answer a question."""
        return self._trilog.ask(question)

    def carry_out(self, command: TriLogCommand) -> None:
        """Register, record, forget or drop."""
        self._trilog.carry_out(command, self._actor)

    def flush(self) -> int:
        """Return when everything acknowledged can be asked for."""
        return self._trilog.flush()

    def alerts(self, rule: AlertRule | None = None) -> AlertState:
        """Return rule and newest alerts."""
        return self._alerts.state() if rule is None else self._alerts.watch(rule)

    def look(self) -> AlertState:
        """Look for alerts at once."""
        self._alerts.check()
        return self._alerts.state()


class RemoteTriLog:
    """TriLog behind a server, by its REST calls.

    Parameters
    ----------
    call
        Makes a request: method, path, and httpx's options.
    """

    def __init__(self, call: Callable[..., httpx.Response]) -> None:
        self._call = call

    def ask(self, question: TriLogQuestion) -> pa.Table:
        """Answer a question."""
        answer = self._call("POST", "trilog/query", json=question.model_dump(mode="json"))
        return pa.ipc.open_stream(answer.content).read_all()

    def carry_out(self, command: TriLogCommand) -> None:
        """Register, record, forget or drop."""
        self._call("POST", "trilog/command", json=command.model_dump(mode="json"))

    def flush(self) -> int:
        """Return when everything acknowledged can be asked for."""
        return RevInfo.model_validate_json(self._call("POST", "trilog/flush", json={}).content).rev

    def alerts(self, rule: AlertRule | None = None) -> AlertState:
        """Return rule and newest alerts."""
        given = {} if rule is None else {"json": rule.model_dump(mode="json")}
        answer = self._call("GET" if rule is None else "PUT", "trilog/alerts", **given)
        return AlertState.model_validate_json(answer.content)

    def look(self) -> AlertState:
        """Look for alerts at once."""
        return AlertState.model_validate_json(self._call("POST", "trilog/alerts", json={}).content)
