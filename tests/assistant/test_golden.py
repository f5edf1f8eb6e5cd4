"""The golden set judges as it says: answers by hand reach every goal, and others do not."""

from __future__ import annotations

from dataclasses import replace

from nexus_jupyter.benchmarks.ai import by_hand, scored
from nexus_jupyter.benchmarks.golden import tasks
from tests.assistant.conftest import change, run, set_


def test_there_are_sixty_tasks_of_different_names_and_each_has_a_goal() -> None:
    found = tasks()
    assert len({task.id for task in found}) == len(found) == 60
    assert all(task.goal for task in found)


def test_answers_written_by_hand_reach_every_goal_and_change_nothing_else() -> None:
    for score in run(scored(by_hand, tasks())):
        assert (score.valid, score.applied, score.goal, score.untouched) == (True,) * 4, score
        assert 0 < score.tokens < 400, score


def test_an_answer_that_misses_the_goal_or_changes_more_is_told_apart() -> None:
    first = tasks()[0]
    none = replace(first, by_hand=change(set_("minus", "label", "Add")))
    broken = replace(first, by_hand=change(set_("plus", "labl", "Add")))
    prose = replace(first, by_hand="I renamed it.")
    missed, refused, nothing = run(scored(by_hand, [none, broken, prose]))
    assert (missed.valid, missed.applied, missed.goal, missed.untouched) == (True, True, False, False)
    assert refused.goal is False
    assert (nothing.valid, nothing.applied, nothing.goal, nothing.untouched) == (False, False, False, True)
