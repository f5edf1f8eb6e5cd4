"""A real Jupyter server with the extension. Run with ``-p pytest_jupyter.jupyter_server``."""

from __future__ import annotations

from typing import Any

import pytest


@pytest.fixture
def jp_server_config() -> dict[str, Any]:
    return {"ServerApp": {"jpserver_extensions": {"nexus_jupyter": True}}}
