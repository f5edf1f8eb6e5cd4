"""A workspace behind a Jupyter server, reached with the kernel's own narrow token."""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any, TypeVar
from urllib.parse import quote

import httpx
import pyarrow as pa
from pydantic import BaseModel, TypeAdapter, ValidationError

from nexus_jupyter.notebook.ai_host import AiHost, RemoteAi
from nexus_jupyter.notebook.exposed import ExposedFunctions, current_call
from nexus_jupyter.notebook.graphs_host import RemoteGraphs
from nexus_jupyter.notebook.host import ChangeListener
from nexus_jupyter.notebook.listener import RemoteListener
from nexus_jupyter.notebook.trilog_host import RemoteTriLog, TriLogHost
from nexus_jupyter.notebook.upkeep_host import RemoteUpkeep, UpkeepHost
from nexus_jupyter.notebook.versions_host import RemoteVersions, VersionsHost
from nexus_jupyter.protocol.api import (
    CountInfo,
    DashboardBody,
    ExportInfo,
    PanelInfo,
    ReplayInfo,
    RevInfo,
    RunInfo,
    TextInfo,
    ValuesInfo,
)
from nexus_jupyter.protocol.base import JsonValue
from nexus_jupyter.protocol.capability import Grant
from nexus_jupyter.protocol.errors import (
    ConflictError,
    FrameError,
    HandlerError,
    HistoryError,
    NexusError,
    NotFoundError,
    NXMLError,
    PatchError,
    PermissionDeniedError,
    QuotaError,
    RequestError,
    StateError,
    StorageError,
    TokenExpiredError,
    TriLogError,
    UnavailableError,
)
from nexus_jupyter.protocol.panel import Build
from nexus_jupyter.protocol.patch import Change, Patch
from nexus_jupyter.protocol.problem import Problem
from nexus_jupyter.protocol.run import RunRecord
from nexus_jupyter.protocol.trilog import TriLogQuestion
from nexus_jupyter.route import Route, hint_of, is_distrust

__all__ = ["RemoteHost", "raise_problem"]

M = TypeVar("M", bound=BaseModel)
T = TypeVar("T")

_ERRORS: dict[str, type[NexusError]] = {
    error.code: error
    for error in (
        ConflictError,
        FrameError,
        HistoryError,
        NotFoundError,
        PermissionDeniedError,
        QuotaError,
        RequestError,
        StateError,
        StorageError,
        TokenExpiredError,
        TriLogError,
        UnavailableError,
    )
}
#: Seconds; a handler may use 5 s of CPU and wait for others before it.
_TIMEOUT = 120.0
_RENEW_AFTER = 1800.0
_API = "/nexus/api/"


