"""The Jupyter server extension."""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import fields
from pathlib import Path
from typing import Any

from jupyter_server.extension.application import ExtensionApp
from tornado.ioloop import PeriodicCallback
from traitlets import Bool, Dict, Float, Integer, List, Unicode, default

from nexus_jupyter.ai import Router, endpoints_from_environment, endpoints_of, withhold_keys
from nexus_jupyter.assets import asset_version
from nexus_jupyter.engine import Engine, Limits
from nexus_jupyter.identity import owner
from nexus_jupyter.protocol.errors import RequestError
from nexus_jupyter.sandbox import ParkingLimits, RunLimits
from nexus_jupyter.server import ai, execution, graph, panels, trilog, upkeep, versions, workspaces
from nexus_jupyter.server.assets import AssetHandler
from nexus_jupyter.server.files import PictureHandler
from nexus_jupyter.server.handler import NexusHandler, guarded
from nexus_jupyter.server.mcp import McpHandler
from nexus_jupyter.server.operation import openapi
from nexus_jupyter.server.room import ServerRoom
from nexus_jupyter.server.stream import StreamHandler
from nexus_jupyter.server.tokens import TokenIssuer
from nexus_jupyter.workspace import Quotas, WorkspaceOptions

__all__ = ["ROUTES", "NexusApp"]

_NAME = r"(?P<name>[^/]+)"

#: All routes below ``<base_url>nexus/api/``.
ROUTES: list[tuple[str, type]] = [
    ("health", workspaces.HealthHandler),
    ("files/(.+)", PictureHandler),
    ("workspaces", workspaces.WorkspacesHandler),
    ("panels", panels.PanelsHandler),
    (f"panels/{_NAME}", panels.PanelHandler),
    (f"panels/{_NAME}/dashboard", panels.DashboardHandler),
    (f"panels/{_NAME}/draft", panels.DraftHandler),
    (f"panels/{_NAME}/state", panels.StateHandler),
    (f"panels/{_NAME}/run/(?P<action>[^/]+)", panels.RunHandler),
    (f"panels/{_NAME}/undo", panels.UndoHandler),
    (f"panels/{_NAME}/html", panels.HtmlHandler),
    (f"panels/{_NAME}/build", panels.BuildHandler),
    (f"panels/{_NAME}/values", panels.ValuesHandler),
    (f"panels/{_NAME}/rows", panels.RowsHandler),
    ("patch/apply", panels.PatchHandler),
    ("check", panels.CheckHandler),
    ("format", panels.FormatHandler),
    ("fix", panels.FixHandler),
    ("components", panels.ComponentsHandler),
    ("grants", execution.GrantsHandler),
    ("metrics", execution.MetricsHandler),
    ("runs", execution.RunsHandler),
    ("runs/(?P<run>[0-9a-f]+)/replay", execution.ReplayHandler),
    ("workspace/commit", versions.CommitHandler),
    ("workspace/checkout", versions.CheckoutHandler),
    ("workspace/log", versions.LogHandler),
    ("workspace/diff", versions.DiffHandler),
    ("workspace/branch", versions.BranchHandler),
    ("workspace/switch", versions.SwitchHandler),
    ("workspace/merge", versions.MergeHandler),
    ("workspace/revert", versions.RevertHandler),
    ("workspace/tag", versions.TagHandler),
    ("workspace/remote", versions.RemoteHandler),
    ("workspace/push", versions.PushHandler),
    ("workspace/pull", versions.PullHandler),
    ("workspace/conflicts", versions.ConflictsHandler),
    ("workspace/export", workspaces.ExportHandler),
    ("workspace/journal", workspaces.JournalHandler),
    ("workspace/journal/table", workspaces.JournalTableHandler),
    ("workspace/journal/export", upkeep.ExportedJournalHandler),
    ("workspace/compact", upkeep.CompactHandler),
    ("workspace/adoption", upkeep.AdoptionHandler),
    ("workspace/adoption/allow", upkeep.AllowHandler),
    ("workspace/graph", graph.GraphHandler),
    ("workspace/graph/match", graph.MatchHandler),
    ("workspace/graph/impact", graph.ImpactHandler),
    ("workspace/graph/explain", graph.ExplainHandler),
    ("workspace/graph/neighbourhood", graph.NeighbourhoodHandler),
    ("workspace/graph/jsonld", graph.JsonLdHandler),
    ("workspace/graph/patch", graph.GraphPatchHandler),
    ("trilog/query", trilog.QueryHandler),
    ("trilog/command", trilog.CommandHandler),
    ("trilog/flush", trilog.FlushHandler),
    ("trilog/alerts", trilog.AlertsHandler),
    ("ai", ai.AssistantHandler),
    ("ai/complete", ai.CompleteHandler),
    ("ai/proposals/(?P<proposal>[0-9a-f]+)", ai.ProposalHandler),
    (f"frames/{_NAME}", workspaces.FrameHandler),
    ("auth/refresh", workspaces.RefreshHandler),
    (f"static/{_NAME}", AssetHandler),
    ("stream", StreamHandler),
]


