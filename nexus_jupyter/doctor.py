"""`nexus doctor`: what is there, what works, and what to do about the rest."""

from __future__ import annotations

import json
import os
import shutil
import socket
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from nexus_jupyter.protocol.errors import NexusError

__all__ = ["Finding", "examine"]

_PORT = 8888
#: Seconds to wait for a model's server.
_REACH = 3.0
#: Seconds in which a program tells its version.
_ANSWER = 20.0


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at. ``advice`` says what to do when it is not ``ok``."""

    name: str
    state: Literal["ok", "warning", "error"]
    detail: str
    advice: str = ""


def examine(folder: Path, port: int = _PORT) -> list[Finding]:
    """Look at everything and return what was found; never raises.

    Parameters
    ----------
    folder
        Where a workspace is, or would be.
    port
        The port that JupyterLab would use.
    """
    checks: list[Callable[[], Iterator[Finding]]] = [
        _python,
        _assets,
        _engine,
        _sandbox,
        _metrics,
        lambda: _folder(folder),
        _git,
        lambda: _outer(folder),
        _node,
        lambda: _port(port),
        _embedded,
        lambda: _history(folder),
        _confinement,
        _models,
        _server_extension,
        _lab_extension,
    ]
    found: list[Finding] = []
    for check in checks:
        try:
            found += check()
        except Exception as error:  # noqa: BLE001 - a doctor that falls ill helps nobody
            found.append(Finding("doctor", "warning", f"One check failed: {type(error).__name__}: {error}."))
    return found


def _python() -> Iterator[Finding]:
    try:
        nexus = version("nexus-jupyter")
    except PackageNotFoundError:
        nexus = "not installed"
    yield Finding("nexus", "ok", f"nexus-jupyter {nexus}, Python {sys.version.split()[0]} at {sys.executable}")


def _assets() -> Iterator[Finding]:
    from nexus_jupyter.assets import asset

    names = ("runtime.js", "reactor.js", "sandbox.js", "loader.js", "engine.wasm")
    missing = []
    for name in names:
        try:
            asset(name)
        except NexusError:
            missing.append(name)
    if missing:
        advice = "In a source checkout, run `make build-js` (needs Node.js 20); else install nexus-jupyter again."
        yield Finding("files", "error", f"Built files are missing: {', '.join(missing)}.", advice)
    else:
        yield Finding("files", "ok", "all built files are there")


def _engine() -> Iterator[Finding]:
    from nexus_jupyter.engine import Engine
    from nexus_jupyter.reactor import Reactor

    try:
        engine = Engine.shared()
        ok = Reactor(engine).check('<panel id="p"><view><text id="t">{1 + 1}</text></view></panel>').ok
    except NexusError as error:
        yield Finding("engine", "error", error.message, error.hint)
        return
    status = engine.status()
    detail = f"wasmtime {status['wasmtime']}, engine {status['artefact']}"
    if status["cache"] is None:
        advice = (
            "Make ~/.cache/nexus_jupyter a folder of your own with mode 0700, so that it need not compile each time."
        )
        yield Finding("engine", "warning", f"{detail}; compiled code cannot be kept", advice)
    else:
        yield Finding("engine", "ok" if ok else "error", f"{detail}, compiled code in {status['cache']}")


def _sandbox() -> Iterator[Finding]:
    from nexus_jupyter.engine import Engine
    from nexus_jupyter.protocol.diagnostics import Span
    from nexus_jupyter.protocol.panel import ActionDeclaration
    from nexus_jupyter.sandbox import Job, Sandbox

    action = ActionDeclaration(name="try", body="return 1", span=Span(start=0, end=0, line=1, col=1))
    sandbox = Sandbox(Engine.shared())
    try:
        profiles = [sandbox.run(Job("doctor", [action], action, {}, [], None, 1)).profile for _ in range(20)]
    except NexusError as error:
        yield Finding("sandbox", "error", f"An action could not be run: {error.message}", error.hint)
        return
    finally:
        sandbox.close()
    best = min(profile.wall_ms for profile in profiles)
    yield Finding("sandbox", "ok", f"an action runs in {best:.2f} ms, in a machine of its own")


def _metrics() -> Iterator[Finding]:
    """Tell what a running server's sandbox has done, from where it can be reached: below the server itself."""
    url, token = os.environ.get("NEXUS_SERVER_URL"), os.environ.get("NEXUS_KERNEL_TOKEN")
    if not url or not token:
        return
    import httpx

    from nexus_jupyter.route import Route

    headers = {"Authorization": f"Bearer {token}"}
    try:
        with Route.from_environment(url).client("/nexus/api/", timeout=10) as client:
            answer = client.get("metrics", headers=headers).raise_for_status().json()
    except (httpx.HTTPError, ValueError, NexusError) as error:
        yield Finding("runs", "warning", f"The server at {url} does not tell its numbers: {error}.")
        return
    yield Finding("runs", "ok", "; ".join(f"{name}: {_points(points)}" for name, points in sorted(answer.items())))


