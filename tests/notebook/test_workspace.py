"""The face that people use in notebooks, the same whether the workspace is in this process or behind a server."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest

import nexus_jupyter as nexus
from nexus_jupyter.notebook import Workspace
from nexus_jupyter.protocol.errors import FrameError, HandlerError, NotFoundError, RequestError, UnavailableError


def test_a_panel_is_made_run_set_and_undone(ws: Workspace, counter: str) -> None:
    panel = ws.panel("counter", counter)
    run = panel.run("add", by=2)
    assert (run.value, dict(panel.state)) == (2, {"count": 2})
    assert run.profile.cpu_ms > 0
    assert len(run.trace_id) == 32
    panel.state["count"] = 5
    panel.undo()
    assert panel.state["count"] == 2
    panel.redo()
    assert panel.state["count"] == 5
    assert panel.nxml == counter
    assert "counter" in ws
    assert list(ws) == ["counter"]
    assert ws["counter"].rev == panel.rev


def test_errors_are_of_the_same_kind_and_say_the_same(ws: Workspace, counter: str) -> None:
    panel = ws.panel("counter", counter)
    with pytest.raises(nexus.StateError, match="must be int"):
        panel.state["count"] = "many"
    with pytest.raises(AttributeError, match=r"write \.state\['count'\] = 3"):
        panel.state.count = 3  # type: ignore[attr-defined]  # what people try
    with pytest.raises(KeyError, match="Panels here: counter"):
        ws["nothing"]
    with pytest.raises(NotFoundError, match="Its actions: add"):
        panel.run("nothing")
    with pytest.raises(RequestError, match="no parameter 'of'"):
        panel.run("add", of=1)
    with pytest.raises(nexus.NXMLError, match="did you mean <button>") as broken:
        ws.panel("counter", counter.replace("<button", "<buton"))
    assert broken.value.diagnostics[0].span.line == 3
    with pytest.raises(nexus.PatchError, match="nothing with the id"):
        panel.edit([{"op": "set", "id": "none", "attrs": {"label": "x"}}])
    failing = counter.replace("return state.count;", "nx.fail('not today');")
    with pytest.raises(nexus.HandlerError, match="not today") as failed:
        ws.panel("counter", failing).run("add")
    assert failed.value.kind == "threw"
    assert failed.value.span is not None
    assert failed.value.span.line == 8


def test_a_panel_is_edited_by_id_in_both_forms(ws: Workspace, counter: str) -> None:
    panel = ws.panel("counter", counter)
    rev = panel.edit('<patch panel="counter"><set id="plus" label="More"/></patch>')
    assert panel.edit({"ops": [{"op": "set", "id": "plus", "attrs": {"kind": "primary"}}]}) == rev + 1
    assert 'label="More" on:press="add(1)" kind="primary"' in panel.nxml


def test_a_frame_feeds_a_panel_and_what_is_no_table_is_refused(ws: Workspace, examples: Path) -> None:
    ws.bind(weather=pd.read_csv(examples / "data" / "seattle-weather.csv", parse_dates=["date"]))
    panel = ws.panel("weather", (examples / "panels" / "weather.nxml").read_text())
    assert "1,461" in panel.html
    panel.state["kind"] = "snow"
    assert ">23<" in panel.html
    with pytest.raises(FrameError, match="is a dict, which is no table"):
        ws.bind(df={"a": 1})


def test_versions_go_back_and_forth(ws: Workspace, counter: str) -> None:
    panel = ws.panel("counter", counter)
    panel.run("add", by=1)
    version = ws.history.commit("one")
    panel.run("add", by=1)
    ws.history.commit()
    assert list(ws.history.log()["message"])[:2] == ["counter: state.count value 1 -> 2", "one"]
    ws.history.checkout(version)
    assert panel.state["count"] == 1
    ws.history.checkout("HEAD")
    assert panel.state["count"] == 2


def test_changes_are_told_while_they_happen(ws: Workspace, counter: str) -> None:
    panel = ws.panel("counter", counter)
    told: list[nexus.Change] = []
    ready = threading.Event()

    def note(change: nexus.Change) -> None:
        told.append(change)
        ready.set()

    stop = panel.on_change(note)
    panel.run("add")
    assert ready.wait(60)
    assert told[0].rev == panel.rev
    stop()


async def _two_runs(panel: nexus.Panel) -> list[object]:
    import asyncio

    return [run.value for run in await asyncio.gather(panel.run_async("add"), panel.run_async("add"))]


def test_runs_can_be_awaited(ws: Workspace, counter: str) -> None:
    import asyncio
    from concurrent.futures import ThreadPoolExecutor

    panel = ws.panel("counter", counter)
    # In a thread of its own: the browser's driver keeps a loop running in the main one.
    with ThreadPoolExecutor(1) as pool:
        values = pool.submit(lambda: asyncio.run(_two_runs(panel))).result()
    assert sorted(map(str, values)) == ["1", "2"]


def test_the_graph_and_the_journal_are_tables(ws: Workspace, counter: str) -> None:
    ws.panel("counter", counter).run("add")
    edges = ws.nog.edges()
    found = set(zip(edges["source"], edges["relation"], edges["target"], strict=True))
    assert ("counter/plus", "triggers", "counter/action.add") in found
    assert ("counter/action.add", "writes", "counter/state.count") in found
    assert ("counter/value", "shows", "counter/state.count") in found
    assert "counter/plus" in set(ws.nog.nodes()["id"])
    assert ws.nog.to_networkx().has_edge("counter", "counter/view", key="contains")
    assert list(ws.journal["cause"])[-2:] == ["create", "run"]


def test_trilog_answers_through_both(ws: Workspace, counter: str) -> None:
    panel = ws.panel("counter", counter)
    panel.run("add", by=4)
    at = ws.trilog.twin("Panel", "counter").at("now").set_index("field")
    assert at.loc["state.count", "value"] == 4
    assert str(at.loc["state.count", "since"].tz) == "UTC"


def test_the_history_becomes_parquet_through_both(ws: Workspace, counter: str, tmp_path: Path) -> None:
    ws.panel("counter", counter).state["count"] = 4
    folder = ws.trilog.to_parquet(tmp_path / "history")
    read = pq.read_table(folder / "changes.parquet").to_pandas()
    asked = ws.trilog.sql("select value from twin_changes where field = 'state.count'")
    assert sorted(read[read["field"] == "state.count"]["value"]) == sorted(asked["value"])


def test_a_panel_shows_itself_as_html_that_is_safe_and_complete(ws: Workspace, counter: str) -> None:
    text = counter.replace('title="Counter"', 'title="&lt;script&gt;alert(1)&lt;/script&gt;"')
    data, _ = ws.panel("counter", text)._repr_mimebundle_()
    assert "<script" not in data["text/html"]
    assert "nx-panel" in data["text/html"]
    assert "count=0" in data["text/plain"]
    assert ("application/vnd.nexus.panel.v1+json" in data) == (ws._host.kind == "server")


def test_a_server_that_is_gone_is_told_with_what_to_do() -> None:
    from nexus_jupyter.notebook.remote import RemoteHost
    from nexus_jupyter.route import Route

    with pytest.raises(UnavailableError, match="restart this kernel"):
        RemoteHost(Route.to("http://127.0.0.1:9"), "x.y.z")


def test_connect_without_a_server_is_embedded_and_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    workspace = nexus.connect()
    assert "embedded in this process" in repr(workspace)
    assert nexus.connect() is workspace
    assert "since no Jupyter server started this process" in repr(workspace)
    workspace.close()
    assert "closed" in repr(workspace)
    again = nexus.connect()
    assert again is not workspace
    assert again.panels == []
    (tmp_path / "other").mkdir()
    monkeypatch.chdir(tmp_path / "other")
    other = nexus.connect()
    assert str(tmp_path / "other") in repr(other)
    monkeypatch.chdir(tmp_path)
    assert nexus.connect() is again
    monkeypatch.setenv("JPY_SESSION_NAME", "notebook.ipynb")
    with pytest.warns(UserWarning, match="Nexus is not enabled there, NexusApp.export_env is off, or"):
        nexus.connect()
    with pytest.raises(nexus.NexusError, match="'team' cannot be reached: the Jupyter server that started"):
        nexus.connect(workspace="team")
    again.close()
    other.close()


CALLING = """<panel id="calling">
  <data><state name="n" type="float" default="0"/></data>
  <logic>
    <uses cap="kernel.call" target="predict" why="to predict"/>
    <action name="ask" params="age: any = 1">state.n = await nx.kernel.call("predict", { age }); return state.n;</action>
  </logic>
