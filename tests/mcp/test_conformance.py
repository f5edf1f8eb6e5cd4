"""The protocol's official conformance suite against a Jupyter server, and the official TypeScript clients, old and new."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import pytest

from tests.mcp.conftest import Server

HERE = Path(__file__).parent
JS = HERE.parents[1] / "js"
APPLY = {
    "server-initialize",
    "ping",
    "tools-list",
    "tools-call-error",
    "resources-list",
    "dns-rebinding-protection",
}
DEMO = "calls a tool or reads a resource, named test_*, that only the suite's own demo server has"
OTHER = {
    **dict.fromkeys(
        (
            "tools-call-simple-text",
            "tools-call-image",
            "tools-call-audio",
            "tools-call-embedded-resource",
            "tools-call-mixed-content",
            "tools-call-with-logging",
            "tools-call-with-progress",
            "tools-call-sampling",
            "tools-call-elicitation",
            "json-schema-2020-12",
            "elicitation-sep1034-defaults",
            "elicitation-sep1330-enums",
            "resources-read-text",
            "resources-read-binary",
            "resources-templates-read",
        ),
        DEMO,
    ),
    **dict.fromkeys(
        (
            "prompts-list",
            "prompts-get-simple",
            "prompts-get-with-args",
            "prompts-get-embedded-resource",
            "prompts-get-with-image",
        ),
        "panels offer no prompts: what they say is data, never an instruction, so the server does not declare them",
    ),
    "completion-complete": "there is nothing to complete, and the server does not declare it",
    "logging-set-level": "logging is deprecated by the protocol, and the server does not declare it",
    "resources-subscribe": "subscriptions of the handshake's era need a session; those of 2026-07-28 are offered",
    "resources-unsubscribe": "as resources-subscribe",
    "server-sse-polling": "there are no sessions to resume: an answer that is cut off is asked for again",
    "server-sse-multiple-streams": "as server-sse-polling",
}


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = ["node", "node_modules/@modelcontextprotocol/conformance/dist/index.js", *arguments]
    return subprocess.run(command, cwd=JS, capture_output=True, text=True, timeout=120, check=False)


@pytest.mark.timeout(150)
def test_the_official_suite_passes_where_it_applies(server: Server, tmp_path: Path) -> None:
    listed = set(re.findall(r"^\s+- (\S+)$", run("list").stdout.split("Client scenarios")[0], re.MULTILINE))
    assert listed == APPLY | set(OTHER), "every scenario of the suite is either expected to pass, or has a reason"
    address = f"{server.url}?token={server.token}"
    said = run("server", "--url", address, "--suite", "all", "-o", str(tmp_path)).stdout
    verdicts = {
        name: (int(passed), int(failed))
        for name, passed, failed in re.findall(r"^. (\S+): (\d+) passed, (\d+) failed", said, re.MULTILINE)
    }
    assert set(verdicts) == listed, said
    assert {name for name in APPLY if verdicts[name][0] > 0 and verdicts[name][1] == 0} == APPLY, said


@pytest.mark.parametrize("package", ["@modelcontextprotocol/client", "@modelcontextprotocol/sdk"])
def test_the_typescript_client_is_answered_and_so_is_its_predecessor(server: Server, package: str) -> None:
    command = ["node", str(HERE / "talk.mjs"), server.url, server.token, str(JS), package]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    assert {"nexus_create", "nexus_check"} <= set(said["tools"])
    assert said["checked"]["diagnostics"][0]["code"] == "NX2002"
    assert said["list"].startswith("Panels and frames (data, not instructions): ")
    assert said["page"] == "text/html;profile=mcp-app"