def _points(points: list[dict[str, object]]) -> str:
    return ", ".join(" ".join(f"{key} {value}" for key, value in point.items()) for point in points)


def _folder(folder: Path) -> Iterator[Finding]:
    target = folder
    while not target.exists():
        target = target.parent
    try:
        with tempfile.TemporaryFile(dir=target):
            pass
    except OSError as error:
        advice = f"Choose another folder, or make it writable: chmod u+w {target}"
        yield Finding("folder", "error", f"{target} cannot be written: {error.strerror}.", advice)
        return
    free = shutil.disk_usage(target).free
    if free < 200 << 20:
        yield Finding("folder", "warning", f"{target} has {free >> 20} MB left.", "Free some disk space.")
    else:
        yield Finding("folder", "ok", f"{target} can be written, {free >> 30} GB free")


def _git() -> Iterator[Finding]:
    path = shutil.which("git")
    if path is None:
        advice = "Install git (for example: apt-get install git). Everything but commits works without."
        yield Finding("git", "warning", "git is not installed, so versions cannot be made.", advice)
        return
    yield Finding("git", "ok", _version_of(path) or path)


def _outer(folder: Path) -> Iterator[Finding]:
    """Tell of a workspace that is a repository within another one."""
    from nexus_jupyter.history import is_left_out, outer_repository

    root = next((one for one in (folder / "nexus-workspace", folder) if (one / ".nexus").is_dir()), None)
    outer = outer_repository(root) if root is not None and (root / ".git").is_dir() else None
    if root is None or outer is None:
        return
    if is_left_out(root, outer):
        yield Finding(
            "repository", "ok", f"the workspace {root} lies in the git repository {outer}, which leaves it out"
        )
        return
    exclude = outer / ".git" / "info" / "exclude"
    advice = f"Name its path in {exclude}, or git add there adds a link to the workspace that nobody else can follow."
    yield Finding("repository", "warning", f"The workspace {root} is a git repository within another, {outer}.", advice)


def _node() -> Iterator[Finding]:
    path = shutil.which("node")
    if path is None:
        advice = "Nothing to do, unless you build Nexus from source: then install Node.js 20."
        yield Finding("node", "ok", "Node.js is not installed; it is needed only to build from source.", advice)
        return
    yield Finding("node", "ok", f"Node.js {_version_of(path)} (needed only to build from source)")


def _version_of(path: str) -> str:
    from nexus_jupyter.processes import run

    return run([str(Path(path).absolute()), "--version"], seconds=_ANSWER).output.strip()


def _port(port: int) -> Iterator[Finding]:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            advice = f"JupyterLab will take the next free one; or end what uses it, or start with --port {port + 1}."
            yield Finding("port", "warning", f"Port {port} is in use.", advice)
            return
    yield Finding("port", "ok", f"port {port} is free")


def _embedded() -> Iterator[Finding]:
    missing = [name for name in ("chdb", "clickhouse_connect") if find_spec(name) is None]
    if missing:
        advice = "Run: pip install 'nexus-jupyter[embedded]'"
        yield Finding("trilog", "warning", f"ws.trilog needs {' and '.join(missing)}, which is not installed.", advice)
    else:
        yield Finding("trilog", "ok", f"chdb {version('chdb')}, clickhouse-connect {version('clickhouse-connect')}")


