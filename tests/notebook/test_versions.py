"""Versions as people use them in a notebook, embedded and through a server."""

from __future__ import annotations

import subprocess
import warnings
from pathlib import Path
from uuid import uuid4

import pytest

import nexus_jupyter as nexus
from nexus_jupyter.notebook import Workspace
from nexus_jupyter.notebook.conflicts import ConflictWarning
from nexus_jupyter.protocol.errors import ConflictError, HistoryError, NexusError, NotFoundError, PatchError

SALES = """<panel xmlns="urn:nexus:nxml:1" id="sales" title="Sales">
  <view>
    <metric id="kpi" label="Sales" value="{n}"/>
    <text id="rows">{n} rows</text>
    <button id="reset" label="Reset" on:press="reset()"/>
  </view>
  <data>
    <state name="n" type="int" default="0"/>
    <state name="kind" type="str" default="line"/>
  </data>
  <logic>
    <action name="reset">
      const before = state.n;
      state.n = 0;
      state.kind = "line";
      return before;
    </action>
  </logic>
</panel>
"""


def git(folder: Path, *args: str) -> str:
    return subprocess.run(["git", *args], cwd=folder, check=True, capture_output=True, text=True).stdout


@pytest.fixture
def fresh(ws: Workspace) -> Workspace:
    """The server's workspace is shared by all tests, so branches and tags have names of their own."""
    for name in list(ws.panels):
        ws.delete(name)
    ws.history.commit(without_panels=True)
    return ws


def set_attr(ws: Workspace, node: str, **attrs: str) -> None:
    ws["sales"].edit({"ops": [{"op": "set", "id": node, "attrs": attrs}]})


def test_two_branches_merge_without_questions_when_they_edit_different_things(fresh: Workspace) -> None:
    name = f"try-{uuid4().hex[:8]}"
    main = next(one.name for one in fresh.history.branches() if one.current)
    fresh.panel("sales", SALES)
    fresh.commit("start")
    fresh.history.branch(name)
    set_attr(fresh, "kpi", label="Turnover")
    fresh.commit()
    fresh.history.switch(name)
    assert 'label="Sales"' in fresh["sales"].nxml
    assert [one.current for one in fresh.history.branches() if one.name == name] == [True]
    set_attr(fresh, "kpi", value="{n + 1}")
    fresh["sales"].state["n"] = 4
    fresh.commit()
    fresh.history.switch(main)
    merged = fresh.history.merge(name)
    assert merged.outcome == "merged"
    assert merged.conflicts == []
    assert 'label="Turnover" value="{n + 1}"' in fresh["sales"].nxml
    assert fresh["sales"].state["n"] == 4
    log = fresh.history.log(everything=True)
    assert len(log["parents"][0]) == 2
    assert "*" in log["graph"][0]
    assert list(fresh.journal["cause"])[-1] == "merge"
    assert fresh.history.merge(name).outcome == "nothing"


def test_of_two_values_of_a_state_the_later_holds_and_the_other_is_told(fresh: Workspace) -> None:
    name = f"try-{uuid4().hex[:8]}"
    main = next(one.name for one in fresh.history.branches() if one.current)
    panel = fresh.panel("sales", SALES)
    fresh.commit("start")
    fresh.history.branch(name)
    panel.state["n"] = 1
    fresh.commit()
    fresh.history.switch(name)
    panel.state["n"] = 2
    fresh.commit()
    fresh.history.switch(main)
    merged = fresh.history.merge(name)
    assert merged.outcome == "merged"
    assert panel.state["n"] == 2
    assert merged.overruled == ["sales/state.n: 1, set here, gave way to a later value"]