</panel>"""


def test_a_panel_calls_an_exposed_function_once_it_may(ws: Workspace) -> None:
    seen: list[object] = []

    @ws.expose
    def predict(age: int, region: str = "north") -> float:
        """Predict something."""
        seen.append((age, region))
        if age > 100:
            raise ValueError("too old")
        return age * 1.5

    panel = ws.panel("calling", CALLING)
    with pytest.raises(nexus.HandlerError, match=r'ws\.grant\("calling", "kernel\.call", target="predict"\)') as caught:
        panel.run("ask", age=2)
    assert caught.value.kind == "denied"
    ws.grant("calling", "kernel.call", target="predict")
    run = panel.run("ask", age=2)
    assert run.value == 3.0
    assert [call.op for call in run.profile.host_calls] == ["kernel.call"]
    assert seen == [(2, "north")]
    with pytest.raises(nexus.HandlerError, match="'predict' cannot take age"):
        panel.run("ask", age="old")
    with pytest.raises(nexus.HandlerError, match="ValueError: too old"):
        panel.run("ask", age=101)
    table = ws.grants[ws.grants["panel"] == "calling"]
    assert table[["panel", "cap", "target", "holds"]].to_dict("records") == [
        {"panel": "calling", "cap": "kernel.call", "target": "predict", "holds": True}
    ]
    assert ws.revoke("calling") == 1
    assert not ws.grants.loc[ws.grants["panel"] == "calling", "holds"].any()
    with pytest.raises(nexus.HandlerError):
        panel.run("ask", age=2)
    again = ws.replay(run.id)
    assert (again.same, again.value) == (True, 3.0)
    assert list(ws.runs["outcome"])[:2] == ["denied", "threw"]


def test_what_cannot_be_exposed_or_granted_is_refused(ws: Workspace) -> None:
    with pytest.raises(nexus.NexusError, match="by name"):
        ws.expose(lambda *args: args, name="f")
    ws.panel("calling", CALLING)
    with pytest.raises(nexus.NexusError, match="Did you mean"):
        ws.grant("calling", "kernel.cal")
    with pytest.raises(NotFoundError):
        ws.grant("nobody", "net.http")


def test_functions_return_what_notebooks_have(ws: Workspace) -> None:
    import numpy as np
    import pandas as pd

    @ws.expose(name="predict")
    async def anything(age: int) -> object:
        return {"a": np.float64(1.5), "b": np.arange(3), "c": pd.DataFrame({"x": [1]}), "d": pd.Timestamp("2024-01-01")}

    ws.panel("calling", CALLING.replace('type="float" default="0"', 'type="any" default="0"'))
    ws.grant("calling", "kernel.call")
    assert ws["calling"].run("ask").value == {"a": 1.5, "b": [0, 1, 2], "c": [{"x": 1}], "d": "2024-01-01T00:00:00"}


def test_an_async_function_is_served_while_the_notebooks_own_loop_is_blocked(ws: Workspace) -> None:
    """As in a cell of a notebook, which runs on the kernel's loop and blocks it in ``panel.run``."""
    import asyncio

    async def cell() -> object:
        @ws.expose(name="predict")
        async def later(age: int) -> float:
            await asyncio.sleep(0.01)
            return age * 2.0

        ws.panel("calling", CALLING)
        ws.grant("calling", "kernel.call")
        blocked = ws["calling"].run("ask", age=4).value
        return blocked, (await ws["calling"].run_async("ask", age=5)).value

    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(lambda: asyncio.run(cell())).result(timeout=30) == (8.0, 10.0)
    # That loop has ended; the function can be called all the same.
    assert ws["calling"].run("ask", age=6).value == 12.0


