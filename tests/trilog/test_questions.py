"""Questions about the past, asked of the embedded database and of a server over HTTP."""

from __future__ import annotations

import contextlib
import os
import random
import time
from typing import Any

import pandas as pd
import pytest

from nexus_jupyter.notebook import Workspace
from nexus_jupyter.protocol.errors import HandlerError, NotFoundError, TriLogError
from nexus_jupyter.protocol.trilog import TwinAt
from nexus_jupyter.trilog.projection import events

#: Pairs of an object and a moment; the long run is NEXUS_TRILOG_PAIRS=10000.
PAIRS = int(os.environ.get("NEXUS_TRILOG_PAIRS", "300"))
PANEL = """<panel id="{name}" title="Panel {name}"><view><column id="c"><button id="plus" label="+" on:press="add()"/>
</column></view><data><state name="count" type="int" default="0"/><state name="seen" type="int" default="0"/></data>
<logic><action name="add" params="by=1">state.count += by;</action><action name="boom">throw new Error("no luck");</action>
<effect on="count &gt; 1000">state.seen = state.count;</effect></logic></panel>"""


def moment(nanoseconds: int) -> pd.Timestamp:
    return pd.Timestamp(nanoseconds, tz="UTC")


def last_ts(ws: Workspace) -> pd.Timestamp:
    return moment(ws._host.changes()[-1].ts)


@pytest.fixture
def panel(ws: Workspace) -> Any:
    if "p" in ws:
        ws.delete("p")
    return ws.panel("p", PANEL.format(name="p"))


def test_any_object_at_any_moment_is_what_a_full_replay_of_the_journal_gives(ws: Workspace) -> None:
    dice = random.Random(11)
    names = [f"q{number}" for number in range(8)]
    for name in names:
        ws.panel(name, PANEL.format(name=name))
    for step in range(200):
        name = dice.choice(names)
        if step % 40 == 39:
            ws.delete(name)
            ws.panel(name, PANEL.format(name=name))
        elif dice.random() < 0.3:
            with contextlib.suppress(NotFoundError):  # nothing to take back
                ws[name].undo()
        else:
            ws[name].state["count"] = dice.randrange(500)
    facts = [fact for change in ws._host.changes() for fact in events(change)]
    moments = sorted({fact.ts for fact in facts})
    for _ in range(PAIRS):
        name, ts = dice.choice(names), dice.choice(moments) + dice.choice((-1, 0, 1))
        expected: dict[str, str] = {}
        for fact in facts:
            if fact.ts <= ts and (fact.object_type, fact.object_id) == ("Panel", name):
                expected.pop(fact.field, None)
                if fact.op == "set":
                    expected[fact.field] = fact.value
        rows = ws._host.trilog.ask(TwinAt(type="Panel", id=name, ts=ts)).to_pylist()
        assert {row["field"]: row["value"] for row in rows} == expected


def test_the_whole_workspace_at_a_moment_is_all_of_its_objects_with_and_without_a_checkpoint(
    ws: Workspace, panel: Any
) -> None:
    panel.state["count"] = 5
    then = last_ts(ws)
    panel.state["count"] = 6
    whole = ws.trilog.workspace_at(then, "Panel")
    assert set(whole["id"]) >= {"p"}
    for name in sorted(set(whole["id"])):
        alone = ws.trilog.twin("Panel", name).at(then)
        rows = whole[whole["id"] == name].reset_index(drop=True)
        pd.testing.assert_frame_equal(
            rows[["field", "value", "since", "rev", "actor"]], alone[["field", "value", "since", "rev", "actor"]]
        )
    assert (
        ws.trilog.workspace_at(then).set_index(["type", "id", "field"]).loc[("Panel", "p", "state.count"), "value"] == 5
    )


def test_the_graph_at_a_moment_is_the_graph_of_that_rev(ws: Workspace, panel: Any) -> None:
    panel.state["count"] = 1
    rev, then = ws._host.changes()[-1].rev, last_ts(ws)
    panel.state["count"] = 2
    assert ws.trilog.nog_at(then).rev == rev
    assert ws.trilog.nog_at(then - pd.Timedelta(1, "ns")).rev == rev - 1
    assert ws.trilog.nog_at("now").rev == rev + 1
    pd.testing.assert_frame_equal(ws.trilog.nog_at(then).nodes(), ws.nog.at(rev).nodes())
    assert "p/state.count" in ws.trilog.nog_at(then).to_networkx()


def test_a_difference_says_what_changed_by_whom_and_through_what(ws: Workspace, panel: Any) -> None:
    then = last_ts(ws)
    panel.state["seen"] = 3
    panel.state["seen"] = 0
    run = panel.run("add", by=7)
    found = ws.trilog.diff("p", then)
    assert found[["field", "before", "after", "changes", "cause"]].to_dict("records") == [
        {"field": "state.count", "before": 0, "after": 7, "changes": 1, "cause": "run add"}
    ]
    assert found["rev"][0] == run.rev
    assert found["trace_id"][0] == run.trace_id
    assert str(found["ts"].dt.tz) == "UTC"
    everything = ws.trilog.diff(None, then)
    assert list(everything["id"]) == ["p"]