def test_a_true_conflict_is_a_question_and_its_answer_ends_the_merge(fresh: Workspace) -> None:
    name = f"try-{uuid4().hex[:8]}"
    main = next(one.name for one in fresh.history.branches() if one.current)
    panel = fresh.panel("sales", SALES)
    fresh.commit("start")
    fresh.history.branch(name)
    set_attr(fresh, "kpi", label="Ours")
    fresh.commit()
    fresh.history.switch(name)
    set_attr(fresh, "kpi", label="Theirs")
    fresh.commit()
    fresh.history.switch(main)
    merged = fresh.history.merge(name)
    assert merged.outcome == "conflicts"
    assert merged.version is None
    (question,) = panel.conflicts
    assert (question.kind, question.entity, question.attr) == ("attribute", "sales/kpi", "attr:label")
    assert (question.base, question.ours.value, question.theirs.value) == ("Sales", "Ours", "Theirs")
    assert question.theirs.by
    assert question.ours.ts
    table = panel.conflicts._repr_html_()
    assert "Theirs" in table
    assert question.ours.by in table
    with pytest.raises(ConflictError, match="a question open"):
        fresh.history.switch(name)
    assert panel.conflicts == fresh.history.conflicts()
    panel.resolve(question, "theirs")
    assert 'label="Theirs"' in panel.nxml
    assert panel.conflicts == []
    assert list(fresh.journal["cause"])[-1] == "resolve"
    assert len(fresh.history.log()["parents"][0]) == 2
    panel.undo()
    assert 'label="Ours"' in panel.nxml
    assert len(panel.conflicts) == 1, "what was undone is asked again"
    panel.resolve(panel.conflicts[0].id, "ours")
    assert 'label="Ours"' in panel.nxml


def test_going_elsewhere_commits_what_is_in_no_version_yet(fresh: Workspace) -> None:
    panel = fresh.panel("sales", SALES)
    first = fresh.commit()
    panel.state["n"] = 8
    fresh.history.checkout(first)
    assert panel.state["n"] == 0
    assert fresh.history.log()["message"].iloc[0] == f"Before going to {first.id[:7]}: sales: state.n value 0 -> 8"
    fresh.history.checkout("HEAD")
    assert panel.state["n"] == 8
    count = len(fresh.history.log(limit=1000))
    fresh.history.checkout(first)
    fresh.history.checkout("HEAD")
    assert len(fresh.history.log(limit=1000)) == count, "what a version holds already needs no other"


def test_a_cell_that_is_run_again_unchanged_changes_nothing_that_was_edited_elsewhere(fresh: Workspace) -> None:
    panel = fresh.panel("sales", SALES)
    set_attr(fresh, "kpi", label="Edited elsewhere")
    rev = panel.rev
    assert 'label="Edited elsewhere"' in fresh.panel("sales", SALES).nxml
    assert panel.rev == rev


def test_a_changed_cell_is_merged_with_edits_made_elsewhere(fresh: Workspace) -> None:
    panel = fresh.panel("sales", SALES)
    panel.state["n"] = 3
    set_attr(fresh, "kpi", label="Elsewhere")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        fresh.panel(
            "sales",
            SALES.replace("{n} rows", "{n} lines").replace("const before = state.n;", "const before = state.n + 1;"),
        )
    assert 'label="Elsewhere"' in panel.nxml
    assert "{n} lines" in panel.nxml
    assert panel.run("reset").value == 4
    assert panel.conflicts == []


def test_a_cell_that_excludes_an_edit_made_elsewhere_asks_and_warns(fresh: Workspace) -> None:
    panel = fresh.panel("sales", SALES)
    set_attr(fresh, "kpi", label="Elsewhere")
    mine = SALES.replace('label="Sales"', 'label="Mine"')
    with pytest.warns(ConflictWarning, match=r"panel\.resolve"):
        fresh.panel("sales", mine)
    assert 'label="Elsewhere"' in panel.nxml
    rev = panel.rev
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        fresh.panel("sales", mine)
    assert panel.rev == rev, "the same text again changes and asks nothing"
    fresh.panel("sales", mine.replace("{n} rows", "{n} lines"))
    assert len(panel.conflicts) == 1, "the question survives the next definition"
    panel.resolve(panel.conflicts[0], "theirs")
    assert 'label="Mine"' in panel.nxml
    assert "{n} lines" in panel.nxml