class RemoteHost:
    """Calls the server extension over HTTP.

    Parameters
    ----------
    route
        The way to the server.
    token
        The kernel token; renewed while it is used.
    workspace
        Name of the workspace; the server's default when left out.
    """

    kind = "server"

    def __init__(self, route: Route, token: str, *, workspace: str | None = None) -> None:
        self._route = route
        self._url = f"{self._route.url}{_API}"
        self._token = token
        self._renewed = time.monotonic()
        self._lock = threading.Lock()
        self._renewing = threading.Lock()
        self._params = {"workspace": workspace} if workspace else {}
        self._client = self._route.client(_API, timeout=_TIMEOUT)
        self.graphs = RemoteGraphs(lambda method, path, **options: self._call(method, path, **options).content)
        self.upkeep: UpkeepHost = RemoteUpkeep(self._call)
        self.trilog: TriLogHost = RemoteTriLog(self._call)
        self.ai: AiHost = RemoteAi(self._call, self._streamed)
        self._listener: RemoteListener | None = None
        self._exposed: ExposedFunctions | None = None
        self._waiting = ThreadPoolExecutor(max_workers=4, thread_name_prefix="nexus-waiting")
        self.description = f"in the Jupyter server at {route.unix or route.url}"
        self.versions: VersionsHost = RemoteVersions(self._ask)
        self._name = str(self._json("GET", "workspaces")[0]["name"])

    @property
    def name(self) -> str:
        """The workspace's name."""
        return self._name

    @property
    def closed(self) -> bool:
        """Whether the connections were closed."""
        return self._client.is_closed

    def panels(self) -> list[str]:
        """Return the names of all panels."""
        return [str(name) for name in self._json("GET", "workspaces")[0]["panels"]]

    def panel(self, name: str) -> PanelInfo:
        """Return a panel."""
        return self._get(PanelInfo, f"panels/{_part(name)}")

    def values(self, name: str) -> ValuesInfo:
        """Return the values that a panel's expressions read."""
        return self._serve(lambda: self._get(ValuesInfo, f"panels/{_part(name)}/values"))

    def rows(self, name: str, query: str) -> pa.Table:
        """Return all rows of a panel's query or frame."""
        answer = self._serve(lambda: self._ask("GET", f"panels/{_part(name)}/rows", query={"query": query}))
        return pa.ipc.open_stream(answer.content).read_all()

    def build(self, name: str) -> Build:
        """Return the build of a panel's text."""
        return self._get(Build, f"panels/{_part(name)}/build")

    def put_panel(self, name: str, nxml: str, *, via: str) -> PanelInfo:
        """Create or replace a panel."""
        return self._send(PanelInfo, "PUT", f"panels/{_part(name)}", {"nxml": nxml, "via": via})

    def put_dashboard(self, name: str, wish: DashboardBody) -> PanelInfo:
        """Make a panel that shows a bound frame."""
        return self._send(PanelInfo, "POST", f"panels/{_part(name)}/dashboard", wish.model_dump(mode="json"))

    def export_html(self, names: list[str], title: str | None, beside: str) -> ExportInfo:
        """Return panels as one page."""
        body: dict[str, JsonValue] = {"panels": list(names), "title": title, "beside": beside}
        return self._send(ExportInfo, "POST", "workspace/export", body)

    def table(self, name: str) -> pa.Table:
        """Return all rows of a bound frame."""
        return pa.ipc.open_stream(self._call("GET", f"frames/{_part(name)}").content).read_all()

    def draft(self, name: str, nxml: str | None) -> None:
        """Show a text that is still arriving."""
        self._send(RevInfo, "POST", f"panels/{_part(name)}/draft", {"nxml": nxml})

    def delete(self, name: str) -> RevInfo:
        """Delete a panel."""
        return self._send(RevInfo, "DELETE", f"panels/{_part(name)}", None)

    def set_state(self, name: str, values: Mapping[str, JsonValue]) -> RevInfo:
        """Set states of a panel."""
        body: dict[str, JsonValue] = {"values": dict(values), "call": current_call()}
        return self._send(RevInfo, "PUT", f"panels/{_part(name)}/state", body)

    def run(self, name: str, action: str, args: Sequence[JsonValue] | Mapping[str, JsonValue]) -> RunRecord:
        """Run an action."""
        given = dict(args) if isinstance(args, Mapping) else list(args)
        path = f"panels/{_part(name)}/run/{_part(action)}"
        return self._serve(lambda: self._send(RunRecord, "POST", path, {"args": given}))

    def edit(self, name: str, patch: Patch | str) -> RevInfo:
        """Apply a patch; text is the XML form."""
        form = {"xml": patch} if isinstance(patch, str) else {"patch": patch.model_dump(mode="json")}
        return self._send(RevInfo, "POST", "patch/apply", {"panel": name, **form})

    def undo(self, name: str, *, redo: bool) -> RevInfo:
        """Undo or redo."""
        return self._send(RevInfo, "POST", f"panels/{_part(name)}/undo", {"redo": redo})

    def grant(self, panel: str, cap: str, target: str | None, seconds: float | None) -> Grant:
        """Allow a panel something."""
        body = {"panel": panel, "cap": cap, "target": target, "seconds": seconds}
        return self._send(Grant, "POST", "grants", body)

    def revoke(self, panel: str, cap: str | None, target: str | None) -> int:
        """Take back what a panel was allowed."""
        return self._send(CountInfo, "DELETE", "grants", {"panel": panel, "cap": cap, "target": target}).count

    def grants(self) -> list[Grant]:
        """Return all grants there ever were."""
        return TypeAdapter(list[Grant]).validate_json(self._call("GET", "grants").content)

    def runs(self) -> list[RunInfo]:
        """Return the newest recorded runs."""
        return TypeAdapter(list[RunInfo]).validate_json(self._call("GET", "runs").content)

    def replay(self, run: str) -> ReplayInfo:
        """Run a recorded run again."""
        return self._send(ReplayInfo, "POST", f"runs/{_part(run)}/replay", {})

    def expose(self, exposed: ExposedFunctions) -> None:
        """Offer functions of this process to panels."""
        self._exposed = exposed
        self._ear().expose(exposed)

    def html(self, name: str) -> str:
        """Return the panel as static HTML."""
        return self._get(TextInfo, f"panels/{_part(name)}/html").text

    def bind(self, name: str, table: pa.Table) -> RevInfo:
        """Bind a frame."""
        sink = pa.BufferOutputStream()
        with pa.ipc.new_stream(sink, table.schema) as writer:
            writer.write_table(table)
        answer = self._call("PUT", f"frames/{_part(name)}", content=bytes(sink.getvalue()))
        return RevInfo.model_validate_json(answer.content)

    def changes(self) -> list[Change]:
        """Return the journal."""
        return TypeAdapter(list[Change]).validate_json(self._call("GET", "workspace/journal").content)

    def journal(self) -> pa.Table:
        """Return the journal as a table, without ops."""
        return pa.ipc.open_stream(self._call("GET", "workspace/journal/table").content).read_all()

    def ask(self, question: TriLogQuestion) -> pa.Table:
        """Ask TriLog."""
        return self.trilog.ask(question)

    def listen(self, panel: str, listener: ChangeListener) -> Callable[[], None]:
        """Be told of a panel's changes; returns what ends it."""
        return self._ear().add(panel, listener)

    def check(self, nxml: str) -> Build:
        """Check a text."""
        return self._send(Build, "POST", "check", {"nxml": nxml})

    def components(self) -> list[dict[str, Any]]:  # Any: a table's cells
        """Return the component registry."""
        return list(self._json("GET", "components"))

    def close(self) -> None:
        """Close the connections; the workspace stays open in the server."""
        if self._listener is not None:
            self._listener.close()
        self._waiting.shutdown(wait=False)
        self._client.close()

    def _serve(self, ask: Callable[[], T]) -> T:
        """Ask for what may call functions of this very process: serve them while the server works."""
        return ask() if self._exposed is None else self._exposed.serve(self._waiting.submit(ask))

    def _ear(self) -> RemoteListener:
        with self._lock:
            if self._listener is None:
                self._listener = RemoteListener(self._route, f"{_API}stream", self._present_token)
            return self._listener

    def _present_token(self) -> str:
        """Return a token that is valid now."""
        self._call("GET", "health")
        return self._token

    def _get(self, model: type[M], path: str) -> M:
        return model.model_validate_json(self._call("GET", path).content)

    def _send(self, model: type[M], method: str, path: str, body: Any) -> M:  # Any: JSON
        return model.model_validate_json(self._call(method, path, json=body).content)

    def _json(self, method: str, path: str) -> Any:  # Any: JSON
        return self._call(method, path).json()

    def _ask(
        self, method: str, path: str, *, query: dict[str, str] | None = None, body: dict[str, JsonValue] | None = None
    ) -> httpx.Response:
        return self._call(method, path, json=body, params={**self._params, **(query or {})})

    def _call(self, method: str, path: str, **kwargs: Any) -> httpx.Response:  # Any: httpx's own options
        self._renew()
        used = self._token
        try:
            return self._exchange(method, path, **kwargs)
        except TokenExpiredError:
            # This kernel, or the machine, stood still for longer than a token is valid.
            self._exchange_token(used)
        return self._exchange(method, path, **kwargs)

    def _exchange(self, method: str, path: str, **kwargs: Any) -> httpx.Response:  # Any: httpx's own options
        # With a key a request whose answer was lost can be sent again: it is done once.
        headers = {"Authorization": f"Bearer {self._token}", "Idempotency-Key": uuid.uuid4().hex}
        params = {**self._params, **kwargs.pop("params", {})}
        request = {"headers": headers, "params": params, **kwargs}
        try:
            try:
                answer = self._client.request(method, path, **request)
            except (httpx.RemoteProtocolError, httpx.ReadError, httpx.WriteError, httpx.ConnectError) as error:
                if isinstance(error, httpx.ConnectError):
                    self._renew_certificate(error)
                answer = self._client.request(method, path, **request)
        except httpx.HTTPError as error:
            raise UnavailableError(
                f"The Jupyter server cannot be reached at {self._url}: {error}.", hint=hint_of(error)
            ) from error
        if answer.is_error:
            raise_problem(answer)
        return answer

    @contextmanager
    def _streamed(self, method: str, path: str, **kwargs: Any) -> Iterator[httpx.Response]:  # Any: as above
        """Make a request whose answer comes little by little."""
        self._call("GET", "health")  # renews the token where it has to be
        headers = {"Authorization": f"Bearer {self._token}"}
        try:
            with self._client.stream(method, path, headers=headers, params=self._params, **kwargs) as answer:
                if answer.is_error:
                    answer.read()
                    raise_problem(answer)
                yield answer
        except httpx.HTTPError as error:
            raise UnavailableError(
                f"The connection to the Jupyter server at {self._url} ended: {error}.",
                hint="Nothing was changed; ask again.",
            ) from error

    def _renew_certificate(self, error: httpx.ConnectError) -> None:
        """Read the server's certificate again, for it may have been renewed; raises if that is not what is wrong."""
        if not self._route.certfile or not is_distrust(error):
            raise error
        former, self._client = self._client, self._route.client(_API, timeout=_TIMEOUT)
        former.close()

    def _renew(self) -> None:
        """Exchange the token before it ends, if it is not new."""
        if time.monotonic() - self._renewed >= _RENEW_AFTER:
            self._exchange_token(self._token)

    def _exchange_token(self, used: str) -> None:
        """Exchange a token that was used for a new one, unless another thread has."""
        with self._renewing:
            if self._token == used:
                answer = self._exchange("POST", "auth/refresh", json={})
                self._token = TextInfo.model_validate_json(answer.content).text
                self._renewed = time.monotonic()


def _part(name: str) -> str:
    return quote(name, safe="")


def raise_problem(answer: httpx.Response) -> None:
    """Raise the error that an answer tells of.

    Raises
    ------
    NexusError
        Of the class that the server raised, with the same attributes.
    """
    try:
        problem = Problem.model_validate_json(answer.content)
    except ValidationError as error:
        raise UnavailableError(
            f"The Jupyter server answered {answer.status_code} {answer.reason_phrase}.",
            hint="Is the Nexus extension enabled there? `nexus doctor` tells.",
        ) from error
    told = _error_of(problem)
    told.trace_id = problem.trace_id
    raise told


def _error_of(problem: Problem) -> NexusError:
    if problem.code == HandlerError.code:
        return HandlerError(problem.detail, kind=problem.kind or "threw", span=problem.span, hint=problem.hint)
    if problem.code == NXMLError.code:
        return NXMLError(problem.detail, diagnostics=problem.diagnostics, hint=problem.hint)
    if problem.code == PatchError.code:
        return PatchError(problem.detail, index=problem.index, diagnostics=problem.diagnostics, hint=problem.hint)
    return _ERRORS.get(problem.code, NexusError)(problem.detail, hint=problem.hint)
