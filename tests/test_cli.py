"""The command line, run as people run it."""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from tests.ai.scripted import Models


def nexus(
    *args: str, cwd: Path | None = None, env: dict[str, str] | None = None, user: int | None = None
) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "nexus_jupyter.cli", *args]
    said = subprocess.run(
        command, cwd=cwd, env={**os.environ, **(env or {})}, capture_output=True, text=True, check=False, user=user
    )
    assert "Traceback" not in said.stdout + said.stderr, said.stderr
    return said


def test_check_tells_place_and_fix_and_fails(tmp_path: Path, examples: Path) -> None:
    assert nexus("check", *map(str, sorted((examples / "panels").glob("*.nxml")))).returncode == 0
    broken = tmp_path / "p.nxml"
    broken.write_text('<panel id="p"><view><buton id="b" label="x"/></view></panel>')
    said = nexus("check", str(broken))
    assert said.returncode == 1
    assert f"{broken}:1:21: error NX2002" in said.stdout
    assert "Fix: write <button>." in said.stdout
    assert json.loads(nexus("check", "--json", str(broken)).stdout)[0]["code"] == "NX2002"
    missing = nexus("check", str(tmp_path / "nothing.nxml"))
    assert (missing.returncode, missing.stderr.strip()) == (
        2,
        f"{tmp_path / 'nothing.nxml'}: No such file or directory.",
    )


def test_fmt_prints_canonically_and_twice_is_once(tmp_path: Path, counter: str) -> None:
    path = tmp_path / "p.nxml"
    path.write_text(counter.replace("\n    ", ""))
    assert nexus("fmt", "--check", str(path)).returncode == 1
    assert nexus("fmt", str(path)).returncode == 0
    assert nexus("fmt", "--check", str(path)).returncode == 0


def test_fmt_leaves_a_file_with_errors_as_it_is_and_keeps_the_rights_of_the_others(
    tmp_path: Path, counter: str
) -> None:
    broken, whole = tmp_path / "broken.nxml", tmp_path / "whole.nxml"
    broken.write_text('<panel id="p"><!-- mine --><view><text>x</view></panel>')
    whole.write_text(counter.replace("\n    ", ""))
    whole.chmod(0o640)
    (tmp_path / "link.nxml").symlink_to(whole)
    before = broken.read_text()
    done = nexus("fmt", str(broken), str(tmp_path / "link.nxml"))
    assert done.returncode == 1
    assert "broken.nxml: has errors, so it is left as it is" in done.stderr
    assert broken.read_text() == before
    assert "\n    " in whole.read_text()
    assert whole.stat().st_mode & 0o777 == 0o640
    assert sorted(path.name for path in tmp_path.iterdir()) == ["broken.nxml", "link.nxml", "whole.nxml"]


def test_init_and_run_work_on_a_folder(tmp_path: Path, counter: str) -> None:
    from nexus_jupyter.notebook import Workspace

    assert nexus("init", "ws", cwd=tmp_path).returncode == 0
    with Workspace.open(tmp_path / "ws") as ws:
        ws.panel("counter", counter)
    assert nexus("run", "ws", "counter", "add", "by=3", cwd=tmp_path).stdout.strip() == "3"
    assert json.loads(nexus("run", "ws", "counter", "add", "by=3", "--json", cwd=tmp_path).stdout)["value"] == 6
    assert "Its actions: add" in nexus("run", "ws", "counter", "sub", cwd=tmp_path).stderr
    assert "nexus init" in nexus("run", "nowhere", "counter", "add", cwd=tmp_path).stderr


@pytest.mark.parametrize("command", ["demo", "doctor", "check", "fmt", "init", "run", "bench", "ai"])
def test_every_command_explains_itself(command: str) -> None:
    assert nexus(command, "--help").returncode == 0


def findings(said: subprocess.CompletedProcess[str]) -> dict[str, dict[str, str]]:
    return {finding["name"]: finding for finding in json.loads(said.stdout)}


def test_doctor_on_a_healthy_machine(tmp_path: Path) -> None:
    said = nexus("doctor", "--json", "--dir", str(tmp_path), "--port", "0")
    assert said.returncode == 0
    assert {f["state"] for f in findings(said).values()} == {"ok"}


def test_doctor_without_git_and_node_says_what_to_do(tmp_path: Path) -> None:
    said = nexus("doctor", "--json", "--dir", str(tmp_path), env={"PATH": str(tmp_path)})
    found = findings(said)
    assert found["git"]["state"] == "warning"
    assert "apt-get install git" in found["git"]["advice"]
    assert "Node.js is not installed" in found["node"]["detail"]
    assert said.returncode == 0, "neither is needed to use panels"