def test_open_questions_travel_with_commits_and_checkouts(fresh: Workspace) -> None:
    panel = fresh.panel("sales", SALES)
    before = fresh.commit()
    set_attr(fresh, "kpi", label="Elsewhere")
    with pytest.warns(ConflictWarning):
        fresh.panel("sales", SALES.replace('label="Sales"', 'label="Mine"'))
    asked = panel.conflicts
    version = fresh.commit()
    fresh.history.checkout(before)
    assert panel.conflicts == []
    fresh.history.checkout(version)
    assert panel.conflicts == asked
    assert "conflict" not in panel.nxml
    assert panel.diagnostics == []
    assert panel.html


def test_an_answer_that_would_break_the_panel_is_refused_with_the_reasons(fresh: Workspace) -> None:
    text = SALES.replace(
        '<state name="kind" type="str" default="line"/>',
        '<state name="kind" type="str" default="line"/>\n<computed name="twice" expr="n * 2"/>',
    )
    panel = fresh.panel("sales", text)
    panel.edit({"ops": [{"op": "set", "id": "computed.twice", "attrs": {"expr": "n * 3"}}]})
    with pytest.warns(ConflictWarning):
        fresh.panel("sales", text.replace("n * 2", "kind"))
    panel.edit(
        {"ops": [{"op": "remove", "id": "state.kind"}, {"op": "code", "id": "action.reset", "text": "state.n = 0;"}]}
    )
    before = panel.nxml
    with pytest.raises(PatchError) as caught:
        panel.resolve(panel.conflicts[0], "theirs")
    assert caught.value.diagnostics
    assert panel.nxml == before
    assert len(panel.conflicts) == 1


def test_differences_are_objects_a_table_and_something_to_read(fresh: Workspace) -> None:
    panel = fresh.panel("sales", SALES)
    first = fresh.commit()
    rev = panel.rev
    set_attr(fresh, "kpi", label="Turnover")
    panel.edit({"ops": [{"op": "move", "id": "rows", "parent": "view", "before": "kpi"}]})
    panel.edit({"ops": [{"op": "remove", "id": "reset"}]})
    panel.state["n"] = 2
    words = ["kpi: label Sales -> Turnover", "state.n: value 0 -> 2", "-button reset", "moved rows before kpi"]
    found = fresh.history.diff()
    assert [change.words for change in found] == words
    assert [change.words for change in fresh.history.diff(first, None)] == words
    assert [change.words for change in fresh.history.diff(rev, rev + 1)] == words[:1]
    assert list(found.to_frame()["kind"]) == ["changed", "changed", "removed", "moved"]
    assert "Turnover" in found._repr_html_()
    assert (
        fresh.commit().message
        == "sales: kpi label Sales -> Turnover, state.n value 0 -> 2, -button reset, moved rows before kpi"
    )
    assert fresh.history.diff() == []
    with pytest.raises(NotFoundError):
        fresh.history.diff("nowhere")
    with pytest.raises(NotFoundError):
        fresh.history.diff(10**9)


def test_one_op_of_an_old_change_is_taken_back_and_the_rest_stands(fresh: Workspace) -> None:
    panel = fresh.panel("sales", SALES)
    rev = panel.edit(
        {
            "ops": [
                {"op": "set", "id": "kpi", "attrs": {"label": "A"}},
                {"op": "set", "id": "reset", "attrs": {"label": "B"}},
            ]
        }
    )
    panel.edit({"ops": [{"op": "set", "id": "kpi", "attrs": {"value": "{n * 2}"}}]})
    fresh.history.revert(rev, op=0)
    assert 'label="Sales" value="{n * 2}"' in panel.nxml
    assert 'label="B"' in panel.nxml
    fresh.history.revert(rev, op=1)
    assert 'label="Reset"' in panel.nxml
    newer = panel.edit({"ops": [{"op": "set", "id": "reset", "attrs": {"label": "C"}}]})
    with pytest.raises(ConflictError, match=f"rev {newer}") as caught:
        fresh.history.revert(rev, op=1)
    assert "has changed 'label'" in str(caught.value)
    with pytest.raises(NotFoundError, match="no op 9"):
        fresh.history.revert(rev, op=9)


