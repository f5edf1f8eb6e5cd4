"""Quotas: what exceeds one is refused with a sentence that says what to do, and changes nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from nexus_jupyter.engine import Engine
from nexus_jupyter.nog import Applied, Graph
from nexus_jupyter.protocol.errors import HandlerError, QuotaError
from nexus_jupyter.protocol.identity import Actor
from nexus_jupyter.workspace import Quotas, WorkspaceKernel, WorkspaceOptions
from nexus_jupyter.workspace.quotas import QuotaGuard

NOTES = """<panel id="notes"><data><state name="text" type="str" default=""/></data>
<logic><action name="fill" params="n: int">state.text = 'x'.repeat(n);</action>
<uses cap="fs.write" why="keep notes"/><action name="keep" params="name: str">await nx.files.write(name, 'x');</action>
<tool name="fill" action="fill">Fill.</tool><tool name="keep" action="keep">Keep.</tool></logic></panel>"""

Open = Callable[..., Any]


@pytest.fixture
def limited(tmp_path: Path, engine: Engine) -> Open:
    @contextmanager
    def opened(**quotas: int) -> Iterator[WorkspaceKernel]:
        kernel = WorkspaceKernel(tmp_path / "ws", engine=engine, options=WorkspaceOptions(quotas=Quotas(**quotas)))
        try:
            yield kernel
        finally:
            kernel.close()

    return opened


def named(text: str, name: str) -> str:
    return text.replace('id="counter"', f'id="{name}"')


def test_a_workspace_has_so_many_panels_and_no_more(limited: Open, ann: Actor, bob: Actor, counter: str) -> None:
    with limited(panels=2) as kernel:
        kernel.put_panel("a", named(counter, "a"), ann)
        kernel.put_panel("b", named(counter, "b"), bob)
        rev = kernel.head.rev
        with pytest.raises(QuotaError, match="has 2 panels, and may have 2") as refused:
            kernel.put_panel("c", named(counter, "c"), ann)
        assert "NexusApp.quota_panels" in refused.value.hint
        assert (kernel.panels(), kernel.head.rev) == (["a", "b"], rev)
        kernel.put_panel("a", named(counter, "a").replace("+1", "+ 1"), ann)
        kernel.delete("b", bob)
        kernel.put_panel("c", named(counter, "c"), ann)


def test_one_person_makes_so_many_panels_and_others_may_still(
    limited: Open, ann: Actor, bob: Actor, counter: str
) -> None:
    with limited(panels_per_user=2) as kernel:
        for name in ("a", "b"):
            kernel.put_panel(name, named(counter, name), ann)
        with pytest.raises(QuotaError, match="You have made 2 panels here, and may have 2"):
            kernel.put_panel("c", named(counter, "c"), ann)
        kernel.put_panel("c", named(counter, "c"), bob)
        kernel.delete("a", ann)
        kernel.put_panel("d", named(counter, "d"), ann)


def test_the_states_of_a_panel_take_so_much_and_no_more(limited: Open, ann: Actor) -> None:
    with limited(panel_state_bytes=10_000) as kernel:
        kernel.put_panel("notes", NOTES, ann)
        kernel.set_state("notes", {"text": "y" * 9_000}, ann)
        with pytest.raises(QuotaError, match="The states of 'notes' would take"):
            kernel.set_state("notes", {"text": "y" * 11_000}, ann)
        with pytest.raises(QuotaError, match="The states of 'notes'"):
            kernel.execution.start("notes", "fill", [20_000], ann).result()
        assert kernel.panel("notes").state == {"text": "y" * 9_000}
        kernel.set_state("notes", {"text": "small"}, ann)


def test_what_is_too_large_already_may_shrink(limited: Open, ann: Actor) -> None:
    with limited() as kernel:
        kernel.put_panel("notes", NOTES, ann)
        kernel.set_state("notes", {"text": "y" * 9_000}, ann)
    with limited(panel_state_bytes=1_000) as kernel:
        kernel.set_state("notes", {"text": "y" * 5_000}, ann)
        with pytest.raises(QuotaError):
            kernel.set_state("notes", {"text": "y" * 6_000}, ann)


def test_all_states_together_take_so_much_and_no_more(limited: Open, ann: Actor) -> None:
    with limited(state_bytes=10_000) as kernel:
        for name in ("one", "two"):
            kernel.put_panel(name, NOTES.replace('id="notes"', f'id="{name}"'), ann)
        kernel.set_state("one", {"text": "y" * 6_000}, ann)
        with pytest.raises(QuotaError, match="All states of the workspace"):
            kernel.set_state("two", {"text": "y" * 6_000}, ann)
        kernel.set_state("one", {"text": ""}, ann)
        kernel.set_state("two", {"text": "y" * 6_000}, ann)


def test_one_person_who_changes_too_fast_is_slowed_and_others_are_not(ann: Actor, bob: Actor) -> None:
    nothing = Applied(Graph(), [], [])
    seconds = 0.0
    guard = QuotaGuard(Quotas(changes_per_minute=100, changes_per_minute_per_user=60), lambda: seconds)
    for _ in range(60):
        guard.check(ann, "counter", Graph(), nothing)
    with pytest.raises(QuotaError, match="60 times a minute") as refused:
        guard.check(ann, "counter", Graph(), nothing)
    assert "Wait 1 s" in refused.value.hint
    for _ in range(40):
        guard.check(bob, "counter", Graph(), nothing)
    with pytest.raises(QuotaError, match="Everybody together"):
        guard.check(bob, "counter", Graph(), nothing)
    seconds = 2.0
    guard.check(ann, "counter", Graph(), nothing)


def test_a_rate_holds_in_a_real_workspace(limited: Open, ann: Actor, bob: Actor, counter: str) -> None:
    with limited(changes_per_minute_per_user=20) as kernel:
        kernel.put_panel("counter", counter, bob)
        for value in range(20):
            kernel.set_state("counter", {"count": value + 1}, ann)
        with pytest.raises(QuotaError, match="You change"):
            kernel.set_state("counter", {"count": 99}, ann)
        kernel.set_state("counter", {"count": 999}, bob)
        assert kernel.head.rev == 22


def test_panels_keep_so_many_files_and_no_more(limited: Open, ann: Actor) -> None:
    with limited(files=2) as kernel:
        kernel.put_panel("notes", NOTES, ann)
        kernel.permissions.grant("notes", "fs.write", None, ann)
        for name in ("a.txt", "b.txt", "a.txt"):
            kernel.execution.start("notes", "keep", [name], ann).result()
        with pytest.raises(HandlerError, match="has 2 files, and may have 2"):
            kernel.execution.start("notes", "keep", ["c.txt"], ann).result()
