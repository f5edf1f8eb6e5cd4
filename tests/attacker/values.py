"""Values by a JSON schema, half of them as they should be, half of them spoiled."""

from __future__ import annotations

import base64
import json
import random
import string
from collections.abc import Callable, Iterator
from typing import Any

from tests.attacker.people import PEOPLE
from tests.attacker.world import World, damaged, misshapen, programs

__all__ = ["PROGRAMS", "Maker"]

_DAMAGED, PROGRAMS = damaged(), programs()
_DEEPEST = 6
#: Names that mean something to a language or a system.
_NAMES = (
    "__proto__", "constructor", "prototype", "toString", "hasOwnProperty", "__class__", "__init__", "valueOf", "then", "",
    ".", "..", ".nexus", ".git", ".git/config", ".nexus/journal.db", "con", "a/b", "a\\b", "a%2fb", "a\0b", "\ud800", "😀"[:1],
    "é" * 100, "x" * 300, "null", "undefined", "NaN", "-1", "0", "1e999", "true", "action.add", "state.count", "*", "%",
)  # fmt: skip
_TEXTS = (
    "'; DROP TABLE journal; --", '" OR 1=1 --', "${7*7}", "{{7*7}}", "{count}", "<script>alert(1)</script>", "</script>",
    "javascript:alert(1)", "data:text/html,x", "file:///etc/passwd", "%00", "\r\nX-Injected: 1", "\x00\x01\x02", "\udc00\ud800",
    "--upload-pack=id", "-c core.pager=id", "$(id)", "`id`", "| id", "ext::sh -c id", "\u202eabc", "=cmd|'/c x'!A1",
)  # fmt: skip
_NUMBERS: tuple[Any, ...] = (
    -1, 0, 1, 2**31, 2**53, 2**63, 2**64, -(2**63), 10**30, 1.5, -0.0, 1e308, float("nan"), float("inf"), float("-inf"), True,
)  # fmt: skip


