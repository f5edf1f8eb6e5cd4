"""Processes that Nexus starts.

Who attacks: whoever puts a file into the folder where a person works, such as the author of a cloned repository: a
`pyarrow.py` or `random.py`, which an interpreter started there would import. What must hold: no child runs it, none
inherits secrets of its parent's environment, none is left behind, and one that fails says why. Every place of the
source that starts a process goes through `nexus_jupyter.processes`.
"""

from __future__ import annotations

import ast
import contextlib
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from nexus_jupyter.processes import answer, environment, run, start

PACKAGE = Path(__file__).parent.parent.parent / "nexus_jupyter"
#: What starts processes: of the standard library, and GitPython, which other tools may have installed.
STARTERS = {
    "subprocess": None,
    "os": {"system", "popen", "fork", "forkpty", "startfile", "posix_spawn", "posix_spawnp"},
    "asyncio": {"create_subprocess_exec", "create_subprocess_shell"},
    "multiprocessing": None,
    "pty": None,
    "git": None,
}
#: Files that may start processes by themselves, and why.
EXEMPT = {
    "processes/child.py": "is the way",
    "demo.py": "becomes JupyterLab itself, with the person's own environment, where they asked for it",
    "benchmarks/": "run from a source checkout by developers, against peers that need their own environment",
    "engine/engine.py": "names multiprocessing in a message only",
}


def starts(tree: ast.AST) -> list[int]:
    """Return the lines that import or call what starts a process."""
    lines = []
    for node in ast.walk(tree):
        match node:
            case ast.Import(names=names):
                found = any(STARTERS.get(one.name.split(".")[0], set()) is None for one in names)
            case ast.ImportFrom(module=str(module), names=names):
                listed = STARTERS.get(module.split(".")[0], set())
                found = listed is None or any(one.name in listed for one in names)
            case ast.Attribute(value=ast.Name(id=module), attr=name):
                listed = STARTERS.get(module, set())
                calls = module == "os" and name.startswith(("exec", "spawn"))
                found = calls or (listed is not None and name in listed)
            case _:
                found = False
        if found:
            lines.append(node.lineno)
    return lines


@pytest.mark.parametrize("path", sorted(PACKAGE.rglob("*.py")), ids=lambda path: path.relative_to(PACKAGE).as_posix())
def test_every_process_is_started_in_one_way(path: Path) -> None:
    name = path.relative_to(PACKAGE).as_posix()
    if any(name == one or (one.endswith("/") and name.startswith(one)) for one in EXEMPT):
        return
    lines = starts(ast.parse(path.read_text(encoding="utf-8")))
    assert not lines, f"{name}, line {lines}: start processes by nexus_jupyter.processes"


@pytest.mark.parametrize(
    "source", ["import subprocess", "from os import system", "import os\nos.execv('a', [])", "import git.cmd"]
)
def test_the_walk_sees_what_starts_a_process(source: str) -> None:
    assert starts(ast.parse(source))


def test_files_in_the_working_folder_are_not_imported_by_the_history_process(tmp_path: Path) -> None:
    """The server is started in a folder with planted modules, and asks its history."""
    pytest.importorskip("chdb")
    mark = tmp_path / "ran"
    for name in ("pyarrow", "random", "json", "sqlalchemy", "chdb", "sitecustomize", "usercustomize"):
        (tmp_path / f"{name}.py").write_text(
            f"open({str(mark)!r}, 'a').write('{name} in ' + str(__import__('os').getpid()))"
        )
    program = (
        "import os\nfrom pathlib import Path\nfrom nexus_jupyter.notebook import Workspace\n"
        f"os.chdir({str(tmp_path)!r})\n"
        f"with Workspace.open(Path({str(tmp_path / 'ws')!r})) as ws: print(len(ws.trilog.sql('select 1')))"
    )
    given = {**os.environ, "PYTHONPATH": ""}
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False, env=given)
    assert not mark.exists(), mark.read_text()
    assert done.stdout.strip() == "1", done.stderr