STREAMED = """<panel id="story"><view><text id="t">{text}</text><toggle id="b" label="Busy" bind:value="busy"/><drawer id="d" title="More" bind:open="open"/></view>
<data><state name="text" type="str" default="old"/><state name="busy" type="bool" default="false"/><state name="n" type="int" default="0"/>
<state name="open" type="bool" default="false"/></data>
<logic><uses cap="kernel.call" why="to tell"/><action name="tell" params="how: str">state.n += 1; await nx.kernel.call("tell", { how });</action></logic></panel>"""


@pytest.mark.parametrize("how", ["done", "failed", "async"])
def test_what_one_call_of_a_function_sets_is_one_step_of_undo(ws: Workspace, how: str) -> None:
    panel = ws.panel("story", STREAMED)

    def pieces() -> Iterator[None]:
        panel.state["busy"] = True
        for piece in ("one ", "two ", "three"):
            panel.state["text"] = piece if piece == "one " else f"{panel.state['text']}{piece}"
            yield
        if how == "failed":
            panel.state["busy"] = False
            raise ValueError("out of words")
        panel.state["busy"] = False

    if how == "async":

        @ws.expose
        async def tell(how: str) -> None:
            for _piece in pieces():
                await asyncio.sleep(0)
    else:

        @ws.expose
        def tell(how: str) -> None:
            for _piece in pieces():
                pass

    ws.grant("story", "kernel.call", target="tell")
    panel.state["text"] = "before"
    if how == "failed":
        with pytest.raises(HandlerError, match="out of words"):
            panel.run("tell", how)
    else:
        panel.run("tell", how)
        assert panel.state["n"] == 1
        panel.undo()
        assert (panel.state["n"], panel.state["text"]) == (0, "one two three")
    panel.undo()
    assert (panel.state["text"], panel.state["busy"]) == ("before", False)
    panel.redo()
    assert (panel.state["text"], panel.state["busy"]) == ("one two three", False)
    panel.undo()
    panel.undo()
    assert panel.state["text"] == "old"
