"""The past of a workspace, as a time bar asks for it over the stream protocol."""

from __future__ import annotations

import pyarrow as pa
import pytest

from nexus_jupyter.protocol.base import JsonValue
from nexus_jupyter.protocol.errors import NotFoundError
from nexus_jupyter.protocol.identity import Actor
from nexus_jupyter.protocol.past import HistoryRequest
from nexus_jupyter.protocol.upkeep import CompactBody
from nexus_jupyter.workspace import WorkspaceKernel, compact
from tests.workspace.test_session import Client

TABLE = """
<panel id="prices" title="Prices">
  <view><text id="t">{len(shown)}</text><text id="l">{count}</text></view>
  <data><frame name="list" from="kernel:list"/><state name="least" type="int" default="0"/>
    <query name="shown" frame="list" where="row.price &gt;= least"/><link name="count" from="counter.n"/></data>
</panel>"""
TODO = """
<panel id="todo"><view><text id="t">{len(items)}</text></view>
  <data><state name="items" type="list" default="[]"/><state name="note" type="str" default=""/></data></panel>"""
EXPORTING = """
<panel id="counter" title="Counter"><view><text id="t">{count}</text></view>
  <data><state name="count" type="int" default="0"/></data><logic><export name="n" expr="count"/></logic></panel>"""


def ask(client: Client, **frame: object) -> object:
    client.send(id="q", **frame)
    answer = client.until(lambda found: isinstance(found, dict) and found["type"] == "result")
    assert answer["problem"] is None, answer["problem"]
    return answer["value"]


@pytest.fixture
def client(kernel: WorkspaceKernel, ann: Actor, counter: str) -> Client:
    kernel.put_panel("counter", counter, ann)
    return Client(kernel, ann)


def test_the_bar_gets_each_change_with_who_and_what_from_what_to_what(
    client: Client, kernel: WorkspaceKernel, bob: Actor
) -> None:
    kernel.set_state("counter", {"count": 4}, bob, via="input", element="box")
    kernel.execution.start("counter", "add", [3], bob, via="click", element="plus").result()
    found = ask(client, type="history", panel="counter")
    ticks = found["ticks"]
    assert [tick["kind"] for tick in ticks] == ["create", "set", "run"]
    assert ticks[1]["text"] == "Bob set the state in 'counter', by an input on 'box'"
    assert [tick["what"] for tick in ticks] == ["", "count: 0 \u2192 4", "count: 4 \u2192 7"]
    assert found["newest"] == ticks[-1]["rev"]


def test_of_a_large_value_the_bar_gets_the_place_that_changed(
    client: Client, kernel: WorkspaceKernel, ann: Actor
) -> None:
    kernel.put_panel("todo", TODO, ann)
    items: list[JsonValue] = [{"id": at, "title": f"Item {at}", "done": False} for at in range(300)]
    text = "word " * 100

    def change(value: list[JsonValue] | None = None, note: str = text) -> str:
        kernel.set_state("todo", {"items": items if value is None else value, "note": note}, ann)
        return str(ask(client, type="history", panel="todo")["ticks"][-1]["what"])  # type: ignore[index] # JSON

    change()
    assert change([*items[:7], {"id": 7, "title": "Item 7", "done": True}, *items[8:]]) == (
        "items[7].done: false \u2192 true"
    )
    assert change() == "items[7].done: true \u2192 false"
    assert change([*items, "new"]) == 'items[300]: [] \u2192 ["new"]'
    change()
    assert change([*items[:7], *items[8:]]).startswith('items[7]: [{"id": 7')
    change()
    assert change(["a", *items[1:200], "b", *items[201:]]) == "items: 2 places"
    change()
    assert change([{**items[0], "late": 1}, *items[1:]]) == "items[0]: late"  # type: ignore[dict-item] # a dict
    change()
    assert change(note=f"{text[:250]}new {text[250:]}") == 'note: \u2026"" \u2192 \u2026new '


def test_a_panel_comes_back_as_it_was_with_the_values_of_then(
    client: Client, kernel: WorkspaceKernel, ann: Actor, bob: Actor
) -> None:
    kernel.put_panel("counter", EXPORTING, ann)
    kernel.put_panel("prices", TABLE, ann)
    first = kernel.set_state("counter", {"count": 4}, bob)
    kernel.set_state("counter", {"count": 9}, bob)
    kernel.put_panel("prices", TABLE.replace("Prices", "Costs"), ann)
    assert first is not None
    past = ask(client, type="past", panel="prices", rev=first.rev)
    assert (past["exists"], past["links"], past["state"]) == (True, {"count": 4}, {"least": 0})
    assert 'title="Prices"' in past["nxml"]
    assert past["cause"]["text"] == "Ann made the panel in 'prices'"
    by_time = ask(client, type="past", panel="counter", ts=first.ts)
    assert (by_time["rev"], by_time["state"]) == (first.rev, {"count": 4})
    assert ask(client, type="past", panel="counter", ts=first.ts - 1)["state"] == {"count": 0}
    assert ask(client, type="past", panel="prices", rev=1)["exists"] is False