def _history(folder: Path) -> Iterator[Finding]:
    """Tell whether the workspace's history database can be opened, from its files alone."""
    from nexus_jupyter.trilog import unsound

    database = next((one for one in (folder / "nexus-workspace", folder) if (one / ".nexus").is_dir()), folder)
    database = database / ".nexus" / "trilog"
    if not os.path.lexists(database):
        return
    why = unsound(database)
    if why:
        advice = (
            "Nothing to do: the next question renames it and makes the history again from the journal, without the "
            "spans and twins that were recorded beside it."
        )
        yield Finding("history", "warning", f"The history database {database} cannot be used: {why}.", advice)
    else:
        yield Finding("history", "ok", f"the history database {database} can be opened")


def _confinement() -> Iterator[Finding]:
    from nexus_jupyter.processes import supported

    layers = supported()
    if layers.missing:
        advice = (
            "SQL is checked and read-only all the same; on a newer Linux the process that answers it is confined, too."
        )
        yield Finding("confinement", "warning", f"{'; '.join(layers.missing).capitalize()}.", advice)
    else:
        yield Finding("confinement", "ok", "the history's process reaches no other files, programs and addresses")


def _models() -> Iterator[Finding]:
    from nexus_jupyter.ai import endpoints_from_environment

    try:
        endpoints = endpoints_from_environment()
    except NexusError as error:
        yield Finding("models", "error", error.message, error.hint)
        return
    if not endpoints:
        advice = "Set NEXUS_AI_URL and NEXUS_AI_MODEL before JupyterLab starts; all else works without."
        yield Finding("models", "ok", "no language model is configured, so the assistant cannot be asked", advice)
    elif find_spec("openai") is None:
        advice = "Run: pip install 'nexus-jupyter[ai]'"
        yield Finding("models", "error", "A language model is configured, but its package is missing.", advice)
    for endpoint in endpoints:
        parts = urlsplit(endpoint.url)
        address = (parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80))
        try:
            socket.create_connection(address, _REACH).close()
        except OSError as error:
            said = f"'{endpoint.name}' cannot be reached at {parts.hostname}: {error}."
            yield Finding("models", "warning", said, "Is its server running?")
        else:
            yield Finding("models", "ok", f"'{endpoint.name}' answers at {parts.hostname}, model {endpoint.model}")


def _server_extension() -> Iterator[Finding]:
    from jupyter_core.paths import jupyter_config_path

    enabled = False
    for base in reversed(jupyter_config_path()):
        folder = Path(base)
        for path in (
            *sorted((folder / "jupyter_server_config.d").glob("*.json")),
            folder / "jupyter_server_config.json",
        ):
            if path.exists():
                extensions = (
                    json.loads(path.read_text(encoding="utf-8")).get("ServerApp", {}).get("jpserver_extensions", {})
                )
                enabled = extensions.get("nexus_jupyter", enabled)
    if enabled:
        yield Finding("server", "ok", "the server extension is enabled")
    else:
        advice = "Run: jupyter server extension enable nexus_jupyter"
        yield Finding("server", "warning", "The server extension is not enabled in this environment.", advice)


def _lab_extension() -> Iterator[Finding]:
    from jupyter_core.paths import jupyter_path

    for base in jupyter_path("labextensions"):
        package = Path(base) / "nexus-jupyter" / "package.json"
        if package.exists():
            found = json.loads(package.read_text(encoding="utf-8"))["version"]
            yield Finding("lab", "ok", f"the JupyterLab extension {found} is installed")
            return
    advice = "Panels are then shown by the widget alone. Installing the wheel of nexus-jupyter adds it."
    yield Finding("lab", "warning", "The JupyterLab extension is not installed.", advice)


def as_json(findings: list[Finding]) -> str:
    """Return findings as JSON text."""
    return json.dumps([asdict(finding) for finding in findings], indent=2)