def test_a_child_that_fails_says_why() -> None:
    child = start("nexus_jupyter.no_such_module")
    assert child.process.wait(60) != 0
    assert "No module named 'nexus_jupyter.no_such_module'" in child.said()
    child.end(0)


def test_a_child_has_little_environment_and_a_folder_of_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "a secret")
    monkeypatch.setenv("JUPYTER_TOKEN", "a secret")
    monkeypatch.setenv("PYTHONSTARTUP", str(tmp_path / "x.py"))
    monkeypatch.setenv("TZ", "JST-9")
    given = environment(tmp_path)
    assert "a secret" not in given.values()
    assert not any(name.startswith("PYTHON") for name in given)
    assert given["TZ"] == "UTC"
    assert given["HOME"] == given["TMPDIR"] == str(tmp_path)
    program = "import json, os; print(json.dumps([dict(os.environ), os.getcwd()]))"
    found, folder = json.loads(run([sys.executable, "-I", "-c", program], seconds=60).output)
    assert "a secret" not in found.values()
    assert folder != str(Path.cwd())
    assert not Path(folder).exists()


def test_a_program_is_named_by_its_full_path_and_ends_in_time() -> None:
    with pytest.raises(ValueError, match="full path"):
        run(["git", "--version"], seconds=1)
    with pytest.raises(TimeoutError):
        run([sys.executable, "-I", "-c", "import time; time.sleep(600)"], seconds=0.5)
    said = run([sys.executable, "-I", "-c", "import sys; print('x' * 10**6); sys.exit('because')"], seconds=60)
    assert (said.code, said.said.strip(), len(said.output)) == (1, "because", 64 << 10)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such limits")
def test_a_child_leaves_no_core_and_keeps_its_limits() -> None:
    program = (
        f"import json, resource, sys; sys.path.append({str(PACKAGE.parent)!r})\n"
        "from nexus_jupyter.processes.bootstrap import _bound\n"
        "_bound({'memory': None, 'seconds': 7, 'files': 99})\n"
        "print(json.dumps([resource.getrlimit(one) for one in (resource.RLIMIT_CORE, resource.RLIMIT_CPU, resource.RLIMIT_NOFILE)]))"
    )
    said = run([sys.executable, "-I", "-c", program], seconds=60)
    assert json.loads(said.output) == [[0, 0], [7, 7], [99, 99]], said.said


def test_the_history_process_ends_with_its_parent(tmp_path: Path) -> None:
    """The parent is killed; the process sees the end of its input and goes."""
    pytest.importorskip("chdb")
    program = (
        "from pathlib import Path\nfrom nexus_jupyter.notebook import Workspace\n"
        f"ws = Workspace.open(Path({str(tmp_path / 'ws')!r}))\nws.trilog.sql('select 1')\n"
        "print(ws._host.trilog._trilog.process_id, flush=True)\ninput()"
    )
    parent = subprocess.Popen(
        [sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    assert parent.stdout is not None
    number = int(parent.stdout.readline())
    parent.send_signal(signal.SIGKILL)
    parent.wait()
    psutil = pytest.importorskip("psutil")
    with contextlib.suppress(psutil.NoSuchProcess):
        psutil.Process(number).wait(60)
    parent.stdout.close()


def test_a_program_has_an_empty_home_unless_it_is_given_the_persons(monkeypatch: pytest.MonkeyPatch) -> None:
    show = [sys.executable, "-I", "-c", "import os; h = os.environ['HOME']; print(h, os.listdir(h))"]
    monkeypatch.delenv("HOME", raising=False)
    home, _, listed = answer(show, inherited=("HOME",)).output.decode().strip().partition(" ")
    assert listed == "[]", "no folder that others write to stands in for a home"
    assert Path(home).name.startswith("nexus-")
    monkeypatch.setenv("HOME", str(PACKAGE))
    assert answer(show, inherited=("HOME",)).output.decode().startswith(f"{PACKAGE} ")
