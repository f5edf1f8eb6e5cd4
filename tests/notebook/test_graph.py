"""`ws.nog`: the same answers embedded and over the server."""

from __future__ import annotations

import jsonpatch
import pandas as pd
import pytest

from nexus_jupyter.notebook import Workspace
from nexus_jupyter.protocol.errors import NotFoundError, RequestError

SOURCE = """<panel id="source" title="Source">
  <view><slider id="s" label="Save to" bind:value="n"/><text id="t">{twice}</text><button id="b" label="Go" on:press="grow()"/></view>
  <data><state name="n" type="int" default="2"/><computed name="twice" expr="n * 2"/></data>
  <logic><export name="out" expr="twice"/><action name="grow">state.n += 1;</action></logic>
</panel>"""
TARGET = """<panel id="target" title="Target"><view><text id="t">{q}</text></view><data><link name="q" from="source.out"/></data></panel>"""


@pytest.fixture
def graph(ws: Workspace) -> Workspace:
    ws.panel("source", SOURCE)
    ws.panel("target", TARGET)
    return ws


def test_a_query_finds_entities_by_type_relation_and_attribute(graph: Workspace) -> None:
    nog = graph.nog
    elements = nog.match("Panel").where(id="source").out("contains", "Element", depth=None)
    assert {entity.id for entity in elements} >= {"source/view", "source/s", "source/t", "source/b"}
    assert [entity.id for entity in elements.where("label", "contains", "Save")] == ["source/s"]
    assert [entity.id for entity in elements.where(tag="button").where("label", "!=", "Save")] == ["source/b"]
    readers = nog.match("State").where(id="source/state.n").into("derivedFrom", "Computed").into("shows", "Element")
    assert [entity.id for entity in readers] == ["source/t"]
    assert readers.truncated == ""
    assert list(elements.limit(2).frame.columns) == ["id", "type", "parent", "attrs"]
    assert len(elements.limit(2)) == 2
    assert "<table" in elements._repr_html_()
    with pytest.raises(RequestError, match="takes no functions"):
        nog.match("Panel").where(lambda entity: entity.id == "source")


def test_the_impact_of_a_state_reaches_other_panels_and_says_how(graph: Workspace) -> None:
    impact = graph.nog.impact("source/state.n")
    assert {"source/s", "source/computed.twice", "source/t", "source/export.out", "source/action.grow"} <= set(
        impact.ids
    )
    assert {"target/link.q", "target/t"} <= set(impact.ids)
    row = impact.frame.set_index("id").loc["target/t"]
    assert row["distance"] == 4
    assert row["path"] == (
        "source/state.n > source/computed.twice (derivedFrom) > source/export.out (derivedFrom) "
        "> target/link.q (derivedFrom) > target/t (shows)"
    )
    assert "target" in graph.nog.impact("source").ids
    assert "source/state.n" not in graph.nog.impact("target").ids
    with pytest.raises(NotFoundError):
        graph.nog.impact("nowhere")


def test_a_neighbourhood_fits_its_budget_and_begins_with_what_it_is_about(graph: Workspace) -> None:
    found = graph.nog.neighbourhood("source/state.n", budget=4)
    assert len(found) == 4
    assert found.entities[0].id == "source/state.n"
    assert list(found.frame["score"]) == sorted(found.frame["score"], reverse=True)
    assert "budget of 4" in found.truncated
    typed = graph.nog.neighbourhood(["source/state.n"], relations=["binds", "derivedFrom"])
    assert {entity.id for entity in typed} == {
        "source/state.n",
        "source/s",
        "source/computed.twice",
        "source/export.out",
    }


def test_an_explanation_names_the_change_the_action_and_the_person(graph: Workspace) -> None:
    graph["source"].run("grow")
    why = graph.nog.explain("source/state.n")
    first = why.frame.iloc[0]
    assert (first["attrs"], first["kind"], first["action"]) == ("value", "run", "grow")
    assert first["rev"] == graph.nog.rev
    assert isinstance(first["ts"], pd.Timestamp)
    html = why._repr_html_()
    assert "The action &#x27;grow&#x27; in &#x27;source&#x27;" in html
    # Notebooks set the two parts of a list of definitions beside each other, far apart.
    assert "<dl" not in html


def test_a_past_version_of_the_graph_answers_like_the_present_one(graph: Workspace) -> None:
    before = graph.nog.rev
    then = graph.nog.at(before)
    nodes, edges = graph.nog.nodes(), graph.nog.edges()
    graph["source"].state["n"] = 9
    graph.delete("target")
    assert "target" not in list(graph.nog.nodes()["id"])
    pd.testing.assert_frame_equal(then.nodes(), nodes)
    pd.testing.assert_frame_equal(then.edges(), edges)
    assert "target/t" in then.impact("source/state.n").ids
    assert then.match("State").where(id="source/state.n").entities[0].attrs["value"] == 2
    assert then.rev == before
    assert then.to_networkx().has_edge("target", "source", key="links")
    with pytest.raises(NotFoundError, match="no rev 99999"):
        graph.nog.at(99999).nodes()


def test_a_change_as_rfc_6902_leads_from_one_version_of_the_document_to_the_next(graph: Workspace) -> None:
    graph["source"].state["n"] = 7
    graph.delete("target")
    last = graph.nog.rev
    for rev in (last - 1, last):
        patch = graph.nog.json_patch(rev)
        before, after = graph.nog.at(rev - 1).to_json(), graph.nog.at(rev).to_json()
        assert jsonpatch.apply_patch(before, patch) == after
    with pytest.raises(jsonpatch.JsonPatchTestFailed):
        jsonpatch.apply_patch(graph.nog.at(last - 2).to_json(), graph.nog.json_patch(last))


def test_the_graph_is_drawn_from_rows_that_the_workspace_serves(graph: Workspace) -> None:
    panel = graph.nog.show("drawing")
    assert panel.diagnostics == []
    grants = graph.grants
    assert list(grants[(grants["panel"] == "drawing") & grants["holds"]]["cap"]) == ["panel.read"]
    graph.nog.show("drawing")
    assert len(graph.grants[graph.grants["panel"] == "drawing"]) == len(grants[grants["panel"] == "drawing"])
    assert "nx-diagram" in panel.html
