"""What there is to attack in the workspace: panels, frames, and the secrets of their owner."""

from __future__ import annotations

import io
import secrets
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import ClassVar

import pyarrow as pa

from tests.attacker.place import REPOSITORY
from tests.attacker.server import Server

__all__ = ["World"]

TILL = """<panel xmlns="urn:nexus:nxml:1" id="till" title="Till">
  <view>
    <button id="sell" label="Sell" on:press="add(1)"/>
    <input id="label" label="Label" bind:value="label"/>
    <text id="value">{count} {label}</text>
  </view>
  <data>
    <state name="count" type="int" default="0"/>
    <state name="label" type="str" default=""/>
    <state name="list" type="any" default="[1]"/>
  </data>
  <logic>
    <action name="add" params="by: int = 1">state.count += by; return state.count;</action>
    <action name="wait">await new Promise((go) => setTimeout(go, 200)); state.list = [state.count];</action>
    <lifecycle on="mount" run="add()"/>
    <export name="total" expr="count"/>
    <tool name="add" action="add">Add to the count.</tool>
    <tool name="label" set="label">Set the label.</tool>
    <resource name="count" expr="count">The count.</resource>
  </logic>
</panel>
"""
NOTES = """<panel xmlns="urn:nexus:nxml:1" id="notes" title="Notes">
  <view><input id="mine" label="Mine" bind:value="note"/><text id="shown">{note}</text></view>
  <data><state name="note" type="str" default="" scope="user"/></data>
  <logic>
    <action name="keep" params="value: str">state.note = value;</action>
    <tool name="keep" action="keep">Keep a note.</tool>
    <resource name="note" expr="note">The note.</resource>
  </logic>
</panel>
"""
BOARD = """<panel xmlns="urn:nexus:nxml:1" id="board" title="Board">
  <view><table id="rows" data="big"/><input id="city" label="City" bind:value="city"/></view>
  <data>
    <state name="city" type="str" default="a"/>
    <frame name="numbers" from="kernel:numbers" columns="x: int, t: str"/>
    <query name="big" frame="numbers" where="row.x != 1" order="x"/>
  </data>
</panel>
"""
#: What handlers of the store try, each with what the panel asks for and may not reach.
_STORE = """<panel xmlns="urn:nexus:nxml:1" id="store" title="Store">
  <view><text id="t">{said}</text></view>
  <data><state name="said" type="any" default="null"/></data>
  <logic>
    <uses cap="net.http" target="http://127.0.0.1:CANARY" why="to attack"/>
    <uses cap="net.ws" target="ws://127.0.0.1:CANARY" why="to attack"/>
    <uses cap="fs.read" why="to attack"/>
    <uses cap="fs.write" why="to attack"/>
    <uses cap="kernel.call" why="to attack"/>
    <uses cap="frame.read" why="to attack"/>
    <uses cap="db.query" why="to attack"/>
    <uses cap="panel.read" why="to attack"/>
    <uses cap="panel.send" why="to attack"/>
    <uses cap="ai.complete" why="to attack"/>
    <uses cap="notify" why="to attack"/>
    <action name="dial">state.said = await (await nx.fetch("http://127.0.0.1:CANARY/dialled")).text();</action>
    <action name="follow">const s = await nx.socket("ws://127.0.0.1:CANARY/"); state.said = await s.receive();</action>
    <action name="read" params="path: str = 'PATH'">state.said = await nx.files.read(path);</action>
    <action name="write" params="path: str = 'notes.txt', text: str = ''">await nx.files.write(path, text);</action>
    <action name="list" params="path: str = ''">state.said = await nx.files.list(path);</action>
    <action name="call" params="name: str = 'f'">state.said = await nx.kernel.call(name, {});</action>
    <action name="rows" params="name: str = 'numbers'">state.said = await nx.frame(name, {limit: 5});</action>
    <action name="other" params="name: str = 'notes'">state.said = await nx.panel(name);</action>
    <action name="query" params="sql: str = 'select 1'">state.said = await nx.db.query("main", sql, {});</action>
    <action name="ask">state.said = await nx.ai("hello");</action>
    <action name="note">await nx.notify("note", "info");</action>
  </logic>
</panel>
"""
#: Capabilities that the owner gives the store, so that what is refused is refused by a wall and not for want of a grant.
_GRANTED = ("net.http", "net.ws", "fs.read", "fs.write", "frame.read", "panel.read")


