"""What all REST handlers share: who is asking, may they, and how errors are told.

A request is authenticated by Jupyter (cookie, token, Hub), or by a kernel token. Each verb is decorated with `guarded`,
with the name of its request: the decorator of a base class would keep the first subclass's resource.
"""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable
from functools import wraps
from http.client import responses
from typing import Any, ClassVar, TypeVar

from jupyter_server.auth import User
from jupyter_server.base.call_context import CallContext
from jupyter_server.base.handlers import APIHandler
from pydantic import BaseModel, TypeAdapter, ValidationError
from tornado import web

from nexus_jupyter.identity import owner
from nexus_jupyter.protocol.errors import ConflictError, NexusError, PermissionDeniedError, RequestError
from nexus_jupyter.protocol.identity import Actor
from nexus_jupyter.protocol.problem import Problem
from nexus_jupyter.protocol.rights import REQUESTS, RequestName, refusal
from nexus_jupyter.server.access import NAMELESS, RESOURCE, Access
from nexus_jupyter.server.idempotency import Reply
from nexus_jupyter.server.room import ServerRoom
from nexus_jupyter.server.tokens import KernelClaims
from nexus_jupyter.workspace import WorkspaceKernel

__all__ = ["NexusHandler", "actor_of", "guarded"]

M = TypeVar("M", bound=BaseModel)
_ANY: TypeAdapter[Any] = TypeAdapter(Any)  # Any: answers are contracts, and lists and dicts of them
Verb = Callable[..., Awaitable[None]]

#: Requests of these change nothing, so they may be done as often as they are sent.
_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
#: Largest body of a JSON request, in bytes: the largest panel text, escaped, and some.
_JSON_LIMIT = 4 * 2**20
#: Digits of a number in a query string.
_DIGITS = 16


def guarded(request: RequestName) -> Callable[[Verb], Any]:  # Any: web.authenticated's own type is wider than it is
    """Let only those through who have the right that a request needs (`protocol.rights`)."""
    right = REQUESTS[request]

    def decorate(method: Verb) -> Any:  # Any: web.authenticated's own type says less than it gives
        @web.authenticated
        @wraps(method)
        async def verb(self: NexusHandler, *args: str, **kwargs: str) -> None:
            if not (self.takes_expired_tokens and self.claims) and not await self.access.may(right):
                self.problem(Problem.of(refusal(right)))
                return
            try:
                await self.answer_once(lambda: method(self, *args, **kwargs))
            except NexusError as error:
                self.problem(Problem.of(error))

        verb.__nexus_request__ = request  # type: ignore[attr-defined]  # read by the test that walks all routes
        return verb

    return decorate