def test_a_cause_goes_from_the_call_over_the_run_to_the_effect_of_its_change(ws: Workspace, panel: Any) -> None:
    run = panel.run("add", by=2000)
    for _ in range(200):
        if panel.state["seen"] == 2000:
            break
        time.sleep(0.02)
    ws.trilog.flush()
    tree = ws.trilog.cause(run)
    assert list(tree.frame["kind"]) == ["api", "span", "change", "span", "change"]
    assert list(tree.frame["text"])[1:] == [
        "action.run add",
        f"rev {run.rev}: run add in 'p'",
        "action.run effect:1",
        f"rev {run.rev + 1}: run effect:1 in 'p'",
    ]
    parents = dict(zip(tree.frame["id"], tree.frame["parent"], strict=True))
    assert parents[f"rev:{run.rev + 1}"] == tree.frame["id"][3]
    assert (
        set(ws.trilog.cause(run.rev + 1).frame["id"])
        == set(tree.frame["id"])
        == set(ws.trilog.cause(run.id).frame["id"])
    )
    assert "action.run add" in tree._repr_html_()


def test_an_error_leads_back_to_what_was_clicked(ws: Workspace, panel: Any) -> None:
    with pytest.raises(HandlerError) as caught:
        panel.run("boom")
    assert ws.trilog.cause(caught.value).path("error")[1:] == ["action.run boom", "no luck"]
    assert ws.trilog.cause(RuntimeError("no luck")).root["panel"] == "p"
    with pytest.raises(NotFoundError):
        ws.trilog.cause(RuntimeError("never happened"))


def test_undoing_is_part_of_the_tree_of_what_was_undone(ws: Workspace, panel: Any) -> None:
    panel.state["count"] = 9
    rev = ws._host.changes()[-1].rev
    panel.undo()
    assert f"rev:{rev}" in set(ws.trilog.cause(rev + 1).frame["id"])


def test_processes_are_counted_and_timed(ws: Workspace, panel: Any) -> None:
    start = moment(time.time_ns())
    for _ in range(4):
        panel.run("add")
    with pytest.raises(HandlerError):
        panel.run("boom")
    funnel = ws.trilog.process("PanelExecution").funnel(start=start).set_index("step")
    assert funnel["courses"].to_dict() == {
        "triggered": 5,
        "context_loaded": 5,
        "started": 5,
        "completed": 4,
        "failed": 1,
    }
    assert funnel.loc["completed", "share"] == 0.8
    latency = ws.trilog.process("PanelExecution").latency(by="panel", q=[0.5, 0.99], start=start)
    assert list(latency.columns) == ["panel", "courses", "p50_ms", "p99_ms"]
    assert latency["courses"].tolist() == [5]
    updates = ws.trilog.process("NOGUpdate").funnel().set_index("step")
    assert (
        updates.loc["requested", "courses"] == updates.loc["stored", "courses"] + updates.loc["refused", "courses"] > 0
    )
    with pytest.raises(TriLogError, match="no process"):
        ws.trilog.process("Nothing").funnel()


def test_a_replay_gives_the_facts_in_order_at_the_speed_asked_for(ws: Workspace, panel: Any) -> None:
    then = last_ts(ws)
    for value in (1, 2, 3):
        panel.state["count"] = value
    slow = ws.trilog.replay(then, speed=1, panel="p")
    fast = ws.trilog.replay(then, speed=10, panel="p")
    assert list(slow["value"]) == [1, 2, 3]
    assert slow["due"].is_monotonic_increasing
    assert list(slow["due"]) == pytest.approx(list(fast["due"] * 10))


def test_times_are_local_unless_they_say_so_and_answers_are_in_utc(ws: Workspace, panel: Any) -> None:
    panel.state["count"] = 4
    then = last_ts(ws)
    twin = ws.trilog.twin("Panel", "p")
    local = pd.Timestamp(then.floor("us").to_pydatetime().astimezone().replace(tzinfo=None)) + pd.Timedelta(1, "s")
    for when in (then, then.tz_convert("Asia/Tokyo"), local, str(then)):
        at = twin.at(when).set_index("field")
        assert at.loc["state.count", "value"] == 4
    assert str(twin.at("now")["since"].dt.tz) == "UTC"


def test_people_see_no_tables_but_those_of_their_workspace(ws: Workspace, panel: Any) -> None:
    assert len(set(ws.trilog.sql("select distinct workspace_id w from twin_changes")["w"])) == 1
    for query in ("select * from twin_changes settings additional_table_filters = {}", "select * from system.tables"):
        with pytest.raises(TriLogError):
            ws.trilog.sql(query)