def test_code_is_taken_back_by_lines_and_removed_things_come_back(fresh: Workspace) -> None:
    panel = fresh.panel("sales", SALES)
    body = 'const before = state.n;\nstate.n = 0;\nstate.kind = "line";\nreturn before;'
    rev = panel.edit({"ops": [{"op": "code", "id": "action.reset", "text": body.replace("state.n;", "state.n * 2;")}]})
    panel.edit(
        {
            "ops": [
                {
                    "op": "code",
                    "id": "action.reset",
                    "text": body.replace("state.n;", "state.n * 2;").replace("return before;", "return before + 1;"),
                }
            ]
        }
    )
    fresh.history.revert(rev, op=0)
    panel.state["n"] = 5
    assert panel.run("reset").value == 6
    gone = panel.edit({"ops": [{"op": "remove", "id": "rows"}]})
    set_attr(fresh, "kpi", label="Later")
    fresh.history.revert(gone)
    assert "{n} rows" in panel.nxml
    assert 'label="Later"' in panel.nxml


def test_a_commit_is_taken_back_as_a_whole(fresh: Workspace) -> None:
    panel = fresh.panel("sales", SALES)
    fresh.commit()
    set_attr(fresh, "kpi", label="Wrong")
    wrong = fresh.commit()
    set_attr(fresh, "reset", label="Again")
    assert fresh.history.revert(wrong).outcome == "merged"
    assert 'label="Sales"' in panel.nxml
    assert 'label="Again"' in panel.nxml
    assert list(fresh.journal["cause"])[-1] == "revert"


def test_names_and_places_of_versions_are_refused_with_what_to_do(fresh: Workspace) -> None:
    fresh.panel("sales", SALES)
    fresh.commit()
    name = f"v{uuid4().hex[:6]}-x"
    fresh.history.tag(name)
    assert fresh.history.diff(name) == []
    for call, says in (
        (lambda: fresh.history.tag(name), "already"),
        (lambda: fresh.history.branch("--force"), "cannot be the name"),
        (lambda: fresh.history.branch("a..b"), "cannot be the name"),
        (lambda: fresh.history.branch("abcdef12"), "looks like a commit"),
        (lambda: fresh.history.switch("nowhere-at-all"), "no branch"),
        (lambda: fresh.history.merge("--upload-pack=x"), "no name of a version"),
        (lambda: fresh.history.remote("origin", "ext::sh -c 'touch x'"), "cannot be a remote"),
        (lambda: fresh.history.remote("origin", "-oProxyCommand=x:y"), "cannot be a remote"),
        (lambda: fresh.history.remote("origin", "ssh://-oProxyCommand=x/y"), "cannot be a remote"),
        (lambda: fresh.history.remote("origin", "https://me:secret@example.org/x.git"), "no password"),
        (lambda: fresh.history.remote("origin", "/nowhere/at/all"), "no git repository"),
        (lambda: fresh.history.push("nobody"), "no remote 'nobody'"),
    ):
        with pytest.raises(NexusError, match=says):
            call()


# Job 5: two people, two branches


def clone(bare: Path, folder: Path) -> Workspace:
    subprocess.run(["git", "clone", "-q", str(bare), str(folder)], check=True, capture_output=True)
    return Workspace.open(folder)


