"""Panels: damaged texts, and handlers that try what they may not, made, checked, drawn and run."""

from __future__ import annotations

import json
import secrets
from typing import Any

from tests.attacker.attack import Attack, Deck
from tests.attacker.carriers.rest import answered
from tests.attacker.ledger import Answer, Sent, shown
from tests.attacker.people import Person
from tests.attacker.values import PROGRAMS, Maker
from tests.attacker.web import Web

__all__ = ["Nxml"]

#: Writes a file whose name tells which code wrote it.
_MARKED = """<panel id="PANEL"><data><state name="n" type="int" default="0"/></data><logic>
<uses cap="fs.write" why="to attack"/>
<action name="go">await nx.files.write("marks/MARK.txt", "MARK"); state.n += 1;</action></logic></panel>"""
_DIAL = """<panel id="PANEL"><data><state name="n" type="any" default="0"/></data><logic>
<uses cap="net.http" target="ORIGIN" why="to attack"/><uses cap="net.ws" target="SOCKET" why="to attack"/>
<action name="go">state.n = await (await nx.fetch("ORIGIN/dialled", {method: "POST", body: "x"})).text();</action>
<action name="ws">const s = await nx.socket("SOCKET/"); state.n = await s.receive();</action></logic></panel>"""
_FILES = """<panel id="PANEL"><data><state name="n" type="any" default="0"/></data><logic>
<uses cap="fs.read" why="to attack"/><uses cap="fs.write" why="to attack"/>
<action name="go" params="path: str = ''">state.n = await nx.files.read(path); return state.n;</action>
<action name="put" params="path: str = ''">await nx.files.write(path, "attacked");</action>
<action name="gone" params="path: str = ''">await nx.files.remove(path);</action></logic></panel>"""


class Nxml:
    """Makes panels as people who may, and sees what becomes of them."""

    def __init__(self, attack: Attack, worker: int = 0) -> None:
        self._attack = attack
        self._chance = attack.chance(f"nxml {worker}")
        self._maker = Maker(self._chance, attack.world)
        self._web = Web(attack.server.port)
        self._kinds = {
            "check": self._check,
            "make": self._make,
            "program": self._program,
            "other code": self._other_code,
            "dial": self._dial,
            "files": self._files,
        }
        self.types = {*self._kinds, "run", "draw"}
        self._deck = Deck(self._chance, list(self._kinds))
        self._worker = worker

    def step(self) -> None:
        """Do one of the kinds."""
        kind = self._deck.next()
        self._maker.begin()
        self._kinds[kind](kind)

    def close(self) -> None:
        """Close the connection."""
        self._web.close()

    def _check(self, kind: str) -> None:
        verb = self._chance.choice(["check", "format", "fix"])
        self._ask(kind, "POST", verb, {"nxml": self._maker.text()}, self._attack.somebody(self._chance, "read"))

    def _make(self, kind: str) -> None:
        person = self._attack.somebody(self._chance, "write")
        name = self._maker.panel = self._chance.choice(["made1", "made2", "made3"])
        if self._ask(kind, "PUT", f"panels/{name}", {"nxml": self._maker.text()}, person).done:
            self._draw(name)
            self._run(name, self._chance.choice(self._maker.world.NAMES["action"]), [])

    def _program(self, kind: str) -> None:
        name = self._maker.panel = "program"
        text = self._maker.program(self._maker.chance.choice(PROGRAMS))
        if self._ask(kind, "PUT", f"panels/{name}", {"nxml": text}, self._attack.somebody(self._chance, "write")).done:
            self._run(name, "add", [])

    def _other_code(self, kind: str) -> None:
        """Somebody allows a panel something, somebody else gives it other code: that code may not do it."""
        name = f"scene{self._worker}"
        first, second = (self._attack.somebody(self._chance, "write") for _ in range(2))
        marks = [secrets.token_hex(8) for _ in range(2)]
        texts = [_MARKED.replace("PANEL", name).replace("MARK", mark) for mark in marks]
        self._ask(kind, "PUT", f"panels/{name}", {"nxml": texts[0]}, first)
        self._ask(kind, "POST", "grants", {"panel": name, "cap": "fs.write"}, first)
        self._run(name, "go", [])
        if second is first or not self._ask(kind, "PUT", f"panels/{name}", {"nxml": texts[1]}, second).done:
            return
        self._run(name, "go", [])
        if (self._attack.place.workspace / "files" / "marks" / f"{marks[1]}.txt").exists():
            sent = Sent("nxml", kind, second, None, texts[1])
            self._attack.ledger.found(
                "rights", f"Code of {second.name} did what {first.name} had allowed to other code.", sent
            )

    def _dial(self, kind: str) -> None:
        name, port = "dial", self._maker.world.canary
        host = self._chance.choice(
            [
                "127.0.0.1",
                "localhost",
                "[::1]",
                "127.1",
                "0.0.0.0",
                "[::ffff:127.0.0.1]",
                "2130706433",
                "0x7f000001",
                "127.0.0.1.",
                "017700000001",
            ]
        )
        origin = f"http://{host}:{port}"
        person = self._attack.somebody(self._chance, "write")
        if self._ask(
            kind,
            "PUT",
            f"panels/{name}",
            {
                "nxml": _DIAL.replace("PANEL", name)
                .replace("ORIGIN", origin)
                .replace("SOCKET", origin.replace("http", "ws"))
            },
            person,
        ).done:
            for cap, target in (("net.http", origin), ("net.ws", origin.replace("http", "ws"))):
                target = self._chance.choice([target, None])  # noqa: PLW2901 - or anything
                self._ask(kind, "POST", "grants", {"panel": name, "cap": cap, "target": target}, person)
            self._run(name, "go", [])
            self._run(name, "ws", [])

    def _files(self, kind: str) -> None:
        name = "filer"
        person = self._attack.somebody(self._chance, "write")
        if self._ask(kind, "PUT", f"panels/{name}", {"nxml": _FILES.replace("PANEL", name)}, person).done:
            for cap in ("fs.read", "fs.write"):
                self._ask(kind, "POST", "grants", {"panel": name, "cap": cap}, person)
            for action in ("go", "go", "go", "put", "gone"):
                self._run(name, action, [self._maker.path()])

    def _draw(self, name: str) -> None:
        person = self._attack.somebody(self._chance, "read")
        for target in (f"panels/{name}/html", f"panels/{name}/build"):
            self._ask("draw", "GET", target, None, person)
        self._ask("draw", "POST", "workspace/export", {"panels": [name]}, person)

    def _run(self, name: str, action: str, args: list[Any]) -> None:
        person = self._attack.somebody(self._chance, "execute")
        self._ask("run", "POST", f"panels/{name}/run/{action}", {"args": args}, person)

    def _ask(self, kind: str, verb: str, path: str, body: Any, person: Person) -> Answer:
        data = json.dumps(body).encode() if body is not None else None
        sent = self._attack.ledger.send(Sent("nxml", kind, person, None, f"{verb} {path} {shown(data or b'')}"))
        headers = {**self._attack.server.headers(person), "Content-Type": "application/json"}
        answer = answered(self._web.ask(verb, f"/nexus/api/{path}", headers, data))
        self._attack.ledger.answer(sent, answer)
        return answer