@dataclass
class World:
    """The workspace that is attacked.

    Attributes
    ----------
    canary
        The port of a listener on loopback that nobody may call.
    personal
        A value that the owner keeps for themselves; readers are not shown it.
    hook
        The secret part of a webhook's address, which only those learn who may change it.
    """

    canary: int
    files: list[str]
    remote: str
    personal: str = field(default_factory=lambda: f"own-{secrets.token_hex(12)}")
    hook: str = field(default_factory=lambda: f"hook-{secrets.token_hex(12)}")
    #: What answers have named: ids of runs, digests and the like, the newest last. People use each other's.
    known: list[str] = field(default_factory=list)

    @property
    def texts(self) -> dict[str, str]:
        """The panels' texts by name."""
        store = _STORE.replace("CANARY", str(self.canary)).replace("PATH", self.files[0])
        return {"till": TILL, "notes": NOTES, "board": BOARD, "store": store}

    @property
    def panels(self) -> list[str]:
        """Names that panels have, or may get."""
        return [*self.texts, "made1", "made2", "made3"]

    #: Names of what panels hold; by the word that the protocol has for it.
    NAMES: ClassVar[dict[str, list[str]]] = {
        "action": ["add", "wait", "keep", "dial", "follow", "read", "write", "list", "call", "rows", "other", "query",
                   "ask", "note"],
        "name": ["count", "label", "list", "note", "said", "city"],
        "query": ["big", "numbers"],
        "frame": ["numbers", "other"],
        "element": ["sell", "value", "mine", "rows", "t"],
        "node": ["action.add", "action.keep", "action.dial"],
        "column": ["x", "t"],
        "type": ["Panel", "Frame", "State", "Action"],
        "branch": ["main", "other", "try"],
        "ref": ["main", "other", "HEAD", "HEAD~1", "first"],
        "cap": ["net.http", "net.ws", "fs.read", "fs.write", "frame.read", "panel.send", "kernel.call", "notify"],
        "function": ["f", "rows"],
        "process": ["run", "panel"],
    }  # fmt: skip

    def prepare(self, server: Server) -> None:
        """Make what is attacked, as the owner."""
        self.restore(server)
        made = {one["name"] for one in server.ask("GET", "panels")}
        if made != set(self.texts):
            raise RuntimeError(f"What is to be attacked could not be made: {sorted(made)}")
        server.ask("PUT", "panels/notes/state", {"values": {"note": self.personal}})
        for cap in _GRANTED:
            server.ask("POST", "grants", {"panel": "store", "cap": cap})
        server.ask("POST", "workspace/commit", {"message": "first"})

    def restore(self, server: Server) -> None:
        """Bring back what people have deleted or written over."""
        server.ask("PUT", "frames/numbers", arrow(pa.table({"x": list(range(50)), "t": ["a", "b"] * 25})))
        for name, text in self.texts.items():
            server.ask("PUT", f"panels/{name}", {"nxml": text})
        self.watch(server)

    def watch(self, server: Server) -> None:
        """Set the alerts' rule, with an address that is secret."""
        server.ask("PUT", "trilog/alerts", {"webhooks": [f"https://hooks.invalid/{self.hook}"]})


def arrow(table: pa.Table, compression: str | None = None) -> bytes:
    """Return a table as an Arrow stream."""
    sink = io.BytesIO()
    with pa.ipc.new_stream(sink, table.schema, options=pa.ipc.IpcWriteOptions(compression=compression)) as writer:
        writer.write_table(table)
    return sink.getvalue()


def damaged() -> list[str]:
    """Return panels that were found to be hard on the language, and hostile programs in panels."""
    texts = [
        file.read_text(encoding="utf-8", errors="replace")
        for file in sorted((REPOSITORY / "tests/vectors-fuzz").glob("*.nxml"))
    ]
    return [text for text in texts if len(text) < 200_000]


def programs() -> list[str]:
    """Return the bodies of hostile handlers."""
    return [_body(file) for file in sorted((REPOSITORY / "tests/hostile").glob("*.js"))]


def _body(file: Path) -> str:
    return file.read_text(encoding="utf-8")


def misshapen(chance: Random, text: str) -> str:
    """Return a text with something cut out, doubled, exchanged or put in."""
    for _ in range(chance.randint(1, 3)):
        at, to = sorted((chance.randint(0, len(text)), chance.randint(0, len(text))))
        match chance.randrange(5):
            case 0:
                text = text[:at] + text[min(to, at + 40) :]
            case 1:
                text = text[:at] + text[at : at + 60] + text[at:]
            case 2:
                text = text[:at] + chance.choice(_PIECES) + text[at:]
            case 3:
                text = text[:at]
            case _:
                text = text[:to] + text[at:to] + text[to:]
        text = text[:400_000]
    return text


_PIECES = (
    "<", ">", "&", "{", "}", "<script>alert(1)</script>", "<!--", "]]>", "<![CDATA[", '"', "'", "\0", "\ud800", "&#0;",
    "&lt;", "{constructor}", "{__proto__.x}", "{count | text}", ' on:press="add()"', ' onclick="x()"', "<panel>", "</view>",
    '<image src="http://127.0.0.1/x"/>', '<uses cap="net.http" why="x"/>', "<if test=", "<for each=", "😀", "\u202e", "{" * 500,
    "<row>" * 300, "(" * 300,
)  # fmt: skip
