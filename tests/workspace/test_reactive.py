"""What a panel does by itself: effects, lifecycle, links to others, personal states, frames that call the notebook."""

from __future__ import annotations

import base64
import json
import threading
import time
from collections.abc import Callable
from typing import Any

import pandas as pd
import pyarrow as pa
import pytest

from nexus_jupyter.notebook.exposed import ExposedFunctions
from nexus_jupyter.protocol.errors import HandlerError, NXMLError, PermissionDeniedError
from nexus_jupyter.protocol.identity import Actor
from nexus_jupyter.protocol.pages import Marks
from nexus_jupyter.workspace import WorkspaceKernel
from tests.workspace.test_session import Client


def until(condition: Callable[[], bool], seconds: float = 10) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not come to pass"
        time.sleep(0.01)


def state(kernel: WorkspaceKernel, panel: str, user: str = "ann") -> dict[str, Any]:
    return kernel.panel(panel, user).state


EFFECTS = """<panel id="fx">
  <data><state name="n" type="int" default="0"/><state name="big" type="int" default="0"/><state name="x" type="int" default="0"/>
    <computed name="over" expr="n > 10"/></data>
  <logic>
    <effect name="grown" on="over">state.big += 1; return event;</effect>
    <effect name="endless" on="x">state.x += 1;</effect>
    <action name="set" params="to: int">state.n = to;</action>
  </logic>
</panel>"""


def test_an_effect_runs_when_its_condition_becomes_true_and_not_again(kernel: WorkspaceKernel, ann: Actor) -> None:
    kernel.put_panel("fx", EFFECTS, ann)
    kernel.set_state("fx", {"n": 5}, ann)
    kernel.execution.start("fx", "set", [11], ann).result()
    until(lambda: state(kernel, "fx")["big"] == 1)
    kernel.set_state("fx", {"n": 12}, ann)
    kernel.set_state("fx", {"n": 1}, ann)
    kernel.set_state("fx", {"n": 20}, ann)
    until(lambda: state(kernel, "fx")["big"] == 2)
    runs = [change.cause for change in kernel.journal.read() if change.cause.via == "effect"]
    assert [cause.action for cause in runs] == ["effect:grown", "effect:grown"]


def test_effects_that_set_each_other_off_are_stopped_and_somebody_is_told(kernel: WorkspaceKernel, ann: Actor) -> None:
    told: list[str] = []
    kernel.effects.listen(lambda effect: told.append(str(effect.data)))
    kernel.put_panel("fx", EFFECTS, ann)
    kernel.set_state("fx", {"x": 1}, ann)
    until(lambda: bool(told))
    assert "without end" in told[0]
    assert state(kernel, "fx")["x"] == 17


def test_an_effect_cannot_be_run_by_name(kernel: WorkspaceKernel, ann: Actor) -> None:
    kernel.put_panel("fx", EFFECTS, ann)
    run = kernel.execution.start("fx", "effect:grown", [], ann)
    assert "no action" in str(run.exception())


LIFECYCLE = """<panel id="clock">
  <data><state name="log" type="list[str]"/></data>
  <logic>
    <lifecycle on="mount" run="note('mount')"/>
    <lifecycle on="interval" every="250" run="note('tick')"/>
    <lifecycle on="unmount" run="note('unmount')"/>
    <action name="note" params="what: str">state.log.push(what);</action>
  </logic>
</panel>"""


def test_a_panel_acts_when_it_is_first_looked_at_while_it_is_and_when_it_is_left(
    kernel: WorkspaceKernel, ann: Actor
) -> None:
    kernel.put_panel("clock", LIFECYCLE, ann)
    first, second = Client(kernel, ann), Client(kernel, ann)
    first.send(type="subscribe", panel="clock", rev=None)
    second.send(type="subscribe", panel="clock", rev=None)
    until(lambda: state(kernel, "clock")["log"].count("tick") >= 3)
    log = state(kernel, "clock")["log"]
    assert log[0] == "mount"
    assert log.count("mount") == 1
    first.session.close()
    second.session.close()
    until(lambda: state(kernel, "clock")["log"][-1] == "unmount")
    done = len(state(kernel, "clock")["log"])
    time.sleep(0.6)
    assert len(state(kernel, "clock")["log"]) == done


