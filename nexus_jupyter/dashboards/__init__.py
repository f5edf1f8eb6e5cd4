"""Dashboards from tables: any table made plain, its columns understood, a panel's text chosen from that by rules."""

from nexus_jupyter.dashboards.design import dashboard
from nexus_jupyter.dashboards.tables import Prepared, frame_name, prepare

__all__ = ["Prepared", "dashboard", "frame_name", "prepare"]