def test_rows_of_the_past_are_asked_for_as_then_and_it_says_which_are_those_of_now(
    client: Client, kernel: WorkspaceKernel, ann: Actor
) -> None:
    kernel.put_panel("counter", EXPORTING, ann)
    kernel.bind_frame("list", pa.table({"price": [1, 2, 3]}), ann)
    kernel.put_panel("prices", TABLE, ann)
    then = kernel.set_state("prices", {"least": 3}, ann)
    kernel.set_state("prices", {"least": 0}, ann)
    assert then is not None
    assert ask(client, type="past", panel="prices", rev=then.rev)["present"] == []
    client.send(type="frame.page", id="p", panel="prices", query="shown", at=then.rev, aggregates=[{"fn": "len"}])
    page = client.until(lambda found: isinstance(found, bytes))
    assert b'"total":1' in page
    assert kernel.panel("prices").state == {"least": 0}
    kernel.bind_frame("list", pa.table({"price": [7, 8, 9, 10]}), ann)
    assert ask(client, type="past", panel="prices", rev=then.rev)["present"] == ["list"]


def test_what_others_chose_for_themselves_is_not_told(kernel: WorkspaceKernel, ann: Actor, bob: Actor) -> None:
    own = """<panel id="p"><view><text id="t">{mine}</text></view>
      <data><state name="mine" type="str" default="" scope="user"/></data></panel>"""
    kernel.put_panel("p", own, ann)
    rev = kernel.set_state("p", {"mine": "secret"}, bob)
    assert rev is not None
    wish = HistoryRequest(id="h", panel="p")
    assert "secret" not in kernel.past.history(wish, "ann").model_dump_json()
    assert kernel.past.history(wish, "bob").ticks[-1].what.endswith("secret")
    assert kernel.past.panel("p", "ann", rev=rev.rev).state == {"mine": ""}
    assert kernel.past.panel("p", "bob", rev=rev.rev).state == {"mine": "secret"}


def test_news_come_once_until_they_are_asked_for(client: Client, kernel: WorkspaceKernel, bob: Actor) -> None:
    found = ask(client, type="history")
    for value in (1, 2, 3):
        kernel.set_state("counter", {"count": value}, bob)
    moved = client.until(lambda frame: frame["type"] == "history.moved")
    assert moved["rev"] == found["newest"] + 1
    assert len(ask(client, type="history", after=found["newest"])["ticks"]) == 3
    client.send(type="ping", id="x")
    assert client.until(lambda frame: frame["type"] in {"history.moved", "pong"})["type"] == "pong"


def test_one_old_change_is_taken_back_alone_and_a_branch_begins_there(
    client: Client, kernel: WorkspaceKernel, ann: Actor, bob: Actor
) -> None:
    kernel.versions.commit("first", ann)
    kernel.put_panel(
        "prices", TABLE.replace('<link name="count" from="counter.n"/>', "").replace("count", "least"), ann
    )
    wrong = kernel.set_state("counter", {"count": 99}, bob)
    kernel.set_state("prices", {"least": 2}, bob)
    assert wrong is not None
    branch = ask(client, type="branch", name="as-it-was", rev=wrong.rev - 1)
    assert branch["name"] == "as-it-was"
    ask(client, type="revert", rev=wrong.rev)
    assert kernel.panel("counter").state == {"count": 0}
    assert kernel.panel("prices").state == {"least": 2}
    newest = ask(client, type="history")["ticks"][-1]
    assert newest["kind"] == "revert"
    kernel.versions.commit("now", ann)
    kernel.versions.switch("as-it-was", ann)
    assert kernel.panel("prices").state == {"least": 0}
    assert kernel.versions.merge("main", ann).outcome == "merged", "both come from the first version"
    client.send(type="branch", id="again", name="as-it-was", rev=1)
    answer = client.until(lambda frame: frame["type"] == "result")
    assert "already" in answer["problem"]["detail"]


def test_a_long_history_is_thinned_and_each_part_can_be_looked_into(kernel: WorkspaceKernel, ann: Actor) -> None:
    kernel.put_panel("counter", EXPORTING, ann)
    for value in range(1, 1000):
        kernel.set_state("counter", {"count": value}, ann)
    for panel in ("counter", None):
        found = kernel.past.history(HistoryRequest(id="h", panel=panel, most=50), "ann")
        assert (len(found.ticks), sum(tick.count for tick in found.ticks)) == (50, 1000)
        assert found.ticks[-1].rev == 1000
        before, part = found.ticks[3:5]
        inside = kernel.past.history(HistoryRequest(id="h", panel=panel, after=before.rev, upto=part.rev), "ann")
        assert [tick.count for tick in inside.ticks] == [1] * part.count
        assert inside.ticks[-1].rev == part.rev
    assert kernel.past.history(HistoryRequest(id="h", after=1000), "ann").ticks == []


def test_behind_a_compaction_it_says_from_when_on_there_is_a_past(kernel: WorkspaceKernel, ann: Actor) -> None:
    kernel.put_panel("counter", EXPORTING, ann)
    changes = [kernel.set_state("counter", {"count": value}, ann) for value in range(1, 20)]
    compact(kernel.store, kernel.trilog, CompactBody(keep_changes=5, without_trilog=True))
    found = kernel.past.history(HistoryRequest(id="h", panel="counter"), "ann")
    assert (found.begins, len(found.ticks)) == (15, 5)
    assert changes[13] is not None
    assert found.begins_ts == changes[13].ts
    assert kernel.past.panel("counter", "ann", rev=15).state == {"count": 14}
    with pytest.raises(NotFoundError, match="compacted"):
        kernel.past.panel("counter", "ann", ts=found.begins_ts - 1)


def test_it_needs_no_database_of_the_past(kernel: WorkspaceKernel, ann: Actor) -> None:
    kernel.put_panel("counter", EXPORTING, ann)
    kernel.past.history(HistoryRequest(id="h"), "ann")
    assert kernel.past.panel("counter", "ann", rev=1).exists
    assert not any(kernel.folder.trilog.glob("*")), "nothing has started TriLog's database"