def test_two_people_edit_one_panel_and_are_asked_only_about_the_one_true_conflict(tmp_path: Path) -> None:
    bare = tmp_path / "team.git"
    subprocess.run(["git", "init", "-q", "--bare", "--initial-branch=main", str(bare)], check=True)
    with Workspace.open(tmp_path / "ann") as ann:
        ann.panel("sales", SALES)
        ann.history.remote("origin", str(bare))
        ann.commit("The dashboard")
        ann.history.push()
        with clone(bare, tmp_path / "bob") as bob:
            assert bob.panels == ["sales"], "a clone that is opened has its panels"
            with pytest.raises(NotFoundError, match="nobody has confirmed"):
                bob.history.push()
            bob.history.remote("origin", str(bare))
            assert bob.history.diff() == []
            # Both edit neighbouring lines, one body, and one and the same label.
            ann["sales"].edit({"ops": [
                {"op": "set", "id": "kpi", "attrs": {"label": "Turnover"}},
                {"op": "set", "id": "reset", "attrs": {"label": "Start again"}},
                {"op": "replace_text", "id": "action.reset", "attr": "text", "old": "const before = state.n;", "new": "const before = state.n * 2;"},
            ]})  # fmt: skip
            ann["sales"].state["n"] = 7
            bob["sales"].edit({"ops": [
                {"op": "set", "id": "kpi", "attrs": {"value": "{n + 1}"}},
                {"op": "set", "id": "reset", "attrs": {"label": "From the top"}},
                {"op": "move", "id": "rows", "parent": "view", "before": "kpi"},
                {"op": "replace_text", "id": "action.reset", "attr": "text", "old": "return before;", "new": "return before + 1;"},
            ]})  # fmt: skip
            ann.commit()
            ann.history.push()
            bob.commit()
            with pytest.raises(ConflictError, match="has versions that are not here"):
                bob.history.push()
            merged = bob.history.pull()
            assert merged.outcome == "conflicts"
            (question,) = bob["sales"].conflicts
            assert question.entity == "sales/reset"
            assert {question.ours.value, question.theirs.value} == {"From the top", "Start again"}
            assert "<<<<" not in bob["sales"].nxml
            bob["sales"].resolve(question, "theirs")
            text = bob["sales"].nxml
            assert 'label="Turnover" value="{n + 1}"' in text
            assert text.index('id="rows"') < text.index('id="kpi"')
            assert bob["sales"].state["n"] == 7
            assert bob["sales"].run("reset").value == 15
            bob.commit()
            bob.history.push()
        assert ann.history.pull().outcome == "merged"
        assert 'label="Start again"' in ann["sales"].nxml
        assert "return before + 1;" in ann["sales"].nxml
        assert ann["sales"].conflicts == []
        assert git(bare, "log", "--merges", "--format=%P", "main").split()
        assert git(tmp_path / "ann", "status", "--porcelain") == "", "plain git sees a clean repository"


def test_a_file_that_both_changed_is_kept_twice_and_large_ones_are_refused(tmp_path: Path) -> None:
    bare = tmp_path / "team.git"
    subprocess.run(["git", "init", "-q", "--bare", "--initial-branch=main", str(bare)], check=True)
    options = nexus_options(1000)
    with Workspace.open(tmp_path / "ann", options=options) as ann:
        files = tmp_path / "ann" / "files"
        (files / "deep").mkdir(parents=True)
        (files / "both.bin").write_bytes(b"\0\1\2")
        (files / "deep" / "one.txt").write_text("one\n")
        (files / "link").symlink_to("/etc/passwd")
        ann.history.remote("origin", str(bare))
        first = ann.commit()
        assert first.message == "file files/both.bin; file files/deep/one.txt"
        ann.history.push()
        with clone(bare, tmp_path / "bob") as bob:
            theirs = tmp_path / "bob" / "files"
            bob.history.remote("origin", str(bare))
            (theirs / "both.bin").write_bytes(b"bob")
            (theirs / "new.txt").write_text("new")
            bob.commit()
            bob.history.push()
            mark = bob.history.log()["id"][0][:7]
        (files / "both.bin").write_bytes(b"ann")
        merged = ann.history.pull()
        assert merged.outcome == "merged"
        assert (files / "both.bin").read_bytes() == b"ann"
        assert (files / f"both.bin.theirs-{mark}").read_bytes() == b"bob"
        assert (files / "new.txt").read_text() == "new"
        assert merged.notes == [
            f"files/both.bin was changed on both sides: theirs is beside it as files/both.bin.theirs-{mark}."
        ]
        ann.history.checkout(first)
        assert sorted(path.name for path in files.iterdir()) == ["both.bin", "deep", "link"]
        assert (files / "both.bin").read_bytes() == b"\0\1\2"
        ann.history.checkout("HEAD")
        assert (files / "new.txt").exists()
        (files / "large").write_bytes(b"x" * 2000)
        with pytest.raises(HistoryError, match=r"files/large .* at most"):
            ann.commit()


