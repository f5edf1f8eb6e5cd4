"""The one exception tree: each error has a stable code, a sentence, and a hint on what to do."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from nexus_jupyter.protocol.base import well_formed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nexus_jupyter.protocol.diagnostics import Diagnostic, Span

__all__ = [
    "ConflictError",
    "EngineError",
    "FrameError",
    "HandlerError",
    "HistoryError",
    "ModelError",
    "NXMLError",
    "NexusError",
    "NotFoundError",
    "PatchError",
    "PermissionDeniedError",
    "QuotaError",
    "RequestError",
    "StateError",
    "StorageError",
    "TokenExpiredError",
    "TriLogError",
    "UnavailableError",
]


class NexusError(Exception):
    """Base of all errors that Nexus raises on purpose.

    Parameters
    ----------
    message
        What happened, in one sentence.
    hint
        What the person can do about it; empty when the message says it all.
    """

    code: ClassVar[str] = "nexus"
    #: HTTP status used when the error crosses the REST border.
    status: ClassVar[int] = 400

    def __init__(self, message: str, *, hint: str = "") -> None:
        self.message = well_formed(message)
        self.hint = well_formed(hint)
        super().__init__(self.message)
        #: The OpenTelemetry trace of what failed, if it was recorded; ``ws.trilog.cause(error)`` follows it.
        self.trace_id = ""

    def __str__(self) -> str:
        return f"{self.message}\n{self.hint}" if self.hint else self.message


class RequestError(NexusError):
    """The caller's request is not of the form that the call takes."""

    code = "request"


class NotFoundError(NexusError, KeyError):
    """A panel, action, state, frame or version of that name does not exist."""

    code = "not-found"
    status = 404

    __str__ = NexusError.__str__


class PermissionDeniedError(NexusError):
    """The caller may not do this."""

    code = "denied"
    status = 403


class TokenExpiredError(PermissionDeniedError):
    """The caller's token was valid and has ended; it can be exchanged for a new one."""

    code = "token-expired"


class NXMLError(NexusError):
    """A panel's text has errors, so it was not taken over."""

    code = "nxml"
    status = 422

    def __init__(self, message: str, *, diagnostics: Sequence[Diagnostic] = (), hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.diagnostics = list(diagnostics)


class PatchError(NexusError):
    """A patch could not be applied; nothing was changed.

    ``index`` is the position of the offending op, or ``None`` when the patch as a whole is at fault.
    """

    code = "patch"
    status = 422

    def __init__(
        self,
        message: str,
        *,
        index: int | None = None,
        diagnostics: Sequence[Diagnostic] = (),
        hint: str = "",
    ) -> None:
        super().__init__(message, hint=hint)
        self.index = index
        self.diagnostics = list(diagnostics)


class ConflictError(NexusError):
    """What the change was based on has been changed by somebody else since."""

    code = "conflict"
    status = 409


class StateError(NexusError, TypeError):
    """A value does not fit the declared type of the state it was meant for."""

    code = "state"
    status = 422

    __str__ = NexusError.__str__


class HandlerError(NexusError):
    """An action of a panel failed; the state is as it was before.

    ``kind`` is one of ``threw``, ``timeout``, ``memory``, ``stack``, ``denied``, ``output``, ``never``, ``cancelled``,
    ``busy``;
    ``span`` points into the panel's NXML.
    """

    code = "handler"
    status = 422

    def __init__(self, message: str, *, kind: str = "threw", span: Span | None = None, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.kind = kind
        self.span = span


class EngineError(NexusError):
    """The JavaScript engine itself could not do its work."""

    code = "engine"
    status = 500


class StorageError(NexusError):
    """The journal could not be read or written; what was acknowledged before is safe."""

    code = "storage"
    status = 507


class QuotaError(NexusError):
    """There is too much of something already, or it changes too fast."""

    code = "quota"
    status = 429


class HistoryError(NexusError):
    """Git could not do what was asked."""

    code = "history"
    status = 409


class FrameError(NexusError):
    """A DataFrame is missing, or a query on it cannot be answered."""

    code = "frame"
    status = 422


class TriLogError(NexusError):
    """The history database cannot answer."""

    code = "trilog"
    status = 422


class ModelError(NexusError):
    """No language model gave a usable answer. Nothing was changed."""

    code = "model"
    status = 502


class UnavailableError(NexusError):
    """Something optional that this call needs is not installed or not running."""

    code = "unavailable"
    status = 503
