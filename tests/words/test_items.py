"""A control in a `for` over a list state is bound to a field of its item, and changes that alone."""

from __future__ import annotations

from typing import Any

import pytest

from nexus_jupyter.language import check
from nexus_jupyter.workspace import WorkspaceKernel
from tests.conftest import ANN, BOB
from tests.workspace.test_session import Client

TODO = """<panel xmlns="urn:nexus:nxml:1" id="todo" title="To do">
  <view>
    <row id="task" for="task in tasks" key="task.id">
      <checkbox id="done" label="{task.title}" bind:value="task.done"/>
      <input id="title" label="Title" bind:value="task.title"/>
      <number id="hours" label="Hours" bind:value="task.plan.hours"/>
    </row>
    <text id="open">{tasks | where('done', '==', false) | len} open</text>
  </view>
  <data>
    <type name="Plan" fields="hours: float?"/>
    <type name="Task" fields="id: str, title: str, done: bool, plan: Plan"/>
    <state name="tasks" type="list[Task]" default='[{"id": "a", "title": "One", "done": false, "plan": {"hours": 1}}, {"id": "b", "title": "Two", "done": true, "plan": {}}]'/>
  </data>
</panel>"""


def at(index: int, key: str | None, *path: str) -> dict[str, Any]:
    return {"index": index, "key": None if key is None else ["id"], "equals": key, "path": list(path)}


def put(client: Client, place: dict[str, Any], value: Any) -> Any:
    client.send(type="set", id="1", panel="todo", name="tasks", value=value, at=place)
    return client.until(lambda frame: frame["type"] == "result")


def test_two_people_change_two_items_at_the_same_time_and_both_changes_stay(kernel: WorkspaceKernel) -> None:
    kernel.put_panel("todo", TODO, ANN)
    ann, bob = Client(kernel, ANN), Client(kernel, BOB)
    # Both saw the list as it was; each sends the item's field alone.
    assert put(ann, at(0, "a", "done"), True)["problem"] is None
    assert put(bob, at(1, "b", "title"), "Deux")["problem"] is None
    assert put(bob, at(1, "b", "plan", "hours"), 2.5)["problem"] is None
    first, second = kernel.panel("todo").state["tasks"]  # type: ignore[misc]  # a list of two
    assert (first["done"], second["title"], second["plan"]) == (True, "Deux", {"hours": 2.5})  # type: ignore[index]
    assert kernel.undo("todo", BOB).change is not None


def test_an_item_is_found_by_its_key_wherever_it_stands_now(kernel: WorkspaceKernel) -> None:
    kernel.put_panel("todo", TODO, ANN)
    client = Client(kernel, ANN)
    tasks: Any = kernel.panel("todo").state["tasks"]
    kernel.set_state("todo", {"tasks": list(reversed(tasks))}, BOB)
    assert put(client, at(0, "a", "title"), "Un")["problem"] is None
    assert [task["title"] for task in kernel.panel("todo").state["tasks"]] == ["Two", "Un"]  # type: ignore[union-attr,index,call-overload]
    kernel.set_state("todo", {"tasks": tasks[1:]}, BOB)
    problem = put(client, at(0, "a", "title"), "Uno")["problem"]
    assert "not there any more" in problem["detail"]


@pytest.mark.parametrize(
    ("place", "value", "says"),
    [
        (at(7, None, "done"), True, "not there any more"),
        (at(-1, None, "done"), True, "not there any more"),
        (at(0, "a", "done"), "yes", "tasks"),
        (at(0, "a", "other"), 1, "tasks"),
        (at(0, "a", "title", "x"), 1, "no field"),
        (at(0, "a"), {}, "one to 32 names"),
        (at(0, "a", *["x"] * 2000), 1, "one to 32 names"),
        (at(0, "a", "__proto__"), 1, "tasks"),
    ],
)
def test_what_is_no_field_of_an_item_is_refused_and_changes_nothing(
    kernel: WorkspaceKernel, place: dict[str, Any], value: Any, says: str
) -> None:
    kernel.put_panel("todo", TODO, ANN)
    before = kernel.panel("todo").state
    problem = put(Client(kernel, ANN), place, value)["problem"]
    assert says in problem["detail"]
    assert kernel.panel("todo").state == before


@pytest.mark.parametrize(
    ("written", "says"),
    [
        ('bind:value="task.dnoe"', "have no field 'dnoe'"),
        ('bind:value="task"', "Bind a field of 'task', such as task.done."),
        ('bind:value="task.title"', "'task.title' is str, but value of <checkbox> is bool."),
        ('bind:value="task.plan"', "'task.plan' is record"),
        ('bind:value="tasks.done"', "bind: takes the name of a state"),
    ],
)
def test_what_cannot_be_bound_is_a_finding_at_its_place(written: str, says: str) -> None:
    text = TODO.replace('bind:value="task.done"', written)
    (found,) = [one for one in check(text) if one.severity == "error"]
    assert found.code == "NX3009"
    assert says in found.message
    assert text[found.span.start : found.span.end] == written.split('"')[1]


@pytest.mark.parametrize(
    ("loop", "fine"),
    [
        ("tasks", True),
        ("tasks | where('done', '==', false) | sort('title')", True),
        ("tasks | first(1)", True),
        ("tasks | pluck('plan')", False),
        ("[{ done: true }]", False),
        ("copies", False),
    ],
)
def test_items_of_lists_that_are_states_can_be_bound_and_no_others(loop: str, fine: bool) -> None:
    text = TODO.replace('for="task in tasks"', f'for="task in {loop}"')
    text = text.replace("</data>", '<computed name="copies" expr="tasks"/></data>')
    assert [one.code for one in check(text) if one.severity == "error"] == ([] if fine else ["NX3009"] * 3)