def test_a_panel_that_is_made_while_somebody_waits_for_it_is_mounted(kernel: WorkspaceKernel, ann: Actor) -> None:
    waiting = Client(kernel, ann)
    assert waiting.follow("clock")["type"] == "gone"
    kernel.put_panel("clock", LIFECYCLE, ann)
    until(lambda: "mount" in state(kernel, "clock")["log"])


SOURCE = """<panel id="source"><data><state name="n" type="int" default="2"/></data>
  <logic><export name="double" expr="n * 2"/></logic></panel>"""
MIDDLE = """<panel id="middle"><data><link name="d" from="source.double"/></data>
  <logic><export name="quad" expr="d * 2"/></logic></panel>"""
TARGET = """<panel id="target"><view><text id="t">{q}</text></view><data><link name="q" from="middle.quad"/></data></panel>"""


def test_a_link_follows_what_another_panel_exports_through_a_third(kernel: WorkspaceKernel, ann: Actor) -> None:
    for name, text in (("source", SOURCE), ("middle", MIDDLE), ("target", TARGET)):
        kernel.put_panel(name, text, ann)
    assert kernel.links.values("target", "ann") == {"q": 8}
    assert kernel.links.sources("target") == {"middle", "source"}
    client = Client(kernel, ann)
    assert client.follow("target")["type"] == "snapshot"
    assert client.next() == {"type": "links", "panel": "target", "values": {"q": 8}}
    kernel.set_state("source", {"n": 5}, ann)
    assert client.next() == {"type": "links", "panel": "target", "values": {"q": 20}}
    assert ">20<" in kernel.html("target", "ann")
    kernel.delete("source", ann)
    assert client.next()["values"] == {"q": None}


def test_links_in_a_circle_are_refused(kernel: WorkspaceKernel, ann: Actor) -> None:
    kernel.put_panel("source", SOURCE, ann)
    kernel.put_panel("middle", MIDDLE, ann)
    circle = SOURCE.replace("<data>", '<data><link name="q" from="middle.quad"/>')
    with pytest.raises(NXMLError, match="source -> middle -> source"):
        kernel.put_panel("source", circle, ann)
    assert "<link" not in kernel.panel("source").nxml


PERSONAL = """<panel id="own">
  <data><state name="mine" type="str" default="-" scope="user"/><state name="ours" type="int" default="0"/></data>
  <logic><action name="say" params="what: str">state.mine = what; state.ours += 1; return state.mine;</action></logic>
</panel>"""


def test_a_state_of_scope_user_has_a_value_per_person_and_others_do_not_see_it(
    kernel: WorkspaceKernel, ann: Actor, bob: Actor
) -> None:
    kernel.put_panel("own", PERSONAL, ann)
    client = Client(kernel, bob)
    client.follow("own")
    assert kernel.execution.start("own", "say", ["a secret"], ann).result().value == "a secret"
    kernel.set_state("own", {"mine": "bob's"}, bob)
    assert (state(kernel, "own")["mine"], state(kernel, "own", "bob")["mine"]) == ("a secret", "bob's")
    frames = [client.next(), client.next()]
    assert "a secret" not in str(frames)
    assert frames[1]["ops"][0]["attrs"] == {"value": "bob's"}
    kernel.undo("own", bob)
    assert (state(kernel, "own")["mine"], state(kernel, "own", "bob")["mine"]) == ("a secret", "-")
    version = kernel.versions.commit("now", ann)
    assert b"a secret" not in kernel.versions.store.files(version.id)["nog/own.json"]
    kernel.put_panel("own", PERSONAL.replace("<data>", '<data><state name="z"/>'), ann)
    assert state(kernel, "own")["mine"] == "a secret"
    kernel.put_panel(
        "own", PERSONAL.replace('type="str" default="-"', 'type="int"').replace("state.mine = what;", ""), ann
    )
    assert state(kernel, "own")["mine"] == 0


