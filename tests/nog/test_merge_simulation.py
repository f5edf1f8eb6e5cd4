"""Hundreds of pairs of concurrent edits: by ids few questions, all of them true, where git's lines conflict in half the pairs."""

from __future__ import annotations

from nexus_jupyter.benchmarks.merge import simulate
from tests.amount import SLOW


def test_few_of_many_concurrent_edits_need_a_question_and_each_question_is_true() -> None:
    found = simulate(400 if SLOW else 200, seed=7)
    assert found.true == found.asked, "both people really touched what they are asked about"
    assert found.wrong == 0, "no merged panel has errors"
    assert 0 < found.ours <= 0.08 * found.pairs
    assert found.git >= 5 * found.ours, "the same edits, merged by lines"
