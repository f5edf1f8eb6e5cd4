"""What a cell leaves behind: a picture where nobody looks, and no more than one live view for each run."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest
from jupyter_client.blocking.client import BlockingKernelClient
from jupyter_client.manager import start_new_kernel

COUNTER = """<panel id="counter" title="Counter"><view><text id="value">The count is {count}</text></view>
<data><state name="count" type="int" default="7"/></data></panel>"""
SETUP = f"""import nexus_jupyter as nexus
%load_ext nexus_jupyter
ws = nexus.connect()
panel = ws.panel("counter", '''{COUNTER}''')"""


@pytest.fixture
def kernel(tmp_path: Path) -> Iterator[BlockingKernelClient]:
    manager, client = start_new_kernel(cwd=str(tmp_path), env={**os.environ})
    run(client, SETUP)
    yield client
    client.stop_channels()
    manager.shutdown_kernel(now=True)


def run(client: BlockingKernelClient, code: str, cell: str = "a") -> list[dict[str, Any]]:
    """Run a cell as JupyterLab does; return the bundles that it showed."""
    content = {"code": code, "silent": False, "store_history": True, "user_expressions": {}, "allow_stdin": True}
    message = client.session.msg("execute_request", {**content, "stop_on_error": True}, metadata={"cellId": cell})
    client.shell_channel.send(message)
    shown: list[dict[str, Any]] = []
    while True:
        told = client.get_iopub_msg(timeout=120)
        if told["parent_header"].get("msg_id") != message["header"]["msg_id"]:
            continue
        if told["msg_type"] in {"display_data", "execute_result"}:
            shown.append(told["content"]["data"])
        assert told["msg_type"] != "error", told["content"]
        if told["msg_type"] == "status" and told["content"]["execution_state"] == "idle":
            return shown


def test_a_notebook_that_a_program_executes_shows_the_picture(tmp_path: Path) -> None:
    cells = [nbformat.v4.new_code_cell(SETUP), nbformat.v4.new_code_cell("panel")]
    nbformat.write(nbformat.v4.new_notebook(cells=cells), tmp_path / "n.ipynb")
    command = [sys.executable, "-m", "nbconvert", "--execute", "--to", "html", "n.ipynb"]
    subprocess.run(command, cwd=tmp_path, check=True, capture_output=True, timeout=300)
    page = (tmp_path / "n.html").read_text()
    assert "The count is 7" in page
    assert "application/vnd.jupyter.widget-view+json" not in page


def test_a_cell_that_runs_again_lets_its_views_go(kernel: BlockingKernelClient) -> None:
    count = (
        "from ipywidgets import Widget; len([w for w in Widget.widgets.values() if type(w).__name__ == 'PanelWidget'])"
    )
    (shown,) = run(kernel, "panel")
    assert "application/vnd.jupyter.widget-view+json" in shown
    assert "The count is 7" in shown["text/html"]
    for _ in range(3):
        run(kernel, "from IPython.display import display\ndisplay(panel)\npanel")
    run(kernel, "panel", "b")
    (counted,) = run(kernel, count, "c")
    assert counted["text/plain"] == "3"


def test_status_reads_as_it_is(kernel: BlockingKernelClient) -> None:
    (shown,) = run(kernel, "%nexus status")
    first, last = shown["text/plain"].splitlines()
    assert first.startswith("Workspace('nexus-workspace', embedded in this process")
    assert "since no Jupyter server started this process" in first
    assert last == "Panels: counter"