CALLING = """<panel id="hits">
  <view><table id="t" data="few"/></view>
  <data>
    <state name="term" type="str" default="a"/>
    <state name="limit" type="int" default="3" scope="view"/>
    <frame name="found" from="kernel:search(term, limit=limit)" columns="word: str, size: int"/>
    <query name="few" frame="found" where="row.size > 0"/>
  </data>
  <logic><uses cap="kernel.call" target="search" why="to look for words"/></logic>
</panel>"""


class Notebook:
    """A notebook that exposes `search`, and counts what it is asked."""

    def __init__(self, kernel: WorkspaceKernel) -> None:
        self.asked: list[tuple[str, int]] = []
        self.gate = threading.Event()
        self.gate.set()
        exposed = ExposedFunctions()
        # On a thread of its own, as in a script: this one may have a loop, that of a browser's driver, which nobody runs.
        adding = threading.Thread(target=exposed.add, args=(self.search, "search"))
        adding.start()
        adding.join()
        kernel.functions.expose(self, exposed.described(), exposed.call)

    def search(self, term: str, limit: int = 10) -> pd.DataFrame:
        self.asked.append((term, limit))
        assert self.gate.wait(60)
        if term == "bad":
            raise ValueError("no such word")
        return pd.DataFrame({"word": [term * (i + 1) for i in range(limit)], "size": range(1, limit + 1)})


def rows(client: Client, request: str, **state_of_view: Any) -> Any:
    client.send(type="frame.page", id=request, panel="hits", query="few", state=state_of_view)
    while not isinstance(answer := client.next(), bytes):
        if answer.get("id") == request:
            return answer["problem"]
    length = int.from_bytes(answer[:4], "big")
    assert json.loads(answer[4 : 4 + length])["id"] == request
    return pa.ipc.open_stream(answer[4 + length :]).read_all().to_pydict()["word"]


def test_a_frame_that_is_a_function_of_state_is_called_when_its_inputs_change(
    kernel: WorkspaceKernel, ann: Actor
) -> None:
    notebook = Notebook(kernel)
    kernel.put_panel("hits", CALLING, ann)
    client = Client(kernel, ann)
    refused = rows(client, "0")
    assert refused["code"] == PermissionDeniedError.code
    kernel.permissions.grant("hits", "kernel.call", "search", ann)
    assert rows(client, "1") == ["a", "aa", "aaa"]
    assert rows(client, "2", limit=1) == ["a"]
    assert rows(client, "3", limit=1) == ["a"]
    kernel.set_state("hits", {"term": "b"}, ann)
    assert rows(client, "4") == ["b", "bb", "bbb"]
    assert notebook.asked == [("a", 3), ("a", 1), ("b", 3)]
    kernel.set_state("hits", {"term": "bad"}, ann)
    assert "no such word" in rows(client, "5")["detail"]
    kernel.set_state("hits", {"term": "c"}, ann)
    assert ">cc<" not in kernel.html("hits", "ann")
    assert rows(client, "6") == ["c", "cc", "ccc"]
    assert ">cc<" in kernel.html("hits", "ann")


def test_newer_arguments_win_and_what_nobody_waits_for_is_cancelled(kernel: WorkspaceKernel, ann: Actor) -> None:
    notebook = Notebook(kernel)
    kernel.put_panel("hits", CALLING, ann)
    kernel.permissions.grant("hits", "kernel.call", "search", ann)
    client = Client(kernel, ann)
    notebook.gate.clear()
    client.send(type="frame.page", id="1", panel="hits", query="few")
    until(lambda: len(notebook.asked) == 1)
    for request, limit in (("2", 1), ("3", 2)):
        client.send(type="frame.page", id=request, panel="hits", query="few", state={"limit": limit})
    # While the notebook works, everything else goes on.
    client.send(type="set", id="s", panel="hits", name="term", value="z")
    answers = {}
    while "s" not in answers:
        frame = client.next()
        answers[frame["id"]] = frame
    client.send(type="cancel", id="3")
    while "3" not in answers:
        frame = client.next()
        answers[frame["id"]] = frame
    notebook.gate.set()
    assert answers["3"]["problem"] is not None
    assert notebook.asked == [("a", 3)]
    assert rows(client, "4") == ["z", "zz", "zzz"]