class NexusHandler(APIHandler):
    """Base of the REST handlers."""

    auth_resource: ClassVar[str] = RESOURCE
    #: Whether a kernel token that has ended, and can be exchanged, is taken.
    takes_expired_tokens: ClassVar[bool] = False
    claims: KernelClaims | None = None
    _reply: Reply | None = None

    @property
    def room(self) -> ServerRoom:
        """What the extension keeps for its handlers."""
        room = self.settings["nexus"]
        assert isinstance(room, ServerRoom)
        return room

    async def prepare(self, **_kwargs: Any) -> None:
        """Authenticate by a kernel token if there is one, else as Jupyter does."""
        bearer = self.request.headers.get("Authorization", "")
        if not bearer.startswith("Bearer "):
            await super().prepare()
            return
        CallContext.set(CallContext.JUPYTER_HANDLER, self)
        if not self.check_host():
            raise web.HTTPError(403)
        tokens = self.room.tokens
        verify = tokens.verify_renewable if self.takes_expired_tokens else tokens.verify
        try:
            self.claims = verify(bearer.removeprefix("Bearer "))
        except PermissionDeniedError as error:
            self.room.authenticated("", "kernel token", accepted=False)
            self.problem(Problem.of(error))
            return
        # Browsers never send a bearer token by themselves, so there is nothing to forge: no XSRF check is needed.
        self.current_user = self._jupyter_current_user = User(username=self.claims.sub)

    @property
    def access(self) -> Access:
        """What the person may do."""
        return Access(self, self.claims)

    @property
    def actor(self) -> Actor:
        """Who is asking."""
        return actor_of(self)

    async def answer_once(self, method: Callable[[], Awaitable[None]]) -> None:
        """Answer a request; one that changes something and has a key that is known gets the answer of then."""
        request = self.request
        key = request.headers.get("Idempotency-Key")
        if key is None or request.method in _SAFE_METHODS:
            await method()
            return

        async def run() -> Reply | None:
            try:
                await method()
            except NexusError as error:
                self.problem(Problem.of(error))
            return self._reply

        asked = f"{request.method} {request.uri}\n".encode() + request.body
        again = await self.room.replies.once(self.actor.id, key, hashlib.sha256(asked).hexdigest(), run)
        if again is not None:
            self.set_status(again.status)
            self.set_header("Idempotent-Replayed", "true")
            self.finish(again.body, set_content_type=again.content_type)

    def finish(self, chunk: Any = None, *, set_content_type: str | None = None, **kwargs: Any) -> Any:
        """Send the answer, and note it for `answer_once` where it is sent as one."""
        body = chunk.encode() if isinstance(chunk, str) else chunk
        whole = isinstance(body, bytes)
        self._reply = Reply(self.get_status(), set_content_type or "application/json", body) if whole else None
        return super().finish(chunk, set_content_type=set_content_type, **kwargs)

    async def workspace(self) -> WorkspaceKernel:
        """Return the workspace that the request is about, opened if need be."""
        return await self.room.workspace(self.get_query_argument("workspace", None))

    async def work(self, task: Callable[[], Any]) -> Any:  # Any: the task's own result
        """Run something that may block, or run JavaScript, away from the event loop."""
        return await self.room.work(task)

    def body(self, model: type[M]) -> M:
        """Return the request's JSON body as a contract; raises `RequestError`."""
        value: M = self.parsed(TypeAdapter(model))
        return value

    def parsed(self, adapter: TypeAdapter[Any]) -> Any:  # Any: what the adapter says
        """Return the request's JSON body by a type adapter; raises `RequestError`."""
        if len(self.request.body) > _JSON_LIMIT:
            raise RequestError(f"The request is larger than {_JSON_LIMIT // 2**20} MB.")
        try:
            return adapter.validate_json(self.request.body or b"{}")
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(str(part) for part in first["loc"]) or "body"
            raise RequestError(f"The request cannot be understood: {where}: {first['msg']}.") from error

    def query_number(self, name: str, default: int | None = None, *, least: int = 0, most: int = 2**53) -> int | None:
        """Return a whole number of the query string; raises `RequestError`."""
        text = self.get_query_argument(name, None)
        if text is None:
            return default
        # Longer texts are no numbers that anything here counts, and would take long to read as one.
        if not text.isascii() or not text.isdecimal() or len(text) > _DIGITS or not least <= int(text) <= most:
            raise RequestError(f"{name} takes a whole number from {least} to {most}.")
        return int(text)

    def if_match(self) -> int | None:
        """Return the rev that the caller based the request on, if given."""
        text = self.request.headers.get("If-Match")
        if text is None:
            return None
        digits = text.strip('"')
        if not digits.isascii() or not digits.isdecimal() or len(digits) > _DIGITS:
            raise RequestError("If-Match takes a rev, such as 42.")
        return int(digits)

    def refuse_stale(self, kernel: WorkspaceKernel, panel: str) -> None:
        """Raise `ConflictError` if a panel was edited after the rev in If-Match."""
        rev = self.if_match()
        if rev is None or panel not in kernel.head.graph:
            return
        touched = kernel.head.graph.record(panel).touched.get("nxml", 0)
        if touched > rev:
            raise ConflictError(
                f"The panel '{panel}' was edited in rev {touched}, after the rev {rev} that this is based on.",
                hint="Read the panel again and repeat the edit.",
            )

    def reply(self, value: BaseModel | dict[str, Any] | list[Any], status: int = 200) -> None:  # Any: JSON
        """Finish with JSON."""
        self.set_status(status)
        self.finish(_ANY.dump_json(value), set_content_type="application/json")

    def problem(self, problem: Problem) -> None:
        """Finish with problem details (RFC 9457)."""
        self.set_status(problem.status)
        self.finish(problem.model_dump_json(), set_content_type="application/problem+json")

    def write_error(self, status_code: int, **kwargs: Any) -> None:  # Any: tornado's own signature
        """Tell unexpected errors as problem details too, without a traceback."""
        error = kwargs.get("exc_info", (None, None, None))[1]
        title = responses.get(status_code, "Error")
        detail = error.log_message if isinstance(error, web.HTTPError) and error.log_message else f"{title}."
        hint = "" if isinstance(error, web.HTTPError) else "The server's log says more."
        self.problem(Problem(title=title, status=status_code, detail=detail, code=f"http-{status_code}", hint=hint))

    def get_json_body(self) -> None:
        """Not used: bodies are read by `body`, against a contract."""
        raise NotImplementedError  # pragma: no cover - a guard against the untyped way


def actor_of(handler: Any) -> Actor:  # Any: REST handlers and the WebSocket share no base with a user
    """Return who a request is from.

    With Jupyter's default identity (token or password) every browser is a nameless person of its own, though all are
    the server's owner; they act under the owner's name, so that undo and history know them across pages.
    """
    claims = getattr(handler, "claims", None)
    if claims is not None:
        return Actor(id=claims.sub, name=claims.sub, kind="kernel")
    user = handler.current_user
    if type(handler.identity_provider) in NAMELESS or user is None:
        return Actor(id=owner(), name=owner())
    return Actor(id=user.username, name=user.display_name or user.username)
