"""The name of the person on whose account this process runs."""

from __future__ import annotations

import getpass
import os

__all__ = ["owner"]


def owner() -> str:
    """Return the Hub's user where there is a Hub, else the account's name."""
    hub_user = os.environ.get("JUPYTERHUB_USER")
    if hub_user:
        return hub_user
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container whose user has no name
        return "owner"
