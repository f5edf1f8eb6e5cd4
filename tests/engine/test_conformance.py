"""The runner of test262, on a small suite of our own in its form, and on one that fails."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from nexus_jupyter.engine.conformance import main

SUITE = Path(__file__).parent / "conformance"


def test_the_sample_passes_and_is_told_by_feature(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(SUITE), "--json", str(tmp_path / "out.json")]) == 0
    summary = json.loads((tmp_path / "out.json").read_text())
    assert (summary["passed"], summary["failed"], summary["skipped"]) == (15, 0, 4)
    assert summary["features"]["arrow-function"] == {"passed": 2}
    assert summary["features"]["cross-realm"] == {"skipped": 2}
    assert "15 passed" in capsys.readouterr().out


FAILING = {
    "assertion.js": ("", "assert.sameValue(1, 2);", "1 is not 2"),
    "no-error.js": ("negative: {phase: runtime, type: TypeError}", "1;", "no TypeError was thrown"),
    "other-error.js": ("negative: {phase: runtime, type: TypeError}", "nothing;", "ReferenceError was thrown"),
    "never-done.js": ("flags: [async]", "1;", "never completed"),
    "async-failure.js": ("flags: [async]", "$DONE(new Error('no'));", "AsyncTestFailure:Error: no"),
    "endless.js": ("flags: [onlyStrict]", "throw new Test262Error('x'.repeat(500));", "xxx"),
}


PASSING = {
    "names.js": ("", "assert.sameValue(typeof evaluate + typeof printed, 'undefinedundefined');"),
    "declares.js": ("flags: [noStrict]", "let evaluate = 1; let printed = 2; assert.sameValue(evaluate + printed, 3);"),
    "own-error.js": ("negative: {phase: runtime, type: Test262Error}", "throw new Test262Error('x');"),
    "line-ends.js": (
        "",
        "assert.sameValue('a\\\r\nb', 'ab'); assert.sameValue(`a\r\nb`.length, 3);\rvar b = 1; // x\rassert.sameValue(b, 1);",
    ),
    "line-ends-kept.js": ("", "assert.sameValue(function () {\r\n}.toString(), 'function () {\\r\\n}');"),
}
SKIPPED = {
    "realm.js": "$262.createRealm();",
    "script.js": "$262.evalScript('let x');",
    "agent.js": "$262.agent.start('');",
}


def test_the_host_is_as_tests_expect_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shutil.copytree(SUITE / "harness", tmp_path / "harness")
    (tmp_path / "test").mkdir()
    for name, (about, code) in PASSING.items():
        (tmp_path / "test" / name).write_bytes(f"/*---\n{about}\n---*/\n{code}\n".encode())
    for name, code in SKIPPED.items():
        (tmp_path / "test" / name).write_text(f"/*---\n---*/\n{code}\n")
    assert main([str(tmp_path)]) == 0
    summary = json.loads(capsys.readouterr().out)
    assert summary["failures"] == []
    assert (summary["passed"], summary["skipped"]) == (9, 6)


def test_failures_are_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shutil.copytree(SUITE / "harness", tmp_path / "harness")
    (tmp_path / "test").mkdir()
    for name, (about, code, _) in FAILING.items():
        (tmp_path / "test" / name).write_text(f"/*---\n{about}\n---*/\n{code}\n")
    (tmp_path / "test" / "helper_FIXTURE.js").write_text("not a test")
    assert main([str(tmp_path)]) == 1
    summary = json.loads(capsys.readouterr().out)
    assert summary["passed"] == 0
    told = {failure["file"]: failure["message"] for failure in summary["failures"]}
    for name, (_, _, message) in FAILING.items():
        assert message in told[name]
    assert main([str(tmp_path), "--only", "assertion"]) == 1
    assert json.loads(capsys.readouterr().out)["failed"] == 2


def test_a_folder_that_is_no_suite_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(tmp_path)]) == 2
    assert "no copy of test262" in capsys.readouterr().err
