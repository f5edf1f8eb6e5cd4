"""Reading a model's answer while it arrives: a change as JSON with code behind it, or the text of a new panel.

Nothing of a partial answer is ever applied: it is there to be looked at. Only `AnswerReader.finish` gives what may
become a patch, and only if the answer is whole.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from pydantic import ValidationError
from pydantic_core import from_json

from nexus_jupyter.ai.schema import Code, Insert, ModelEdit, Replace, Set, read_edit

__all__ = ["Answer", "AnswerReader", "Partial", "Unusable"]

#: What begins a change: an object whose first key is one of ours.
_OBJECT = re.compile(r'\{\s*"(?:say|ops|panel)"')
_PANEL = re.compile(r"<panel[\s>]")
_PANEL_END = re.compile(r"</panel\s*>")
#: A block after the JSON: its name is the last word of its first line.
_BLOCK = re.compile(r"^```[ \t]*(?:[\w+-]+[ \t]+)?(\w+)[ \t]*\r?\n(.*?)^```[ \t]*$", re.MULTILINE | re.DOTALL)
_REFERENCE = re.compile(r"@(\w+)")
#: Characters of an answer, and edits in it, that are looked at.
_LONGEST, _MOST_OPS = 400_000, 200


class Unusable(Exception):
    """An answer cannot become a change. ``errors`` are sentences that its author can do something about."""

    def __init__(self, errors: list[str]) -> None:
        super().__init__(errors[0] if errors else "The answer is empty.")
        self.errors = errors


@dataclass(frozen=True, slots=True)
class Partial:
    """What has arrived: a sentence, the edits that are whole, and the beginning of a new panel's text."""

    say: str = ""
    ops: list[ModelEdit] = field(default_factory=list)
    nxml: str | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole answer: edits of a panel, or the text of a new one."""

    say: str
    ops: list[ModelEdit]
    nxml: str | None = None


class AnswerReader:
    """Takes an answer piece by piece."""

    def __init__(self) -> None:
        self.text = ""
        self._json: _JsonScan | None = None
        self._panel: int | None = None

    def clear(self) -> None:
        """Forget what has arrived: another answer comes in its place."""
        self.text, self._json, self._panel = "", None, None

    def feed(self, text: str) -> None:
        """Take the next piece."""
        self.text = (self.text + text)[:_LONGEST]
        if self._json is None and self._panel is None:
            self._begin()
        if self._json is not None:
            self._json.go_on(self.text)

    def partial(self) -> Partial:
        """Return what has arrived so far; an edit that is not whole yet is not there."""
        if self._panel is not None:
            return Partial(nxml=self._panel_text())
        if self._json is None:
            return Partial()
        try:
            found = from_json(self._json.part(self.text), allow_partial="trailing-strings")
        except ValueError:
            return Partial()
        if not isinstance(found, dict):
            return Partial()
        say, ops, panel = found.get("say"), found.get("ops"), found.get("panel")
        whole = list(ops) if isinstance(ops, list) else []
        if whole and not self._json.between_edits:
            del whole[-1]
        edits: list[ModelEdit] = []
        for one in whole[:_MOST_OPS]:
            try:
                edits.append(read_edit(one))
            except ValidationError:
                break
        return Partial(say if isinstance(say, str) else "", edits, panel if isinstance(panel, str) and panel else None)

    def finish(self) -> Answer:
        """Return the answer.

        Raises
        ------
        Unusable
            If it is not whole, or has not the form that was asked for.
        """
        if self._panel is not None:
            text = self._panel_text()
            if _PANEL_END.search(text) is None:
                raise Unusable(["The panel's text is not whole: it has no </panel>."])
            said = self.text[: self._panel].partition("```")[0].strip()
            return Answer(said[:300], [], text)
        if self._json is None:
            raise Unusable(['The answer has neither a JSON object that begins with {"say": nor a <panel>.'])
        if self._json.end is None:
            raise Unusable(["The JSON object is not whole: its end is missing."])
        return self._whole(self._json.part(self.text), self.text[self._json.end :])

    def _begin(self) -> None:
        json, panel = _OBJECT.search(self.text), _PANEL.search(self.text)
        if json is not None and (panel is None or json.start() < panel.start()):
            self._json = _JsonScan(json.start())
        elif panel is not None:
            self._panel = panel.start()

    def _panel_text(self) -> str:
        text = self.text[self._panel or 0 :]
        end = _PANEL_END.search(text)
        return text[: end.end()] + "\n" if end is not None else text

    @staticmethod
    def _whole(text: str, rest: str) -> Answer:
        try:
            found = from_json(text)
        except ValueError as error:
            raise Unusable([f"The JSON cannot be read: {error}."]) from error
        unknown = sorted(found.keys() - {"say", "ops", "panel"})
        if unknown:
            raise Unusable([f"The object has only say, ops and panel, but not {', '.join(unknown)}."])
        say, ops, panel = found.get("say", ""), found.get("ops", []), found.get("panel", "")
        if not isinstance(say, str) or not isinstance(panel, str) or not isinstance(ops, list):
            raise Unusable(["say and panel are texts, and ops is a list."])
        if len(ops) > _MOST_OPS:
            raise Unusable([f"There are {len(ops)} ops; {_MOST_OPS} are allowed."])
        blocks = {match[1]: match[2] for match in _BLOCK.finditer(rest)}
        edits, errors = list[ModelEdit](), list[str]()
        for number, one in enumerate(ops, 1):
            try:
                edits.append(_resolved(read_edit(one), blocks))
            except ValidationError as error:
                errors.append(f"Op {number}: {_said(error)}")
            except Unusable as error:
                errors += [f"Op {number}: {said}" for said in error.errors]
        if errors:
            raise Unusable(errors)
        if panel and edits:
            raise Unusable(["Either ops for the panel that is there, or the text of a new one in panel; not both."])
        return Answer(say, edits, panel or None)


class _JsonScan:
    """Finds the end of an object in a text that grows, looking at each character once."""

    def __init__(self, start: int) -> None:
        self.start = start
        self.end: int | None = None
        self._at = start
        self._depth = 0
        self._string = self._escaped = False

    @property
    def between_edits(self) -> bool:
        """Whether the last edit that has begun is whole: the text is not inside of one."""
        return self._depth <= 2  # noqa: PLR2004 - the object and its list

    def part(self, text: str) -> str:
        return text[self.start : self.end]

    def go_on(self, text: str) -> None:
        for at in range(self._at, len(text)):
            if self.end is not None:
                return
            self._take(text[at], at)
            self._at = at + 1

    def _take(self, char: str, at: int) -> None:
        if self._string:
            if self._escaped:
                self._escaped = False
            elif char == "\\":
                self._escaped = True
            elif char == '"':
                self._string = False
        elif char == '"':
            self._string = True
        elif char in "{[":
            self._depth += 1
        elif char in "}]":
            self._depth -= 1
            if self._depth == 0:
                self.end = at + 1


def _resolved(edit: ModelEdit, blocks: dict[str, str]) -> ModelEdit:
    """Put a block in the place of its name."""

    def text(given: str, *, needed: bool) -> str:
        named = _REFERENCE.fullmatch(given.strip())
        if named is None:
            return given
        if named[1] in blocks:
            return blocks[named[1]].rstrip("\n")
        if needed:
            raise Unusable([f"There is no block ```{named[1]} after the JSON."])
        return given

    match edit:
        case Insert():
            return edit.model_copy(update={"nxml": text(edit.nxml, needed=True)})
        case Code():
            return edit.model_copy(update={"text": text(edit.text, needed=True)})
        case Set():
            return edit.model_copy(update={"value": text(edit.value, needed=False)})
        case Replace():
            return edit.model_copy(update={"new": text(edit.new, needed=False)})
        case _:
            return edit


def _said(error: ValidationError) -> str:
    first = error.errors()[0]
    where = ".".join(str(part) for part in first["loc"])
    return f"{where}: {first['msg']}." if where else f"{first['msg']}."