def test_a_text_that_is_arriving_is_shown_to_those_who_look_and_to_those_who_come(
    kernel: WorkspaceKernel, ann: Actor
) -> None:
    early = Client(kernel, ann)
    assert early.follow("counter")["type"] == "gone"
    kernel.drafts.update("counter", "<panel")
    assert early.next() == {"type": "draft", "panel": "counter", "nxml": "<panel", "done": False}
    late = Client(kernel, ann)
    late.follow("counter")
    assert late.next()["nxml"] == "<panel"
    kernel.drafts.end("counter")
    assert early.next()["done"]


def test_a_file_comes_in_parts_and_is_kept_below_its_panel(kernel: WorkspaceKernel, ann: Actor, counter: str) -> None:
    kernel.put_panel("counter", counter, ann)
    client = Client(kernel, ann)

    def send(request: str, data: bytes, *, last: bool, name: str = "../../etc/pass wd.csv") -> Any:
        encoded = base64.b64encode(data).decode()
        client.send(type="upload", id=request, panel="counter", file="f", name=name, data=encoded, last=last)
        return client.next()

    assert send("1", b"a,b\n", last=False)["value"] is None
    kept = send("2", b"1,2\n", last=True)["value"]
    assert kept == {"name": "pass wd.csv", "size": 8, "type": "text/csv", "path": "uploads/counter/pass wd.csv"}
    assert (kernel.folder.files / kept["path"]).read_bytes() == b"a,b\n1,2\n"
    client.send(type="upload", id="3", panel="counter", file="g", name="x", data="%%%", last=True)
    assert "base64" in client.next()["problem"]["detail"]
    assert send("4", b"x", last=True, name="..")["value"]["name"] == "file"


def test_a_long_line_keeps_its_ends_its_peaks_and_its_order(kernel: WorkspaceKernel, ann: Actor) -> None:
    count = 100_000
    values = [i % 97 for i in range(count)]
    values[77_777] = 5000
    values[12_345] = -5000
    kernel.bind_frame("df", pa.table({"i": list(range(count)), "v": values}), ann)
    kernel.put_panel("line", '<panel id="line"><data><frame name="df" from="kernel:df"/></data></panel>', ann)
    page, _ = kernel.page("line", "df", {}, marks=Marks(kind="line", x="i", y=["v"], most=800))
    found = page.table.to_pydict()
    assert page.total == count
    assert len(found["i"]) <= 200 * 4
    assert found["i"] == sorted(found["i"])
    assert {0, 12_345, 77_777, count - 1} <= set(found["i"])
    few, _ = kernel.page("line", "df", {}, marks=Marks(kind="line", x="v", y=["i"], most=5000))
    assert few.table.num_rows <= 5000


WHOLE = """<panel xmlns="urn:nexus:nxml:1" xmlns:s="nexus:lib/stats@1" id="whole" title="Whole">
  <view>
    <card id="c"><s:gauge id="g" label="Load" value="{n}"/><button id="b" slot="footer" label="Go" on:press="go()"/></card>
  </view>
  <data>
    <state name="n" type="int" default="1"/>
  </data>
  <logic>
    <action name="go">state.n += 1;</action>
    <lifecycle on="mount" run="go()"/>
    <export name="n" expr="n"/>
  </logic>
</panel>
"""


def test_an_edit_keeps_packs_slots_and_declarations_and_can_add_more(kernel: WorkspaceKernel, ann: Actor) -> None:
    kernel.put_panel("whole", WHOLE, ann)
    patch = kernel.reactor.patch(
        '<patch panel="whole"><set id="g" label="More"/>'
        '<insert into="logic"><effect name="big" on="n > 5">if (state.n < 9 && true) state.n = 0;</effect></insert>'
        '<insert into="data"><link name="other" from="source.double"/></insert></patch>'
    )
    kernel.edit("whole", patch, ann)
    text = kernel.panel("whole").nxml
    for part in ('xmlns:s="nexus:lib/stats@1"', '<s:gauge id="g" label="More"', 'slot="footer"', "state.n < 9 && true"):
        assert part in text
    build = kernel.build("whole")
    assert build.ok
    assert [effect.name for effect in build.effects] == ["big"]
    assert [link.panel for link in build.links] == ["source"]
    assert kernel.reactor.format(text) == text
    version = kernel.versions.commit("whole", ann)
    kernel.delete("whole", ann)
    kernel.versions.checkout(version.id, ann)
    assert kernel.panel("whole").nxml == text


