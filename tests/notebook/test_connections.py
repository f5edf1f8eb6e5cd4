"""Kernels reach their server whatever way it is served: by TLS with any certificate, by a socket, beside a proxy."""

from __future__ import annotations

import datetime as dt
import json
import os
import socket
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
import pytest
import trustme
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

import nexus_jupyter as nexus
from nexus_jupyter.notebook import Workspace
from nexus_jupyter.notebook.remote import RemoteHost
from nexus_jupyter.protocol.errors import UnavailableError
from nexus_jupyter.route import Route

TOKEN = "t" * 32
CALLING = """<panel id="calling"><data><state name="n" type="int" default="0"/></data><logic>
  <uses cap="kernel.call" target="twice" why="to count"/>
  <action name="ask" params="n: int">state.n = await nx.kernel.call("twice", { n }); return state.n;</action>
</logic></panel>"""
#: Where nothing listens: whatever goes through it fails.
NOWHERE = dict.fromkeys(("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY"), "http://127.0.0.1:9")


def own_certificate(folder: Path) -> list[str]:
    """Write a certificate that nobody has signed, for a name that loopback has not."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "notebooks.example.org")])
    now = dt.datetime.now(dt.UTC)
    made = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
    made = made.not_valid_before(now - dt.timedelta(days=1)).not_valid_after(now + dt.timedelta(days=1))
    (folder / "cert.pem").write_bytes(made.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))
    form = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (folder / "key.pem").write_bytes(key.private_bytes(*form))
    return [f"--ServerApp.certfile={folder / 'cert.pem'}", f"--ServerApp.keyfile={folder / 'key.pem'}"]


def authority_certificate(folder: Path) -> list[str]:
    """Write a certificate of a private authority, key and chain in one file."""
    issued = trustme.CA().create_child_ca().issue_cert("notebooks.example.org")
    issued.private_key_and_cert_chain_pem.write_to_path(str(folder / "both.pem"))
    return [f"--ServerApp.certfile={folder / 'both.pem'}"]


def unix_socket(folder: Path) -> list[str]:
    return [f"--ServerApp.sock={folder / 'jupyter server.sock'}"]


@contextmanager
def served(folder: Path, options: list[str]) -> Iterator[dict[str, str]]:
    """Run a Jupyter server; yields what it tells a kernel."""
    kernels = folder / "data" / "kernels" / "tell"
    kernels.mkdir(parents=True)
    told = folder / "told.json"
    tell = f"import json, os; open({str(told)!r} + '.part', 'w').write(json.dumps(dict(os.environ))); os.rename({str(told)!r} + '.part', {str(told)!r})"
    (kernels / "kernel.json").write_text(json.dumps({"argv": [sys.executable, "-c", tell], "display_name": "tell"}))
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    (folder / "root").mkdir()
    own = {
        "JUPYTER_PATH": str(folder / "data"),
        "JUPYTER_RUNTIME_DIR": str(folder / "run"),
        "JUPYTER_CONFIG_DIR": str(folder / "config"),
    }
    command = [
        sys.executable,
        "-m",
        "jupyter_server",
        "--no-browser",
        "--allow-root",
        f"--IdentityProvider.token={TOKEN}",
    ]
    command += [f"--ServerApp.root_dir={folder / 'root'}", *options]
    if not any(".sock=" in one for one in options):
        command += [f"--ServerApp.port={port}", "--ServerApp.ip=127.0.0.1"]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, env={**os.environ, **own, **NOWHERE}, stdout=log, stderr=subprocess.STDOUT)
    path = next((one.partition("=")[2] for one in options if ".sock=" in one), None)
    transport = httpx.HTTPTransport(uds=path) if path else httpx.HTTPTransport(verify=False)
    scheme = "https" if any("certfile" in one for one in options) else "http"
    base = "http://localhost" if path else f"{scheme}://127.0.0.1:{port}"
    try:
        headers = {"Authorization": f"token {TOKEN}"}
        with httpx.Client(base_url=base, transport=transport, headers=headers, trust_env=False, timeout=30) as client:
            poll(lambda: process.poll() is not None or answers(client), folder / "log")
            client.post("/api/kernels", json={"name": "tell"})
            poll(told.exists, folder / "log")
        yield json.loads(told.read_text())
    finally:
        process.terminate()
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def answers(client: httpx.Client) -> bool:
    try:
        return client.get("/api/status").is_success
    except httpx.TransportError:
        return False


def poll(done: object, log: Path) -> None:
    assert callable(done)
    ends = time.monotonic() + 60
    while not done():
        assert time.monotonic() < ends, log.read_text()[-2000:]
        time.sleep(0.05)  # polling another process


@pytest.mark.parametrize("way", [own_certificate, authority_certificate, unix_socket])
def test_everything_works_by_every_way(way: object, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert callable(way)
    with served(tmp_path, way(tmp_path)) as told:
        for name in ("NEXUS_SERVER_URL", "NEXUS_KERNEL_TOKEN", "NEXUS_SERVER_CERTFILE", *NOWHERE):
            if name in told:
                monkeypatch.setenv(name, told[name])
        monkeypatch.delenv("NO_PROXY", raising=False)
        monkeypatch.delenv("no_proxy", raising=False)
        ws = nexus.connect()
        assert "in the Jupyter server at" in repr(ws)
        assert nexus.connect() is ws
        panel = ws.panel("calling", CALLING)
        changed = threading.Event()
        panel.on_change(lambda _change: changed.set())
        ws.grant("calling", "kernel.call", target="twice")
        ws.expose(lambda n: 2 * n, name="twice")
        assert panel.run("ask", n=4).value == 8
        assert changed.wait(30)
        if way is not unix_socket:
            # A certificate that is renewed is taken, once the connections of before have ended.
            way(tmp_path)
            ws._host._client._transport.close()  # type: ignore[attr-defined]  # as a server does after some time
            assert panel.run("ask", n=5).value == 10
            # Without it, or with another, nothing is sent.
            (tmp_path / "other.pem").write_bytes(trustme.CA().issue_cert("127.0.0.1").cert_chain_pems[0].bytes())
            for wrong in ("", str(tmp_path / "other.pem")):
                with pytest.raises(UnavailableError, match="NEXUS_SERVER_CERTIFICATE=/path"):
                    RemoteHost(Route.to(told["NEXUS_SERVER_URL"], certfile=wrong), told["NEXUS_KERNEL_TOKEN"])
        ws.close()
        again = nexus.connect()
        assert again is not ws
        assert again.panels == ["calling"]
        again.close()


class Proxy(BaseHTTPRequestHandler):
    """Notes what it is asked for, and refuses it."""

    asked: list[str]

    def refuse(self) -> None:
        self.asked.append(f"{self.command} {self.path}")
        self.send_error(502)

    do_GET = do_CONNECT = refuse  # noqa: N815 - as the base class calls them

    def log_message(self, *_args: object) -> None:
        pass


def test_only_other_machines_are_asked_through_a_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    Proxy.asked = []
    proxy = ThreadingHTTPServer(("127.0.0.1", 0), Proxy)
    threading.Thread(target=proxy.serve_forever, daemon=True).start()
    for name in ("http_proxy", "https_proxy"):
        monkeypatch.setenv(name, f"http://me:secret@127.0.0.1:{proxy.server_port}")
        monkeypatch.setenv(name.upper(), f"http://me:secret@127.0.0.1:{proxy.server_port}")
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    with pytest.raises(UnavailableError):
        RemoteHost(Route.to("http://hub.invalid:8888/user/ann/"), "x.y.z")
    for url in ("http://hub.invalid:8888", "https://hub.invalid"):
        with pytest.raises(Exception, match=r"502|[Pp]roxy"):
            Route.to(url).connect("/nexus/api/stream", "x.y.z")
    assert Proxy.asked == [
        "GET http://hub.invalid:8888/user/ann/nexus/api/workspaces", "CONNECT hub.invalid:8888", "CONNECT hub.invalid:443"
    ]  # fmt: skip
    for url in ("http://127.0.0.1:9", "http://localhost:9", "http://[::1]:9", f"http://{socket.gethostname()}:9"):
        assert Route.to(url).proxy == ""
    monkeypatch.setenv("no_proxy", "hub.invalid")
    assert Route.to("http://hub.invalid:8888").proxy == ""
    proxy.shutdown()


def test_a_certificate_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    (tmp_path / "c.pem").write_text("no certificate")
    for wrong in ("c.pem", "none.pem"):
        with pytest.raises(UnavailableError, match=f"{wrong} cannot be read"):
            Route.to("https://127.0.0.1:9", trusted=str(tmp_path / wrong)).client("/", timeout=1)


def test_an_authority_that_a_person_names_is_trusted_for_its_names_only(tmp_path: Path) -> None:
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    for name, works in (("127.0.0.1", True), ("notebooks.example.org", False)):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert(name).configure_cert(context)
        server = ThreadingHTTPServer(("127.0.0.1", 0), Proxy)
        server.socket = context.wrap_socket(server.socket, server_side=True)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        Proxy.asked = []
        with Route.to(f"https://127.0.0.1:{server.server_port}", trusted=str(tmp_path / "ca.pem")).client(
            "/", timeout=30
        ) as client:
            if works:
                assert client.get("x").status_code == 502
            else:
                with pytest.raises(httpx.ConnectError, match="IP address mismatch"):
                    client.get("x")
        server.shutdown()


def test_a_workspace_that_was_closed_says_so(tmp_path: Path) -> None:
    ws = Workspace.open(tmp_path / "ws")
    ws.close()
    assert ws.closed
    assert repr(ws).startswith("Workspace(closed")