def test_doctor_with_a_port_taken_says_so(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        found = findings(nexus("doctor", "--json", "--dir", str(tmp_path), "--port", str(taken.getsockname()[1])))
    assert found["port"]["state"] == "warning"
    assert "--port" in found["port"]["advice"]


def test_doctor_tells_of_models_without_showing_a_key(tmp_path: Path) -> None:
    nothing = findings(nexus("doctor", "--json", "--dir", str(tmp_path), "--port", "0"))["models"]
    assert nothing["state"] == "ok"
    assert "NEXUS_AI_URL" in nothing["advice"]
    down = {"NEXUS_AI_URL": "http://127.0.0.1:9/v1", "NEXUS_AI_MODEL": "m", "NEXUS_AI_KEY": "sk-canary-4711"}
    said = nexus("doctor", "--json", "--dir", str(tmp_path), "--port", "0", env=down)
    assert "cannot be reached at 127.0.0.1" in findings(said)["models"]["detail"]
    assert "canary" not in said.stdout + said.stderr
    wrong = findings(nexus("doctor", "--json", "--dir", str(tmp_path), "--port", "0", env={"NEXUS_AI_ENDPOINTS": "{"}))
    assert wrong["models"]["state"] == "error"
    assert "no JSON" in wrong["models"]["detail"]


def test_recorded_answers_are_recorded_again_by_a_model_that_is_configured(tmp_path: Path, examples: Path) -> None:
    kept = tmp_path / "kept"
    shutil.copytree(examples / "transcripts", kept)
    names = sorted(path.name for path in kept.iterdir())
    without = nexus("ai", "record", str(kept))
    assert (without.returncode, "NEXUS_AI_URL" in without.stderr) == (1, True)
    models = Models()
    try:
        models.will(*[f"new {number}" for number in range(len(names))])
        said = nexus("ai", "record", str(kept), env={"NEXUS_AI_URL": models.url, "NEXUS_AI_MODEL": "script-1"})
    finally:
        models.close()
    assert said.stdout.strip() == f"{len(names)} answers were recorded in {kept}."
    assert sorted(path.name for path in kept.iterdir()) == names, "what is asked is what was asked"
    assert {json.loads((kept / name).read_text())["model"] for name in names} == {"script-1"}
    assert nexus("ai", "record", str(tmp_path / "nothing")).returncode == 2


def test_the_demo_answers_without_a_model_and_leaves_alone_what_is_there(tmp_path: Path) -> None:
    mine = tmp_path / "nexus-demo" / "01-first-panel.ipynb"
    mine.parent.mkdir()
    mine.write_text("mine")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = str(probe.getsockname()[1])
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("NEXUS_", "OPENAI_"))}
    command = [sys.executable, "-m", "nexus_jupyter.cli", "demo", "--no-browser", "--port", port]
    with subprocess.Popen(command, cwd=tmp_path, env=clean, stderr=subprocess.PIPE, text=True) as demo:
        try:
            assert demo.stderr is not None
            found = (re.search(r"(http://127\.0\.0\.1:\d+/)lab\S*\?token=(\w+)", line) for line in demo.stderr)
            url, token = next(match.groups() for match in found if match)
            with httpx.Client(headers={"Authorization": f"token {token}"}, trust_env=False, timeout=60) as client:
                told = client.get(f"{url}nexus/api/ai").json()
                wish = "A small form to note returns: region and how many, and a list of what was noted"
                answer = client.post(f"{url}nexus/api/ai/complete", json={"text": wish, "create": "returns"}).text
        finally:
            demo.terminate()
            for _ in demo.stderr or ():
                pass
    assert (told["configured"], told["models"]) == (True, [])
    assert "event: proposal" in answer
    assert mine.read_text() == "mine"
    assert (mine.parent / "06-say-it.ipynb").is_file()


def test_doctor_with_a_folder_that_cannot_be_written() -> None:
    # Nobody, root included, can make files there.
    said = nexus("doctor", "--json", "--dir", "/proc/nexus")
    found = findings(said)
    assert said.returncode == 1
    assert found["folder"]["state"] == "error"
    assert "Choose another folder" in found["folder"]["advice"]
    opened = nexus("init", "/proc/nexus")
    assert opened.returncode == 1
    assert "cannot be written" in opened.stderr


def test_the_graph_is_exported_as_json_ld(tmp_path: Path, counter: str) -> None:
    from nexus_jupyter.notebook import Workspace

    with Workspace.open(tmp_path / "ws") as ws:
        ws.panel("counter", counter)
    said = nexus("export", "ws", "--jsonld", "graph.jsonld", cwd=tmp_path)
    assert said.returncode == 0, said.stderr
    document = json.loads((tmp_path / "graph.jsonld").read_text(encoding="utf-8"))
    things = {thing["@id"]: thing for thing in document["@graph"]}
    assert "schema:CreativeWork" in things["urn:nexus:workspace:ws:counter"]["@type"]
    assert "prov:Activity" in things["urn:nexus:workspace:ws:change:1"]["@type"]
    assert nexus("export", "ws", cwd=tmp_path).returncode == 2, "it has to be said as what"
