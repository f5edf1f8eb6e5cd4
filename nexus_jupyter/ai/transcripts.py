"""Answers of models in files: recorded once, replayed without a model, the same on every machine.

A transcript is found by what was asked: the task, the request and the panel's text. What the system part told the model
about Nexus does not count, for that grows with each release, nor what else there was in the workspace at the time. It
is JSON, a line of text to a line, so that a change can be read.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import re
from collections.abc import AsyncGenerator, Iterable, Sequence
from contextlib import aclosing
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import Field, ValidationError

from nexus_jupyter.ai.failures import CREDENTIAL
from nexus_jupyter.ai.quotation import lasting
from nexus_jupyter.protocol.ai import (
    Message,
    ModelEvent,
    ModelFinished,
    ModelRequest,
    ModelStarted,
    ModelText,
    Task,
    Usage,
)
from nexus_jupyter.protocol.base import Contract, JsonValue
from nexus_jupyter.protocol.errors import ModelError

if TYPE_CHECKING:
    from nexus_jupyter.ai.router import Router

__all__ = ["Transcript", "Transcripts", "rerecord", "scrubbed"]

#: The folders of people, on any system, whoever they are.
_HOMES = re.compile(r"(?:/home/|/Users/|[A-Za-z]:\\+Users\\+)[^/\\\s\"'<>]+|/root(?=[/\s\"'<>]|$)")
_DIGITS = 16


class _Said(Contract):
    role: str
    lines: list[str]


class Transcript(Contract):
    """One exchange. ``answer`` are the pieces in which it came."""

    transcript: int = Field(default=1, ge=1, le=1)
    task: Task
    messages: list[_Said]
    answer_schema: dict[str, JsonValue] | None = None
    max_tokens: int | None = None
    temperature: float | None = None
    endpoint: str
    model: str
    usage: Usage
    cut: bool = False
    answer: list[str]

    def request(self, user: str) -> ModelRequest:
        """Return what was asked, so that it can be asked again."""
        said = [{"role": one.role, "content": "".join(one.lines)} for one in self.messages]
        return ModelRequest(
            task=self.task,
            messages=[Message.model_validate(one) for one in said],
            user=user,
            answer_schema=self.answer_schema,
            max_tokens=self.max_tokens,
            temperature=self.temperature,
        )


class Transcripts:
    """A folder of transcripts.

    Parameters
    ----------
    folder
        Where they are; it is made when one is recorded.
    record
        Keep what models answer, in the place of what was kept before; otherwise what was kept is replayed.
    secrets
        Further words that must not get into a file.
    pace
        Characters a second when replaying, for demonstrations; as fast as possible when left out.
    """

    def __init__(
        self, folder: str | Path, *, record: bool = False, secrets: Sequence[str] = (), pace: float | None = None
    ) -> None:
        self.folder = Path(folder)
        self.recording = record
        self._secrets = tuple(secret for secret in secrets if secret)
        self._pace = pace

    def all(self) -> list[Transcript]:
        """Return the transcripts of the folder, by name."""
        return [self._read(path) for path in sorted(self.folder.glob("*.json"))]

    def find(self, request: ModelRequest) -> Transcript | None:
        """Return what was answered to a request, if that is known."""
        path = self._path(request)
        return self._read(path) if path.is_file() else None

    async def replay(self, transcript: Transcript) -> AsyncGenerator[ModelEvent]:
        """Yield an answer as it came."""
        clock = asyncio.get_running_loop().time
        began, first = clock(), None
        yield ModelStarted(endpoint=transcript.endpoint, model=transcript.model)
        for piece in transcript.answer:
            await asyncio.sleep(len(piece) / self._pace if self._pace else 0)
            first = clock() - began if first is None else first
            yield ModelText(text=piece)
        yield ModelFinished(
            text="".join(transcript.answer),
            endpoint=transcript.endpoint,
            model=transcript.model,
            usage=transcript.usage,
            first=first or 0.0,
            seconds=clock() - began,
            cut=transcript.cut,
        )

    def keep(
        self, request: ModelRequest, pieces: Sequence[str], finished: ModelFinished, secrets: Iterable[str]
    ) -> Path:
        """Write an exchange without keys and without the paths of this machine; return its file."""
        hidden = (*self._secrets, *secrets)

        def said(message: Message) -> dict[str, object]:
            return {"role": message.role, "lines": scrubbed(message.content, hidden).splitlines(keepends=True)}

        transcript = Transcript.model_validate(
            {
                "task": request.task,
                "messages": [said(message) for message in request.messages],
                "answer_schema": request.answer_schema,
                "max_tokens": request.max_tokens,
                "temperature": request.temperature,
                "endpoint": finished.endpoint,
                "model": finished.model,
                "usage": finished.usage,
                "cut": finished.cut,
                "answer": _scrubbed_pieces(pieces, hidden),
            }
        )
        path = self._path(request)
        self.folder.mkdir(parents=True, exist_ok=True)
        given = {name: value for name, value in transcript.model_dump(mode="json").items() if value is not None}
        text = json.dumps(given, indent=1, ensure_ascii=False)
        path.write_text(text + "\n", encoding="utf-8", newline="\n")
        return path

    def _path(self, request: ModelRequest) -> Path:
        said = [
            [message.role, lasting(scrubbed(message.content))]
            for message in request.messages
            if message.role != "system"
        ]
        digest = hashlib.sha256(json.dumps([request.task, said], ensure_ascii=False).encode("utf-8", "surrogatepass"))
        return self.folder / f"{request.task}-{digest.hexdigest()[:_DIGITS]}.json"

    def _read(self, path: Path) -> Transcript:
        try:
            return Transcript.model_validate_json(path.read_bytes())
        except (OSError, ValidationError) as error:
            raise ModelError(f"The transcript {path.name} cannot be read.", hint="Record it again.") from error


def scrubbed(text: str, secrets: Iterable[str] = ()) -> str:
    """Return a text without secrets, things that look like keys, and paths that tell whose machine it was."""
    for secret in secrets:
        text = text.replace(secret, "[key]")
    text = CREDENTIAL.sub("[key]", text)
    for path in sorted({str(Path.cwd()), str(Path.home())}, key=len, reverse=True):
        if len(path) > 1:
            text = re.sub(re.escape(path) + r"(?![\w.-])", "~", text)
    return _HOMES.sub("~", text)


def _scrubbed_pieces(pieces: Sequence[str], secrets: Sequence[str]) -> list[str]:
    whole = "".join(pieces)
    clean = scrubbed(whole, secrets)
    if clean == whole:
        return list(pieces)
    # What is left out may have come in several pieces, so the text is parted anew.
    parted, at = [], 0
    for piece in pieces:
        parted.append(clean[at : at + len(piece)])
        at += len(piece)
    return [piece for piece in [*parted, clean[at:]] if piece]


async def rerecord(folder: str | Path, router: Router, *, user: str = "recorder") -> int:
    """Ask everything in a folder again and keep the new answers; return how many there are.

    Parameters
    ----------
    router
        One with endpoints and ``transcripts=Transcripts(folder, record=True)``.
    """
    asked = 0
    for transcript in Transcripts(folder).all():
        async with aclosing(router.stream(transcript.request(user))) as events:
            async for _ in events:
                pass
        asked += 1
    return asked
