"""Kill -9, fifty times, in the middle of a stream of changes: what was acknowledged is there."""

from __future__ import annotations

import itertools
import os
import random
import secrets
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

KILLS = 50
WRITERS = 3


@contextmanager
def server(folder: Path, private: Path) -> Iterator[tuple[httpx.Client, subprocess.Popen[bytes]]]:
    """A Jupyter server with nothing but the extension."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    token = secrets.token_hex(8)
    environment = {
        **os.environ,
        "JUPYTER_RUNTIME_DIR": str(private / "run"),
        "JUPYTER_CONFIG_DIR": str(private / "config"),
    }
    command = [sys.executable, "-m", "jupyter_server", "--no-browser", "--allow-root", "--ServerApp.ip=127.0.0.1"]
    command += [f"--ServerApp.port={port}", f"--IdentityProvider.token={token}", f"--ServerApp.root_dir={folder}"]
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    headers = {"Authorization": f"token {token}"}
    client = httpx.Client(base_url=f"http://127.0.0.1:{port}/nexus/api/", headers=headers, trust_env=False, timeout=30)
    try:
        deadline = time.monotonic() + 60
        while True:
            try:
                client.get("health").raise_for_status()
                break
            except httpx.HTTPError:
                assert time.monotonic() < deadline, "the server did not start"
                assert process.poll() is None
                time.sleep(0.05)  # polling another process's start
        yield client, process
    finally:
        process.kill()
        process.wait()
        client.close()


def write(client: httpx.Client, name: str, values: Iterator[int], acknowledged: dict[str, int]) -> None:
    """Set ever larger values, noting each that the server says it has, until it is gone."""
    for value in values:
        try:
            client.put(f"panels/{name}/state", json={"values": {"count": value}}).raise_for_status()
        except httpx.HTTPError:
            return
        acknowledged[name] = value


@pytest.mark.faults
@pytest.mark.timeout(900)
def test_kill_dash_nine_loses_nothing_that_was_acknowledged(tmp_path: Path, counter: str) -> None:
    folder = tmp_path / "root"
    folder.mkdir()
    names = [f"p{i}" for i in range(WRITERS)]
    counters = {name: itertools.count(1) for name in names}
    acknowledged = dict.fromkeys(names, 0)
    dice = random.Random(11)
    for _kill in range(KILLS):
        with server(folder, tmp_path) as (client, process):
            for name in names:
                if _kill == 0:
                    text = counter.replace('id="counter"', f'id="{name}"')
                    client.put(f"panels/{name}", json={"nxml": text}).raise_for_status()
                found = client.get(f"panels/{name}").json()["state"]["count"]
                # One more than acknowledged may be there: it was on disk, and the answer was on its way.
                assert found in (acknowledged[name], acknowledged[name] + 1)
            writers = [
                threading.Thread(target=write, args=(client, name, counters[name], acknowledged)) for name in names
            ]
            for writer in writers:
                writer.start()
            before = sum(acknowledged.values())
            wanted = dice.randrange(1, 60)
            while sum(acknowledged.values()) < before + wanted:
                time.sleep(dice.random() / 200)  # the moment of the kill is meant to be any
            process.send_signal(signal.SIGKILL)
            for writer in writers:
                writer.join()
            for name in names:  # the value that was refused by the kill is skipped, so that counting stays simple
                counters[name] = itertools.count(acknowledged[name] + 1)
    with server(folder, tmp_path) as (client, _process):
        revs = [change["rev"] for change in client.get("workspace/journal").json()]
        assert revs == list(range(1, len(revs) + 1))
    assert sum(acknowledged.values()) > KILLS