SALES = """<panel id="sales"><view><text id="t">{region}</text></view>
<data><state name="region" type="str" default="all"/><state name="secret" type="int" default="7"/></data>
<logic>
  <action name="choose" params="name: str">state.region = name; return name.toUpperCase();</action>
  <action name="burn">state.secret = 0;</action>
  <export name="region" expr="region"/>
  <export name="pick" action="choose"/>
</logic></panel>"""
REMOTE = """<panel id="remote"><view><button id="b" label="North" on:press="pick('north')"/></view>
<data><link name="region" from="sales.region"/><state name="heard" type="str" default=""/></data>
<logic>
  <uses cap="panel.send" target="sales.pick" why="choose the region from here"/>
  <action name="pick" params="name: str" from="sales.pick"/>
  <effect name="listen" on="region != 'all' and region">state.heard = 'now ' + event;</effect>
</logic></panel>"""


def test_an_exported_action_is_run_from_another_panel_once_that_is_allowed(kernel: WorkspaceKernel, ann: Actor) -> None:
    kernel.put_panel("sales", SALES, ann)
    kernel.put_panel("remote", REMOTE, ann)
    with pytest.raises(HandlerError, match=r"panel\.send"):
        kernel.execution.start("remote", "pick", ["north"], ann).result()
    kernel.permissions.grant("remote", "panel.send", "sales.pick", ann)
    assert kernel.execution.start("remote", "pick", ["north"], ann).result().value == "NORTH"
    assert kernel.panel("sales").state["region"] == "north"


def test_what_a_panel_does_not_export_is_not_run_from_others(kernel: WorkspaceKernel, ann: Actor) -> None:
    kernel.put_panel("sales", SALES, ann)
    spy = """<panel id="spy"><logic><uses cap="panel.send" target="sales.burn" why="no reason"/>
    <action name="pick" from="sales.burn"/><tool name="pick" action="pick">Burn it.</tool></logic></panel>"""
    kernel.put_panel("spy", spy, ann)
    kernel.permissions.grant("spy", "panel.send", "sales", ann)
    with pytest.raises(HandlerError, match="exports no action 'burn'"):
        kernel.execution.start("spy", "pick", [], ann).result()
    assert kernel.panel("sales").state["secret"] == 7


def test_an_effect_follows_a_link_and_the_chain_goes_on_in_order(kernel: WorkspaceKernel, ann: Actor) -> None:
    # The panel that follows is made first: the relation is there once the other is.
    third = """<panel id="third"><data><link name="said" from="remote.heard"/><state name="log" type="list[str]" default="[]"/></data>
    <logic><effect name="note" on="said">state.log = [...state.log, event];</effect></logic></panel>"""
    kernel.put_panel("third", third, ann)
    kernel.put_panel("remote", REMOTE.replace("</logic>", '<export name="heard" expr="heard"/></logic>'), ann)
    kernel.put_panel("sales", SALES, ann)
    assert kernel.links.dependents(kernel.head.graph, "sales") == ["remote", "third"]
    seen = threading.Event()
    kernel.writer.listen(lambda change, _head: seen.set() if change.panel == "third" else None)
    kernel.set_state("sales", {"region": "south"}, ann)
    assert seen.wait(60)
    assert kernel.panel("remote").state["heard"] == "now south"
    assert kernel.panel("third").state["log"] == ["now south"]


def test_panels_that_depend_on_one_come_after_those_that_they_take_from(kernel: WorkspaceKernel, ann: Actor) -> None:
    def chain(name: str, *sources: str) -> str:
        links = "".join(f'<link name="l{i}" from="{source}.v"/>' for i, source in enumerate(sources))
        return f"""<panel id="{name}"><data>{links}<state name="v" type="int" default="0"/></data><logic><export name="v" expr="v"/></logic></panel>"""

    for name, sources in {"a": [], "d": ["a", "c"], "c": ["b"], "b": ["a"]}.items():
        kernel.put_panel(name, chain(name, *sources), ann)
    assert kernel.links.dependents(kernel.head.graph, "a") == ["b", "c", "d"]
