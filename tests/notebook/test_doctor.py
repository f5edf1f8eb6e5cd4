"""`nexus doctor` in a kernel's environment tells what the server's sandbox has done."""

from __future__ import annotations

from pathlib import Path

import pytest

from nexus_jupyter.doctor import examine


def test_the_doctor_tells_the_servers_numbers(
    server: tuple[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url, token = server
    monkeypatch.setenv("NEXUS_SERVER_URL", url)
    monkeypatch.setenv("NEXUS_KERNEL_TOKEN", token)
    found = {finding.name: finding for finding in examine(tmp_path)}
    assert found["sandbox"].state == "ok"
    assert found["runs"].state == "ok"
    for name in ("nexus.instances: state ready value 0", "nexus.images", "nexus.pool"):
        assert name in found["runs"].detail
    monkeypatch.setenv("NEXUS_KERNEL_TOKEN", "wrong")
    assert {finding.name: finding for finding in examine(tmp_path)}["runs"].state == "warning"
