"""What the owner of a workspace sets: limits of runs, and what panels may reach at all."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from nexus_jupyter.sandbox import RunLimits
from nexus_jupyter.workspace.quotas import Quotas

__all__ = ["WorkspaceOptions"]


@dataclass(frozen=True, slots=True)
class WorkspaceOptions:
    """Options of a workspace.

    Attributes
    ----------
    limits
        What one run may use.
    connections
        Databases that panels can be granted, as SQLAlchemy URLs by name.
    private_origins
        Origins that panels can be granted although their addresses are not public.
    pooled
        Machines kept ready for each panel used lately.
    files_quota
        Bytes that the workspace's files may take.
    frame_bytes
        Bytes that a frame from outside, or the table of a function, may have when it is decoded.
    quotas
        How much of everything else there may be.
    versioned_file_limit
        Bytes that one file below ``files/`` may have to be kept in versions.
    database_url
        PostgreSQL's URL for the journal, checkpoints, grants and runs; files in the folder when left out. A workspace
        is found in it by its id.
    workspace_id
        The workspace's id in a shared database; the one in its folder when left out. For a folder that does not outlive
        its container, and for rows from before there were ids, which were kept under the folder's name.
    checkpoint_every
        Changes between two checkpoints, 0 for none: opening replays no more than these.
    checkpoint_bytes
        Bytes of changes between two checkpoints, if those before are fewer.
    versions_bytes
        Bytes of memory that versions of the past may take; those beyond it are made again when they are looked at.
    trilog_url
        A ClickHouse server's URL for the history; the embedded database when left out.
    """

    limits: RunLimits = field(default_factory=RunLimits)
    connections: Mapping[str, str] = field(default_factory=dict, repr=False)
    private_origins: tuple[str, ...] = ()
    pooled: int = 0
    files_quota: int = 100 << 20
    frame_bytes: int = 512 << 20
    quotas: Quotas = field(default_factory=Quotas)
    versioned_file_limit: int = 50 << 20
    database_url: str = field(default="", repr=False)
    workspace_id: str = ""
    checkpoint_every: int = 1000
    checkpoint_bytes: int = 32 << 20
    versions_bytes: int = 64 << 20
    trilog_url: str = field(default="", repr=False)

    @property
    def run_limits(self) -> RunLimits:
        """What one run may use: its report has to have room for a state's value, whatever else the run returns."""
        machine = self.limits.machine
        output = machine.output_bytes + self.quotas.state_value_bytes
        return replace(self.limits, machine=replace(machine, output_bytes=output))