class OpenApiHandler(NexusHandler):
    """The description of this API."""

    @guarded("server.read")
    async def get(self) -> None:
        """Return the OpenAPI document."""
        self.reply(openapi(ROUTES, f"{self.base_url}nexus/api"))


class NexusApp(ExtensionApp):
    """Panels for this server's notebooks."""

    name = "nexus_jupyter"
    load_other_extensions = True

    workspace_dir = Unicode(
        "nexus-workspace",
        config=True,
        help="Folder of the workspace, relative to the server's root folder unless absolute.",
    )
    export_env = Bool(
        True,
        config=True,
        help="Tell the kernels of this server how to reach it: NEXUS_SERVER_URL, NEXUS_KERNEL_TOKEN, and "
        "NEXUS_SERVER_CERTFILE where it has a certificate.",
    )
    kernel_token_lifetime = Integer(
        24 * 3600,
        min=60,
        config=True,
        help="Seconds that a kernel's token is valid; kernels renew theirs while they use it.",
    )

    recheck_seconds = Float(
        30.0,
        min=0.1,
        config=True,
        help="Seconds between two looks whether the person of an open connection is still signed in and may look.",
    )

    kernel_token_renewable = Integer(
        14 * 24 * 3600,
        min=0,
        config=True,
        help="Seconds after the end of a kernel's token that the kernel can still exchange it for a new one.",
    )

    run_memory = Integer(128, min=16, max=1024, config=True, help="Megabytes of memory that one run may use.")
    run_cpu = Float(5.0, min=0.01, config=True, help="Seconds of processor time that one run may use.")
    run_wall = Float(60.0, min=0.1, config=True, help="Seconds that one run may take in all, waiting included.")
    run_output = Integer(
        1 << 20,
        min=1024,
        config=True,
        help="Bytes that one run may return, and log, beside the states that it changes; see quota_state_value_bytes.",
    )
    run_calls_at_once = Integer(64, min=1, max=64, config=True, help="Host calls that one run may have under way.")
    run_calls = Integer(10_000, min=1, config=True, help="Host calls that one run may make in all.")
    runs_per_panel = Integer(32, min=1, config=True, help="Runs that one panel may have under way, waiting ones too.")
    runs_per_person = Integer(64, min=1, config=True, help="Runs that one person may have under way in a workspace.")
    runs_per_workspace = Integer(256, min=1, config=True, help="Runs that may be under way in a workspace.")
    parked_memory_per_panel = Integer(
        512, min=16, config=True, help="Megabytes that a panel's runs may keep together while they wait."
    )
    parked_memory_per_person = Integer(
        1024, min=16, config=True, help="Megabytes that a person's runs may keep together while they wait."
    )
    parked_memory = Integer(
        2048, min=16, config=True, help="Megabytes that all runs of a workspace may keep together while they wait."
    )
    queued_per_person = Integer(
        512, min=1, config=True, help="Runs that one person may have asked for that have not ended."
    )
    pooled = Integer(0, min=0, max=50, config=True, help="Machines kept ready for each panel used lately.")
    frame_bytes = Integer(
        512 << 20, min=1 << 20, config=True, help="Bytes that a bound frame, or a table of a function, may have."
    )
    files_quota = Integer(100 << 20, min=0, config=True, help="Bytes that panels may keep below files/.")
    quota_panels = Integer(1000, min=0, config=True, help="Panels that a workspace may have.")
    quota_panels_per_user = Integer(1000, min=0, config=True, help="Panels of a workspace that one person may make.")
    quota_state_bytes = Integer(256 << 20, min=0, config=True, help="Bytes that all states of a workspace may take.")
    quota_panel_state_bytes = Integer(32 << 20, min=0, config=True, help="Bytes that the states of a panel may take.")
    quota_state_value_bytes = Integer(
        4 << 20, min=0, config=True, help="Bytes that one value of a state may take, whoever gives it."
    )
    quota_changes_per_minute = Integer(240_000, min=1, config=True, help="Changes a minute of a workspace.")
    quota_changes_per_minute_per_user = Integer(60_000, min=1, config=True, help="Changes a minute of one person.")
    quota_files = Integer(10_000, min=0, config=True, help="Files that panels may keep below files/.")
    versioned_file_limit = Integer(
        50 << 20, min=1, config=True, help="Bytes that one file below files/ may have to be kept in versions."
    )
    connections = Dict(
        Unicode(), Unicode(), config=True, help="Databases that panels can be granted: SQLAlchemy URLs by name."
    )
    database_url = Unicode(
        config=True,
        help="PostgreSQL's URL for journal, checkpoints, grants and runs; files in the workspace's folder when empty. "
        "A workspace is found in it by its id. NEXUS_DATABASE_URL gives it without showing the password.",
    )
    workspace_id = Unicode(
        config=True,
        help="The workspace's id in that database; the one in its folder when empty. For folders that do not outlive "
        "their container, and for rows from before there were ids, which are kept under the folder's name.",
    )
    trilog_url = Unicode(
        config=True,
        help="ClickHouse server for the history, https://user:password@host:8443/database; the embedded database when "
        "empty. NEXUS_TRILOG_URL gives it without showing the password. With ?reader=user&reader_password=password, "
        "SQL that people write is asked by a user of its own, which needs no right but SELECT.",
    )
    ai_endpoints = List(
        Dict(),
        config=True,
        help="Servers that speak Chat Completions, most wanted first: {'name', 'url', 'model', 'key': 'env:NAME' or "
        "'file:PATH', 'window', 'price_in', 'price_out', 'tasks', ...}. When empty, NEXUS_AI_ENDPOINTS (the same as "
        "JSON), or NEXUS_AI_URL, NEXUS_AI_MODEL and NEXUS_AI_KEY, or OPENAI_API_KEY with NEXUS_AI_MODEL.",
    )
    ai_budgets = Dict(
        config=True,
        help="What models may use: {'user' | 'panel' | 'workspace': {'tokens_per_minute' | 'tokens_per_day' | "
        "'cost_per_minute' | 'cost_per_day': number}}.",
    )
    ai_transcripts = Unicode(
        config=True,
        help="Folder of recorded answers that are looked into before a model is asked. NEXUS_AI_TRANSCRIPTS gives it, "
        "too.",
    )
    checkpoint_every = Integer(
        1000, min=0, config=True, help="Changes between two checkpoints, which make opening fast; 0 for none."
    )
    checkpoint_bytes = Integer(
        32 << 20,
        min=1 << 16,
        config=True,
        help="Bytes of changes between two checkpoints, if that is reached before checkpoint_every.",
    )
    versions_bytes = Integer(
        64 << 20,
        min=1 << 20,
        config=True,
        help="Bytes of memory that a workspace's versions of the past may take; those beyond are made again on demand.",
    )
    private_origins = List(
        Unicode(),
        config=True,
        help="Origins (http://host:port) that panels can be granted although their addresses are not public.",
    )

    @default("database_url")
    def _database_url(self) -> str:
        # Taken out of the environment, which kernels inherit: what runs in them has no business in the database.
        return os.environ.pop("NEXUS_DATABASE_URL", "")

    @default("trilog_url")
    def _trilog_url(self) -> str:
        return os.environ.pop("NEXUS_TRILOG_URL", "")

    @property
    def workspace_options(self) -> WorkspaceOptions:
        """What the configuration says about workspaces."""
        machine = Limits(self.run_memory << 20, self.run_cpu, self.run_output)
        return WorkspaceOptions(
            limits=RunLimits(
                machine,
                wall_seconds=self.run_wall,
                calls_at_once=self.run_calls_at_once,
                calls=self.run_calls,
                parking=ParkingLimits(
                    runs_per_panel=self.runs_per_panel,
                    runs_per_person=self.runs_per_person,
                    runs_per_workspace=self.runs_per_workspace,
                    bytes_per_panel=self.parked_memory_per_panel << 20,
                    bytes_per_person=self.parked_memory_per_person << 20,
                    bytes_per_workspace=self.parked_memory << 20,
                    queued_per_person=self.queued_per_person,
                ),
            ),
            connections=dict(self.connections),
            private_origins=tuple(self.private_origins),
            pooled=self.pooled,
            files_quota=self.files_quota,
            frame_bytes=self.frame_bytes,
            quotas=Quotas(**{field.name: getattr(self, f"quota_{field.name}") for field in fields(Quotas)}),
            versioned_file_limit=self.versioned_file_limit,
            database_url=self.database_url,
            workspace_id=self.workspace_id,
            checkpoint_every=self.checkpoint_every,
            checkpoint_bytes=self.checkpoint_bytes,
            versions_bytes=self.versions_bytes,
            trilog_url=self.trilog_url,
        )

    def router(self) -> Router:
        """Return what asks language models, by the configuration and else by the environment."""
        return Router.configured_by(self.ai_endpoints, budgets=self.ai_budgets, transcripts=self.ai_transcripts)

    def _withhold_keys(self) -> None:
        """Keep models' keys for the server: kernels, which inherit its environment, ask models through it."""
        with suppress(RequestError):  # told when somebody asks a model
            found = endpoints_of(self.ai_endpoints) if self.ai_endpoints else endpoints_from_environment()
            withhold_keys(found)

    def initialize_settings(self) -> None:
        """Prepare what the handlers share; the workspace itself is opened on first use."""
        self._withhold_keys()
        server: Any = self.serverapp  # Any: None until the server has linked the extension, which it has
        folder = Path(server.root_dir) / self.workspace_dir
        tokens = TokenIssuer(self.kernel_token_lifetime, self.kernel_token_renewable)
        self.room = ServerRoom(
            folder,
            tokens,
            Engine.shared(),
            self.workspace_options,
            router=self.router,
            recheck_seconds=self.recheck_seconds,
        )
        self.settings["nexus"] = self.room
        page = server.web_app.settings.setdefault("page_config_data", {})
        page["nexus"] = {"api": "nexus/api/", "version": asset_version()}

    def initialize_handlers(self) -> None:
        """Register the routes."""
        api = "/nexus/api/"
        routes = [*ROUTES, (r"openapi\.json", OpenApiHandler), ("(.*)", workspaces.NotFoundHandler)]
        self.handlers.extend([(api + pattern, handler) for pattern, handler in routes])
        self.handlers.append(("/nexus/mcp", McpHandler))

    async def _start_jupyter_server_extension(self, _serverapp: object) -> None:
        """Once the server listens: tell kernels where, and compile the engine in the background."""
        self.room.engine.warm_up()
        if self.export_env:
            self._export()
            if certfile := self._certificate_file():
                os.environ["NEXUS_SERVER_CERTFILE"] = certfile
            renew = PeriodicCallback(self._export, self.kernel_token_lifetime * 1000 / 4)
            renew.start()

    def _export(self) -> None:
        """Put address and token where kernels started from now on inherit them."""
        os.environ["NEXUS_SERVER_URL"] = self._own_url()
        os.environ["NEXUS_KERNEL_TOKEN"] = self.room.tokens.mint(owner())

    def _own_url(self) -> str:
        """Return how this machine's own processes reach the server: by loopback where it listens there."""
        server: Any = self.serverapp  # Any: as above
        if server.sock:
            return str(server.connection_url)
        scheme = "https" if self._certificate_file() else "http"
        on_loopback = server.ip in {"", "*", "0.0.0.0", "::", "localhost", "127.0.0.1", "::1"}  # noqa: S104 - compared, not bound
        host = (
            "127.0.0.1" if on_loopback and server.ip != "::1" else f"[{server.ip}]" if ":" in server.ip else server.ip
        )
        return f"{scheme}://{host}:{server.port}{server.base_url}"

    def _certificate_file(self) -> str:
        """Return the path of the file with the server's certificate; empty when it has none."""
        server: Any = self.serverapp  # Any: as above
        found = server.certfile or (server.ssl_options or {}).get("certfile")
        return str(Path(found).absolute()) if found else ""

    async def stop_extension(self) -> None:
        """Close the workspace. Nothing depends on this being called."""
        self.room.close()
