"""Going to another version of a large workspace: only panels that differ are read, and others can be used meanwhile."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from nexus_jupyter.protocol.identity import Actor
from nexus_jupyter.protocol.panel import Build
from nexus_jupyter.workspace import WorkspaceKernel
from nexus_jupyter.workspace.versions import panel_of, version_files

ANN = Actor(id="ann", name="Ann")
PANEL = '<panel id="{name}" title="{title}"><data><state name="n" type="int" default="0"/></data></panel>'
LINKED = '<panel id="p5"><data><link name="n" from="p3.n"/></data></panel>'
WAYS: dict[str, Callable[[WorkspaceKernel], object]] = {
    "switch": lambda kernel: kernel.versions.switch("other", ANN),
    "checkout": lambda kernel: kernel.versions.checkout("other", ANN),
}


@pytest.fixture
def many(kernel: WorkspaceKernel) -> WorkspaceKernel:
    for number in range(30):
        kernel.put_panel(f"p{number}", PANEL.format(name=f"p{number}", title="one"), ANN)
    kernel.versions.commit(None, ANN)
    kernel.versions.branch("other", ANN)
    for number in range(3):
        kernel.put_panel(f"p{number}", PANEL.format(name=f"p{number}", title="two"), ANN)
    kernel.versions.commit(None, ANN)
    return kernel


@pytest.mark.parametrize("way", WAYS)
def test_only_panels_that_differ_are_read(many: WorkspaceKernel, way: str, monkeypatch: pytest.MonkeyPatch) -> None:
    checked: set[str | None] = set()
    check = many.reactor.check

    def noted(nxml: str) -> Build:
        build = check(nxml)
        checked.add(build.id)
        return build

    monkeypatch.setattr(many.reactor, "check", noted)
    WAYS[way](many)
    assert checked == {"p0", "p1", "p2"}
    assert [many.panel(f"p{number}").title for number in (0, 2, 3)] == ["one", "one", "one"]


def test_only_files_of_panels_that_changed_are_made_again_and_all_are_what_they_would_be(many: WorkspaceKernel) -> None:
    committer = many.versions._committer
    edits: dict[str, Callable[[], object]] = {
        "p3": lambda: many.set_state("p3", {"n": 3}, ANN),
        "p4": lambda: many.put_panel("p4", PANEL.format(name="p4", title="three"), ANN),
        "p5": lambda: many.put_panel("p5", LINKED, ANN),  # a relation of both
        "p6": lambda: many.delete("p6", ANN),
        "p7": lambda: many.undo("p4", ANN),
        "new": lambda: many.put_panel("new", PANEL.format(name="new", title="new"), ANN),
    }
    before = committer.files(many.head.graph)
    for name, edit in edits.items():
        edit()
        graph = many.head.graph
        files = committer.files(graph)
        texts = [many.panel(one).nxml for one in many.panels()]
        assert files == version_files(graph, dict(zip(texts, many.reactor.format_all(texts), strict=True)))
        made = {panel_of(path) for path, data in files.items() if data is not before.get(path)}
        assert made <= {name, "p3", "p4"}, name
        before = files


@pytest.mark.parametrize("way", WAYS)
def test_a_click_does_not_wait_for_what_takes_long(
    many: WorkspaceKernel, way: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    check = many.reactor.check
    waited: list[bool] = []

    def slow(nxml: str) -> Build:
        if threading.current_thread() is threading.main_thread() and not waited:
            click = threading.Thread(target=many.set_state, args=("p9", {"n": 5}, ANN))
            click.start()
            click.join(30)
            waited.append(click.is_alive())
        return check(nxml)

    monkeypatch.setattr(many.reactor, "check", slow)
    WAYS[way](many)
    assert waited == [False]
    assert many.panel("p0").title == "one"


@pytest.mark.parametrize("way", WAYS)
def test_values_panels_and_deletions_of_the_other_version_come_back(many: WorkspaceKernel, way: str) -> None:
    many.set_state("p5", {"n": 7}, ANN)
    many.delete("p6", ANN)
    many.put_panel("new", PANEL.format(name="new", title="new"), ANN)
    many.versions.commit(None, ANN)
    WAYS[way](many)
    assert many.panel("p5").state == {"n": 0}
    assert "p6" in many.panels()
    assert "new" not in many.panels()