def nexus_options(limit: int) -> object:
    from nexus_jupyter.workspace import WorkspaceOptions

    return WorkspaceOptions(versioned_file_limit=limit)


def test_links_that_only_together_go_in_a_circle_are_refused(tmp_path: Path) -> None:
    def panel(name: str, of: str = "") -> str:
        link = f'<link name="x" from="{of}.v"/>' if of else ""
        data = f'<data>{link}<state name="n" type="int" default="0"/></data><logic><export name="v" expr="{"x" if of else "n"}"/></logic>'
        return f'<panel id="{name}"><view><text id="t">{{n}}</text></view>{data}</panel>'

    with Workspace.open(tmp_path / "ws") as ws:
        ws.panel("a", panel("a"))
        ws.panel("b", panel("b"))
        ws.commit()
        ws.history.branch("other")
        ws.panel("a", panel("a", "b"))
        ws.commit()
        ws.history.switch("other")
        ws.panel("b", panel("b", "a"))
        ws.commit()
        with pytest.raises(NexusError, match="go in a circle"):
            ws.history.merge("main")
        assert ws.history.diff() == []


def test_what_git_did_from_outside_is_taken_in_before_a_commit(tmp_path: Path) -> None:
    folder = tmp_path / "ws"
    with Workspace.open(folder) as ws:
        ws.panel("sales", SALES)
        ws.commit()
    git(folder, "config", "user.name", "x")
    git(folder, "config", "user.email", "x@example.org")
    path = folder / "panels" / "sales.nxml"
    path.write_text(path.read_text().replace("{n} rows", "{n} lines"))
    git(folder, "commit", "-qam", "by hand")
    with Workspace.open(folder) as ws:
        set_attr(ws, "kpi", label="Inside")
        ws.commit()
        assert "{n} lines" in ws["sales"].nxml
        assert 'label="Inside"' in ws["sales"].nxml
        assert list(ws.history.log()["message"]) == ["sales: kpi label Sales -> Inside", "by hand", "add sales"]
    assert git(folder, "status", "--porcelain") == ""


def test_the_users_own_files_are_switched_with_the_branch_and_never_overwritten(tmp_path: Path) -> None:
    folder = tmp_path / "ws"
    with Workspace.open(folder) as ws:
        ws.panel("sales", SALES)
        ws.commit()
        git(folder, "config", "user.name", "x")
        git(folder, "config", "user.email", "x@example.org")
        (folder / "notebook.ipynb").write_text("main")
        git(folder, "add", "notebook.ipynb")
        git(folder, "commit", "-qm", "notebook")
        ws.history.branch("other")
        ws.history.switch("other")
        (folder / "notebook.ipynb").write_text("other")
        git(folder, "commit", "-qam", "other")
        ws.history.switch("main")
        assert (folder / "notebook.ipynb").read_text() == "main"
        (folder / "notebook.ipynb").write_text("not saved")
        with pytest.raises(HistoryError, match=r"notebook.ipynb has changes that are in no version"):
            ws.history.switch("other")
        assert (folder / "notebook.ipynb").read_text() == "not saved"
        assert nexus.ConflictError is ConflictError
