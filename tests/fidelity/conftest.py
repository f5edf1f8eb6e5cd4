"""The workspaces of the notebook's tests: one in this process, one behind a server."""

from tests.notebook.conftest import _no_server_of_our_own, server, ws  # noqa: F401  # fixtures are found by import