class Maker:
    """Makes messages.

    Parameters
    ----------
    chance
        Decides; the same seed gives the same messages.
    world
        What has names.
    """

    def __init__(self, chance: random.Random, world: World) -> None:
        self.chance = chance
        self.world = world
        #: The panel that the present message is about.
        self.panel = "till"
        self._number = 0

    def begin(self) -> None:
        """Choose what the next message is about."""
        self.panel = self.chance.choice(self.world.panels)

    def id(self) -> str:
        """Return a fresh id of a request."""
        self._number += 1
        return f"q{self._number}"

    def of(self, schema: dict[str, Any], defs: dict[str, Any], name: str = "", depth: int = 0) -> Any:
        """Return a value that a schema allows, with names that there are."""
        if "$ref" in schema:
            return self.of(defs.get(schema["$ref"].rpartition("/")[2], {}), defs, name, depth)
        if "const" in schema:
            return schema["const"]
        if "enum" in schema:
            return self.chance.choice(schema["enum"])
        for some in ("anyOf", "oneOf"):
            if some in schema:
                kinds = (
                    [one for one in schema[some] if one.get("type") != "null"]
                    if depth < _DEEPEST
                    else schema[some][-1:]
                )
                return (
                    None
                    if len(kinds) < len(schema[some]) and self.chance.random() < 0.4
                    else self.of(self.chance.choice(kinds or schema[some]), defs, name, depth)
                )
        match schema.get("type"):
            case "object":
                return self._object(schema, defs, name, depth)
            case "array":
                most = min(int(schema.get("maxItems", 3)), 3) if depth < _DEEPEST else 0
                return [
                    self.of(schema.get("items", {}), defs, name, depth + 1) for _ in range(self.chance.randint(0, most))
                ]
            case "string":
                return self._string(schema, name)
            case "integer":
                return self._integer(schema, name)
            case "number":
                return round(
                    self.chance.uniform(
                        float(schema.get("minimum", schema.get("exclusiveMinimum", 0))),
                        min(float(schema.get("maximum", 100)), 1e6),
                    ),
                    3,
                )
            case "boolean":
                return self.chance.random() < 0.5
            case "null":
                return None
        return self._any(name, depth)

    def spoiled(self, value: Any) -> Any:
        """Return a value with one to three things in it that are not as they should be."""
        holder = [json.loads(json.dumps(value, allow_nan=True))]
        for _ in range(self.chance.randint(1, 3)):
            places = list(_places(holder))
            inside, key = self.chance.choice(places)
            match self.chance.randrange(8):
                case 0 if isinstance(inside, dict):
                    del inside[key]
                case 1 if isinstance(inside, dict):
                    inside[self.chance.choice(_NAMES)] = inside[key]
                case 2:
                    inside[key] = [inside[key]]
                case 3:
                    inside[key] = self.deep()
                case _:
                    inside[key] = self.hostile()
        return holder[0]

    def hostile(self) -> Any:
        """Return something that is seldom expected."""
        chance = self.chance
        match chance.randrange(9):
            case 0:
                return chance.choice(_NUMBERS)
            case 1:
                return chance.choice([None, [], {}, True, "", [[]], {"": None}, {"__proto__": {"x": 1}}])
            case 2:
                return chance.choice(
                    [
                        "x" * 5000,
                        "é" * 5000,
                        "\ud800" * 100,
                        "9" * 5000,
                        "x" * 2_000_000 if chance.random() < 0.05 else "y",
                    ]
                )
            case 3:
                return chance.choice(PEOPLE).name
            case 4:
                return self.path()
            case 5:
                return f"http://127.0.0.1:{self.world.canary}/{chance.choice(_NAMES)}"
            case 6:
                return {chance.choice(_NAMES): chance.choice(_TEXTS) for _ in range(3)}
            case 7:
                return chance.choice(_TEXTS)
            case _:
                return chance.choice(_NAMES)

    def deep(self) -> Any:
        """Return something that is nested far."""
        value: Any = 1
        for _ in range(self.chance.choice([20, 120, 400])):
            value = [value] if self.chance.random() < 0.5 else {"a": value}
        return value

    def path(self) -> str:
        """Return a path that leads somewhere else, if it is followed."""
        file = self.chance.choice(self.world.files)
        short = file.rpartition("/")[2]
        up = "../" * self.chance.randint(1, 5)
        return self.chance.choice([file, f"{up}{short}", f"a/{up}{short}", f"/{up}{short}", f"{up}{short}".replace("/", "%2f"),
                                   f"..\\..\\{short}", f"file://{file}", f"{up}{short}.png", f"{up}{short}\0.png", f"link/{short}",
                                   "../.nexus/journal.db", "../panels/till.nxml", "/proc/self/environ", f"./{up}{short}"])  # fmt: skip

    def text(self) -> str:
        """Return a panel's text, whose id is that of the panel that the message is about."""
        chance = self.chance
        match chance.randrange(8):
            case 0:
                return chance.choice(_DAMAGED)
            case 1:
                return misshapen(chance, chance.choice(_DAMAGED))
            case 2 | 3:
                return self._named(misshapen(chance, chance.choice(list(self.world.texts.values()))))
            case 4:
                return self.program(chance.choice(PROGRAMS))
            case _:
                return self._named(chance.choice(list(self.world.texts.values())))

    def program(self, body: str) -> str:
        """Return a panel with one action."""
        return (
            f'<panel id="{self.panel}"><data><state name="n" type="int" default="1"/><state name="list" type="any" default="[1]"/></data>'
            f'<logic><action name="add">{body}</action></logic></panel>'
        )  # fmt: skip

    def dumped(self, value: Any) -> bytes:
        """Return JSON, now and then not quite."""
        text = json.dumps(value, allow_nan=True, ensure_ascii=self.chance.random() < 0.9)
        data = text.encode("utf-8", "surrogatepass")
        if self.chance.random() < 0.95:
            return data
        return self.chance.choice([
            data[: self.chance.randint(0, len(data))], b"[" * 50_000, b'{"a":' * 50_000, data + data, b"\xff\xfe" + data, b"null", b"",
            data.replace(b'"', b'"\xc3', 1), b'{"type": "set", "type": "ping", "id": 1e999}', b"{" + data[1:].replace(b":", b": 1e400,", 1),
        ])  # fmt: skip

    def _named(self, text: str) -> str:
        for name in self.world.texts:
            text = text.replace(f'id="{name}" title', f'id="{self.panel}" title')
        return text

    def _object(self, schema: dict[str, Any], defs: dict[str, Any], name: str, depth: int) -> Any:
        needed = set(schema.get("required", ()))
        found: dict[str, Any] = {}
        for key, part in schema.get("properties", {}).items():
            if key in needed or "const" in part or (depth < _DEEPEST and self.chance.random() < 0.5):
                found[key] = self.of(part, defs, key, depth + 1)
        more = schema.get("additionalProperties")
        if isinstance(more, dict) and "properties" not in schema and depth < _DEEPEST:
            for _ in range(self.chance.randint(0, 2)):
                key = self.chance.choice(self.world.NAMES["name" if name == "values" else "column"])
                found[key] = self.of(more, defs, key, depth + 1)
        return found

    def _string(self, schema: dict[str, Any], name: str) -> str:
        chance, names = self.chance, self.world.NAMES
        if schema.get("pattern") == "^(api|cell)$":
            return chance.choice(["api", "cell"])
        if name in _NAMED and self.world.known:
            return chance.choice(self.world.known[-50:])
        if name in _MADE:
            return _MADE[name](self)
        if name in names:
            return chance.choice(names[name])
        length = max(int(schema.get("minLength", 0)), chance.randint(1, 12))
        return "".join(chance.choice(string.ascii_letters) for _ in range(length))

    def url(self) -> str:
        """Return the address of a remote: one that is there, or a name that nobody has."""
        return self.chance.choice([self.world.remote, "https://git.invalid/x.git", "git@git.invalid:x.git"])

    def target(self) -> str:
        """Return what a capability is for."""
        return self.chance.choice([f"http://127.0.0.1:{self.world.canary}", "notes", "numbers", "till", "f", ""])

    def _integer(self, schema: dict[str, Any], name: str) -> int:
        low = int(schema.get("minimum", schema.get("exclusiveMinimum", -1) + 1))
        most = int(schema.get("maximum", 50))
        if name == "version":
            return 1
        if name in {"ts", "start", "end"}:
            return self.chance.choice([0, 1 << 62, 1_700_000_000_000_000_000])
        return self.chance.randint(low, max(low, min(most, 300)))

    def _any(self, name: str, depth: int) -> Any:
        chance = self.chance
        if name == "value" or depth >= _DEEPEST or chance.random() < 0.7:
            return chance.choice([1, 5, "text", None, True, 2.5, [1, 2], {"a": 1}, ""])
        return self.hostile()


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Yield each place in a value: what it is in, and its key there."""
    waiting = [value]
    while waiting:
        inside = waiting.pop()
        for key, one in list(inside.items() if isinstance(inside, dict) else enumerate(inside)):
            yield inside, key
            if isinstance(one, (dict, list)):
                waiting.append(one)


#: Fields that name something which an answer has told of before.
_NAMED = frozenset(["proposal", "run", "conflict", "code", "epoch", "ticket", "trace_id"])
#: Fields by name, and what makes a sound value of each.
_MADE: dict[str, Callable[[Maker], str]] = {
    **dict.fromkeys(("panel", "panels", "create"), lambda maker: maker.panel),
    **dict.fromkeys(("a", "b", "at"), lambda maker: maker.chance.choice(maker.world.NAMES["ref"])),
    **dict.fromkeys(
        ("data", "update"),
        lambda maker: base64.b64encode(maker.chance.randbytes(maker.chance.choice([0, 5, 200]))).decode(),
    ),
    **dict.fromkeys(
        ("start", "end"), lambda maker: maker.chance.choice(["now", "2026-01-01T00:00", "2026-11-23T14:30"])
    ),
    "id": Maker.id,
    "nxml": Maker.text,
    "xml": lambda maker: f'<patch><set id="value" size="{maker.chance.choice(["xl", "s"])}"/></patch>',
    "url": Maker.url,
    "webhooks": lambda maker: f"http://127.0.0.1:{maker.world.canary}/hook",
    "sql": lambda _maker: "SELECT count() FROM twin_changes",
    "target": Maker.target,
    "user": lambda maker: maker.chance.choice(PEOPLE).name,
    "file": lambda maker: maker.chance.choice(["f1", "f2"]),
}
