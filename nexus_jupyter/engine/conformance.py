"""Running ECMAScript's conformance tests (test262) in the engine.

    python -m nexus_jupyter.engine.conformance DIR [--only TEXT] [--json FILE] [--failures N]

``DIR`` is a checkout of test262, or any folder with ``harness/`` and ``test/`` in its form. What the engine has not
is counted as skipped: modules, threads, realms and scripts within scripts (handlers have none), Intl and Temporal
(QuickJS has none).
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import dataclass, field
from functools import cache, partial
from pathlib import Path
from typing import Literal

import yaml

from nexus_jupyter.engine import Engine, EngineFailure, Image, Limits

__all__ = ["Conformance", "Result", "main"]

Verdict = Literal["passed", "failed", "skipped"]
#: What tests expect around them: https://github.com/tc39/test262/blob/main/INTERPRETING.md
_HOST = """
(() => {
  const printed = [];
  globalThis.print = (text) => { printed.push(String(text)); };
  globalThis.$262 = {
    global: globalThis,
    detachArrayBuffer: (buffer) => { buffer.transfer(); },
    gc: () => {},
  };
  globalThis.engine = { receive: () => {}, report: () => printed };
})();
"""
#: The suite's own error class has no name, by which errors are told apart here.
_NAMED = "Object.defineProperty(Test262Error.prototype, 'name', { value: 'Test262Error', configurable: true });"
#: Functions of the host that tests call and handlers do not have: a script within a script, another realm, threads.
_NOT_THERE = {"$262.evalScript": "scripts", "$262.createRealm": "realms", "$262.agent": "threads"}
#: Flags and features of tests that ask for what handlers do not have.
_LEFT_OUT = {
    "module": "modules",
    "CanBlockIsTrue": "threads",
    "Atomics": "threads",
    "Atomics.pause": "threads",
    "Atomics.waitAsync": "threads",
    "SharedArrayBuffer": "threads",
    "Temporal": "Temporal",
    "cross-realm": "realms",
    "ShadowRealm": "realms",
    "dynamic-import": "modules",
    "import-attributes": "modules",
    "import-defer": "modules",
    "import.meta": "modules",
    "source-phase-imports": "modules",
    "top-level-await": "modules",
    "IsHTMLDDA": "document.all",
}
_LIMITS = Limits(cpu_seconds=10)
_COMPLETE = "Test262:AsyncTestComplete"


@dataclass(frozen=True, slots=True)
class Result:
    """What became of a test in one mode (``strict`` or ``sloppy``)."""

    file: str
    mode: str
    verdict: Verdict
    features: tuple[str, ...]
    message: str = ""


@dataclass(frozen=True, slots=True)
class _Test:
    file: str
    source: str
    flags: frozenset[str]
    features: tuple[str, ...]
    includes: tuple[str, ...]
    error: str

    @property
    def left_out(self) -> str:
        """Why the test is skipped; empty when it is not."""
        names = [*self.flags, *self.features]
        if self.file.startswith("intl402/") or any(name.startswith("Intl") for name in names):
            return "Intl"
        asked = (reason for call, reason in _NOT_THERE.items() if call in self.source)
        return next((_LEFT_OUT[name] for name in names if name in _LEFT_OUT), "") or next(asked, "")

    @property
    def modes(self) -> list[str]:
        """The modes that the test is run in."""
        if self.flags & {"raw", "noStrict"}:
            return ["sloppy"]
        return ["strict"] if "onlyStrict" in self.flags else ["sloppy", "strict"]


@dataclass(slots=True)
class Conformance:
    """A test suite and the engine that it is run in.

    Attributes
    ----------
    folder
        With ``harness/`` and ``test/``.
    engine
        The engine.
    """

    folder: Path
    engine: Engine = field(default_factory=Engine.shared)

    def run(self, only: str = "") -> Iterator[Result]:
        """Yield what becomes of each test whose path has a text in it, in no particular order.

        Raises
        ------
        FileNotFoundError
            If the folder is no test suite.
        """
        if not (self.folder / "test").is_dir() or not (self.folder / "harness").is_dir():
            raise FileNotFoundError(f"{self.folder} has no folders 'harness' and 'test': it is no copy of test262.")
        image = self.engine.image("test262", _HOST)
        waiting: set[Future[list[Result]]] = set()
        for path in sorted((self.folder / "test").rglob("*.js")):
            name = path.relative_to(self.folder / "test").as_posix()
            if "_FIXTURE" in name or only not in name:
                continue
            waiting.add(self.engine.submit(partial(self._run, image, path, name)))
            if len(waiting) > 4 * self.engine.threads:
                done, waiting = wait(waiting, return_when=FIRST_COMPLETED)
                for future in done:
                    yield from future.result()
        for future in waiting:
            yield from future.result()

    def _run(self, image: Image, path: Path, name: str) -> list[Result]:
        test = _read(name, path.read_bytes().decode())  # with the line ends that it has
        if test.left_out:
            return [Result(name, mode, "skipped", test.features, test.left_out) for mode in test.modes]
        return [self._judge(image, test, mode) for mode in test.modes]

    def _judge(self, image: Image, test: _Test, mode: str) -> Result:
        machine = image.start(_LIMITS)
        thrown, printed = None, []
        try:
            if "raw" not in test.flags:
                for include in ("assert.js", "sta.js", *test.includes):
                    machine.evaluate(_harness(self.folder, include), include)
                machine.evaluate(_NAMED, "named")
                if "async" in test.flags:
                    machine.evaluate(_harness(self.folder, "doneprintHandle.js"), "doneprintHandle.js")
            strict = '"use strict";\n' if mode == "strict" else ""
            machine.evaluate(strict + test.source, test.file)
            report = machine.send(None)
            printed = report if isinstance(report, list) else []
        except EngineFailure as failure:
            thrown = failure
        finally:
            machine.close()
        message = _complaint(test, thrown, [str(line) for line in printed])
        return Result(test.file, mode, "failed" if message else "passed", test.features, message)


def _complaint(test: _Test, thrown: EngineFailure | None, printed: list[str]) -> str:
    """Return what is wrong with an outcome; empty when it is as the test says."""
    if test.error:
        if thrown is None:
            return f"no {test.error} was thrown"
        return "" if thrown.name == test.error else f"{thrown.name or thrown.kind} was thrown, not {test.error}"
    if thrown is not None:
        return f"{thrown.name or thrown.kind}: {thrown.message}"
    if "async" in test.flags and _COMPLETE not in printed:
        return printed[0] if printed else "it never completed"
    return ""


def _read(file: str, source: str) -> _Test:
    _, _, rest = source.partition("/*---")
    about = yaml.safe_load(rest.partition("---*/")[0].replace("\r", "\n")) or {}
    negative = about.get("negative") or {}
    return _Test(
        file=file,
        source=source,
        flags=frozenset(about.get("flags") or ()),
        features=tuple(about.get("features") or ()),
        includes=tuple(about.get("includes") or ()),
        error=negative.get("type", ""),
    )


@cache
def _harness(folder: Path, name: str) -> str:
    return (folder / "harness" / name).read_text(encoding="utf-8")


def _summary(results: list[Result], failures: int) -> dict[str, object]:
    features: dict[str, Counter[str]] = {}
    for result in results:
        for feature in result.features or ("(core)",):
            features.setdefault(feature, Counter())[result.verdict] += 1
    verdicts = Counter(result.verdict for result in results)
    failed = [result for result in results if result.verdict == "failed"]
    return {
        **{verdict: verdicts[verdict] for verdict in ("passed", "failed", "skipped")},
        "features": {name: dict(sorted(features[name].items())) for name in sorted(features)},
        "failures": [
            {"file": result.file, "mode": result.mode, "message": result.message[:200]}
            for result in sorted(failed, key=lambda result: (result.file, result.mode))[:failures]
        ],
    }


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; the exit code is 1 when a test failed."""
    parser = argparse.ArgumentParser(description="Run test262 in the engine.")
    parser.add_argument("folder", type=Path, help="a checkout of test262")
    parser.add_argument("--only", default="", help="run tests whose path has this text")
    parser.add_argument("--json", type=Path, help="write the summary to this file instead of printing it")
    parser.add_argument("--failures", type=int, default=100, help="how many failures are listed")
    options = parser.parse_args(arguments)
    try:
        results = list(Conformance(options.folder).run(options.only))
    except FileNotFoundError as error:
        print(error, file=sys.stderr)
        return 2
    summary = _summary(results, options.failures)
    text = json.dumps(summary, indent=1)
    if options.json:
        options.json.write_text(text, encoding="utf-8")
        print(", ".join(f"{summary[verdict]} {verdict}" for verdict in ("passed", "failed", "skipped")))
    else:
        print(text)
    return 1 if summary["failed"] else 0


if __name__ == "__main__":
    sys.exit(main())
