"""What panels may do beyond their own state: asked for, granted, checked, taken back, replayed."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Iterator
from concurrent.futures import Future
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pytest
from websockets.sync.server import serve

from nexus_jupyter.engine import Engine
from nexus_jupyter.protocol.errors import HandlerError, NotFoundError, PermissionDeniedError, RequestError, StateError
from nexus_jupyter.protocol.function import ExposedFunction
from nexus_jupyter.protocol.identity import Actor
from nexus_jupyter.sandbox import Network
from nexus_jupyter.workspace import WorkspaceKernel, WorkspaceOptions

ANN = Actor(id="ann", name="Ann")


class _Service(BaseHTTPRequestHandler):
    """Says what it was asked; /away leads away, /large is large."""

    def do_GET(self) -> None:
        body, status = f"{self.command} {self.path} {self.headers.get('x-key', '')}".encode(), 200
        if self.path.startswith("/away/"):
            self.send_response(302)
            self.send_header("location", self.path.removeprefix("/away/"))
            self.end_headers()
            return
        if self.path == "/large":
            body = b"x" * (9 << 20)
        if self.path == "/missing":
            status = 404
        if self.command == "POST":
            body += b" " + self.rfile.read(int(self.headers["content-length"]))
        self.send_response(status)
        self.send_header("content-type", "text/plain; charset=utf-8")
        self.end_headers()
        self.wfile.write(body)

    do_POST = do_GET  # noqa: N815 - the name that http.server calls

    def log_message(self, *_args: object) -> None:
        pass


@pytest.fixture(scope="module")
def service() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Service)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()


@pytest.fixture(scope="module")
def echo() -> Iterator[str]:
    def answer(connection: Any) -> None:
        for message in connection:
            connection.send(message if message != "bye" else "last")

    with serve(answer, "127.0.0.1", 0) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"ws://127.0.0.1:{server.socket.getsockname()[1]}"
        server.shutdown()


@pytest.fixture
def database(tmp_path: Path) -> str:
    path = tmp_path / "shop.db"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE sales (item TEXT, price REAL)")
        connection.executemany("INSERT INTO sales VALUES (?, ?)", [("tea", 3.5), ("jam", 4.0)])
    connection.close()
    return f"sqlite:///{path}"


@pytest.fixture
def open_kernel(tmp_path: Path, engine: Engine, service: str, echo: str, database: str) -> Iterator[WorkspaceKernel]:
    options = WorkspaceOptions(connections={"shop": database}, private_origins=(service, echo), files_quota=1000)
    opened = WorkspaceKernel(tmp_path / "ws", engine=engine, options=options)
    yield opened
    opened.close()


def panel(
    kernel: WorkspaceKernel, body: str, *uses: tuple[str, str | None], name: str = "p", grant: bool = True
) -> None:
    declared = "".join(
        f'<uses cap="{cap}" why="a test"' + (f' target="{target}"' if target else "") + "/>" for cap, target in uses
    )
    kernel.put_panel(
        name,
        f'<panel id="{name}"><data><state name="n" type="any" default="0"/></data><logic>{declared}'
        f'<action name="a" params="x: any = null">{body}</action></logic></panel>',
        ANN,
    )
    for cap, target in uses if grant else ():
        kernel.permissions.grant(name, cap, target, ANN)


def run(kernel: WorkspaceKernel, body: str, *uses: tuple[str, str | None], **kwargs: Any) -> Any:
    panel(kernel, body, *uses, **kwargs)
    return kernel.execution.start("p", "a", [], ANN).result(timeout=30).value


# Grants


def test_what_is_not_granted_is_refused_with_what_to_do(open_kernel: WorkspaceKernel, service: str) -> None:
    body, use = f"return (await nx.fetch('{service}/x')).text()", ("net.http", service)
    with pytest.raises(HandlerError, match=r'ws\.grant\("p", "net\.http", target="http://127') as caught:
        run(open_kernel, body, use, grant=False)
    assert caught.value.kind == "denied"
    assert run(open_kernel, body, use) == "GET /x "


def test_a_grant_counts_only_while_the_panel_asks(open_kernel: WorkspaceKernel, service: str) -> None:
    body = f"return (await nx.fetch('{service}/x')).status"
    assert run(open_kernel, body, ("net.http", service)) == 200
    # The text asks for another origin now; the old grant does not stretch.
    with pytest.raises(HandlerError, match="does not ask for"):
        run(open_kernel, body, ("net.http", "https://example.org"))


def test_a_grant_can_be_taken_back_even_from_a_run_under_way(open_kernel: WorkspaceKernel, service: str) -> None:
    waiting, calls = Future[Any](), []

    def call(name: str, args: dict[str, Any]) -> Future[Any]:
        calls.append(name)
        return waiting

    open_kernel.functions.expose(call, [ExposedFunction(name="f")], call)
    uses = (("kernel.call", "f"), ("net.http", service))
    panel(open_kernel, f"await nx.kernel.call('f'); return (await nx.fetch('{service}/')).status", *uses)
    started = open_kernel.execution.start("p", "a", [], ANN)
    while not calls:
        threading.Event().wait(0.01)
    assert open_kernel.permissions.revoke("p", "net.http", None, ANN) == 1
    waiting.set_result(None)
    with pytest.raises(HandlerError) as caught:
        started.result(timeout=60)
    assert caught.value.kind == "denied"


def test_a_grant_ends_by_itself(open_kernel: WorkspaceKernel) -> None:
    panel(open_kernel, "return 1", ("notify", None), grant=False)
    open_kernel.permissions.grant("p", "notify", None, ANN, seconds=5)
    assert len(open_kernel.permissions.store.active("p")) == 1
    end = time.monotonic() + 60
    while open_kernel.permissions.store.active("p"):
        assert time.monotonic() < end
        time.sleep(0.05)  # polls the clock


def test_grants_outlive_the_process_but_not_the_panel(tmp_path: Path, engine: Engine) -> None:
    kernel = WorkspaceKernel(tmp_path / "again", engine=engine)
    panel(kernel, "return 1", ("notify", None))
    kernel.close()
    kernel = WorkspaceKernel(tmp_path / "again", engine=engine)
    try:
        assert [grant.cap for grant in kernel.permissions.store.active("p")] == ["notify"]
        kernel.delete("p", ANN)
        panel(kernel, "return 1", ("notify", None), grant=False)
        assert kernel.permissions.store.active("p") == []
        assert [grant.revoked_by for grant in kernel.permissions.store.all()] == ["ann"]
    finally:
        kernel.close()


def test_only_people_grant_and_only_what_there_is(open_kernel: WorkspaceKernel) -> None:
    with pytest.raises(PermissionDeniedError):
        open_kernel.permissions.grant("p", "net.http", None, Actor(id="gpt", kind="model"))
    with pytest.raises(NotFoundError):
        open_kernel.permissions.grant("p", "net.http", None, ANN)
    panel(open_kernel, "return 1")
    with pytest.raises(RequestError, match=r"Did you mean 'net\.http'"):
        open_kernel.permissions.grant("p", "net.htp", None, ANN)
    with pytest.raises(RequestError, match="needs no grant"):
        open_kernel.permissions.grant("p", "state", None, ANN)


# Network


@pytest.mark.parametrize(
    "url",
    [
        "http://localhost:1/",
        "http://127.0.0.1:1/",
        "http://127.1:1/",
        "http://0.0.0.0:1/",
        "http://[::1]:1/",
        "http://[::ffff:127.0.0.1]:1/",
        "http://[64:ff9b::7f00:1]:1/",
        "http://2130706433:1/",
        "http://0x7f000001:1/",
        "http://10.0.0.1/",
        "http://172.16.0.1/",
        "http://192.168.1.1/",
        "http://169.254.169.254/latest/meta-data/",
        "http://100.64.0.1/",
        "http://[fe80::1]/",
        "http://[fc00::1]/",
        "http://224.0.0.1/",
        "http://0.0.0.0/",
        "http://255.255.255.255/",
    ],
)
def test_no_address_that_is_not_public_is_reached_even_with_a_grant_for_all(
    open_kernel: WorkspaceKernel, url: str
) -> None:
    with pytest.raises(HandlerError, match=r"not public|could not be reached"):
        run(open_kernel, f"return (await nx.fetch('{url}')).status", ("net.http", None))
    with pytest.raises(HandlerError, match=r"not public|could not be reached"):
        run(open_kernel, f"await nx.socket('{url.replace('http', 'ws')}')", ("net.ws", None))


@pytest.mark.parametrize(
    "url",
    ["file:///etc/passwd", "ftp://example.org/", "http://a@example.org/", "http:\\\\example.org", "http://exam ple.org/",
     "http://example.org:99999/", "//example.org", "http://ex\u00e4mple.org/", "javascript:1", "http://", ""],
)  # fmt: skip
def test_addresses_that_could_be_read_in_two_ways_are_refused(open_kernel: WorkspaceKernel, url: str) -> None:
    with pytest.raises(HandlerError, match=r"no plain|no address"):
        run(open_kernel, f"await nx.fetch({url!r})", ("net.http", None))


def test_a_name_is_judged_by_all_of_its_addresses(
    open_kernel: WorkspaceKernel, service: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    import socket

    real, port = socket.getaddrinfo, service.rpartition(":")[2]

    def lying(host: Any, *args: Any, **kwargs: Any) -> Any:
        if host == "rebind.example":
            found = [("93.184.216.34", 80), ("127.0.0.1", int(port))]
            return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", address) for address in found]
        return real(host, *args, **kwargs)

    monkeypatch.setattr(socket, "getaddrinfo", lying)
    with pytest.raises(HandlerError, match=r"127\.0\.0\.1, which is not public"):
        run(open_kernel, f"await nx.fetch('http://rebind.example:{port}/')", ("net.http", None))


def test_redirects_are_followed_under_the_same_rules(open_kernel: WorkspaceKernel, service: str) -> None:
    body = f"const r = await nx.fetch('{service}/away//there'); return [r.url, await r.text()]"
    assert run(open_kernel, body, ("net.http", service)) == [f"{service}/there", "GET /there "]
    away = f"await nx.fetch('{service}/away/http://169.254.169.254/')"
    with pytest.raises(HandlerError) as caught:
        run(open_kernel, away, ("net.http", service))
    assert caught.value.kind == "denied"
    with pytest.raises(HandlerError, match="not public"):
        run(open_kernel, away, ("net.http", None))
    with pytest.raises(HandlerError, match="redirects"):
        run(open_kernel, f"await nx.fetch('{service}/away/' + '/away/'.repeat(10) + '/x')", ("net.http", service))


def test_requests_and_answers_have_limits(open_kernel: WorkspaceKernel, service: str) -> None:
    use = ("net.http", service)
    posted = f"const r = await nx.fetch('{service}/p', {{ method: 'post', body: {{ a: 1 }}, headers: {{ 'X-Key': 'k' }} }}); return r.text()"
    assert run(open_kernel, posted, use) == 'POST /p k {"a":1}'
    assert run(open_kernel, f"return (await nx.fetch('{service}/missing')).ok", use) is False
    assert (
        run(open_kernel, f"return [...(await (await nx.fetch('{service}/b', {{ as: 'bytes' }})).bytes())].length", use)
        == 7
    )
    with pytest.raises(HandlerError, match="longer than"):
        run(open_kernel, f"await nx.fetch('{service}/large')", use)
    for header in ("host", "content-length", "proxy-authorization", "sec-fetch-site", "x\\r\\ny"):
        with pytest.raises(HandlerError, match=r"cannot be s|can be sent"):
            run(open_kernel, f"await nx.fetch('{service}/', {{ headers: {{ '{header}': '1' }} }})", use)


def test_a_websocket_talks(open_kernel: WorkspaceKernel, echo: str) -> None:
    body = f"""
      const s = await nx.socket('{echo}');
      await s.send('a'); const first = await s.receive();
      await s.send(new Uint8Array([1, 2])); const second = [...(await s.receive())];
      await s.close();
      try {{ await s.send('b') }} catch (error) {{ return [first, second, error.name]; }}
    """
    assert run(open_kernel, body, ("net.ws", echo)) == ["a", [1, 2], "HostError"]
    # Left open, it is closed with the run; a message that never comes holds nobody up.
    assert run(open_kernel, f"const s = await nx.socket('{echo}'); s.receive(); return 1", ("net.ws", echo)) == 1


def test_a_websocket_follows_no_redirect(open_kernel: WorkspaceKernel, service: str, echo: str) -> None:
    target = service.replace("http", "ws")
    open_kernel.sandbox.operations = {**open_kernel.sandbox.operations, **Network(frozenset({target})).operations()}
    for place in ("/there", echo, "ws://169.254.169.254/"):
        with pytest.raises(HandlerError, match="could not be reached"):
            run(open_kernel, f"await nx.socket('{target}/away/{place}')", ("net.ws", None))


def test_a_key_does_not_travel_to_another_origin(open_kernel: WorkspaceKernel, service: str) -> None:
    other = service.replace("127.0.0.1", "localhost")
    network = Network(frozenset({service, other}))
    open_kernel.sandbox.operations = {**open_kernel.sandbox.operations, **network.operations()}
    body = f"return (await nx.fetch('{service}/away/{other}/x', {{ headers: {{ 'x-key': 'secret' }} }})).text()"
    assert run(open_kernel, body, ("net.http", None)) == "GET /x "
    assert run(open_kernel, body.replace(f"/away/{other}", ""), ("net.http", None)) == "GET /x secret"


# Files


def test_files_are_read_and_written_below_their_folder(open_kernel: WorkspaceKernel) -> None:
    uses = (("fs.read", "notes"), ("fs.write", "notes"))
    body = """
      await nx.files.write('notes/a/b.txt', 'h\u00e9');
      await nx.files.write('notes/c.bin', new Uint8Array([0, 255]));
      const seen = await nx.files.list('notes');
      await nx.files.remove('notes/c.bin');
      return [await nx.files.read('notes/a/b.txt'), seen.map((e) => e.name + ' ' + e.kind), (await nx.files.list('notes')).length];
    """
    assert run(open_kernel, body, *uses) == ["hé", ["a folder", "c.bin file"], 1]
    for path in ("other.txt", "notes2/x", "notes"):
        with pytest.raises(HandlerError):
            run(open_kernel, f"await nx.files.write('{path}', 'x')", *uses)


@pytest.mark.parametrize(
    "path",
    [
        "../journal.db",
        "/etc/passwd",
        "a/../../x",
        "a\\\\b",
        "a\\0b",
        "..",
        "",
        ".",
        "x".ljust(300, "x"),
        "/".join("abcdefghijklmnopqr"),
        "con:",
        "a|b",
    ],
)
def test_no_path_leads_out(open_kernel: WorkspaceKernel, path: str) -> None:
    with pytest.raises(HandlerError, match="is no path"):
        run(open_kernel, f"await nx.files.read('{path}')", ("fs.read", None))


def test_no_link_leads_out(open_kernel: WorkspaceKernel, tmp_path: Path) -> None:
    files = open_kernel.folder.files
    files.mkdir()
    (tmp_path / "secret.txt").write_text("secret")
    (files / "file").symlink_to(tmp_path / "secret.txt")
    (files / "folder").symlink_to(tmp_path)
    everything = (("fs.read", None), ("fs.write", None))
    for body in ("nx.files.read('file')", "nx.files.read('folder/secret.txt')", "nx.files.list('folder')",
                 "nx.files.write('folder/x', 'y')", "nx.files.remove('folder/secret.txt')"):  # fmt: skip
        with pytest.raises(HandlerError):
            run(open_kernel, f"await {body}", *everything)
    run(open_kernel, "await nx.files.write('file', 'mine')", *everything)
    assert (tmp_path / "secret.txt").read_text() == "secret"
    assert (files / "file").read_text() == "mine"
    assert run(open_kernel, "return (await nx.files.list()).map((e) => e.name)", *everything) == ["file"]


def test_files_have_a_quota(open_kernel: WorkspaceKernel) -> None:
    with pytest.raises(HandlerError, match="would exceed 1000"):
        run(
            open_kernel,
            "await nx.files.write('a', 'x'.repeat(600)); await nx.files.write('b', 'x'.repeat(600))",
            ("fs.write", None),
        )


# Databases


def test_a_database_is_read_by_name_with_parameters(open_kernel: WorkspaceKernel) -> None:
    body = (
        "return (await nx.db.query('shop', 'SELECT item, price FROM sales WHERE price > :least', { least: 3.6 })).rows"
    )
    assert run(open_kernel, body, ("db.query", "shop")) == [{"item": "jam", "price": 4.0}]


@pytest.mark.parametrize(
    ("sql", "says"),
    [
        ("DELETE FROM sales", "lets a panel ask"),
        ("COPY sales TO '/tmp/x'", "lets a panel ask"),
        ("SELECT * FROM sales INTO/**/OUTFILE '/tmp/x'", "are not run"),
        ("ATTACH DATABASE '/etc/passwd' AS x", "lets a panel ask"),
        ("SELECT 1; DELETE FROM sales", "One statement"),
        ("SELECT 1; COMMIT; DELETE FROM sales;", "One statement"),
        # These get as far as the database, which refuses them itself.
        ("WITH x AS (SELECT 1) DELETE FROM sales", "refused"),
        ("PRAGMA query_only = OFF", "refused"),
        ("PRAGMA writable_schema = ON", "refused"),
        ("SELECT load_extension('x')", "refused"),
        ("SELECT nothing FROM nowhere", "refused"),
    ],
)
def test_reading_is_all_that_a_grant_to_read_gives(open_kernel: WorkspaceKernel, sql: str, says: str) -> None:
    with pytest.raises(HandlerError, match=says):
        run(open_kernel, f"await nx.db.query('shop', {sql!r})", ("db.query", "shop"))
    count = "return (await nx.db.query('shop', 'SELECT count(*) AS n FROM sales;')).rows[0].n"
    assert run(open_kernel, count, ("db.query", "shop")) == 2


@pytest.mark.parametrize("sql", ["ATTACH DATABASE '/etc/passwd' AS x", "PRAGMA writable_schema = ON", "DETACH main"])
def test_a_grant_to_write_leads_to_no_other_file(open_kernel: WorkspaceKernel, sql: str) -> None:
    with pytest.raises(HandlerError, match="refused"):
        run(open_kernel, f"await nx.db.query('shop', {sql!r})", ("db.query", "shop:write"))


def test_writing_is_granted_apart(open_kernel: WorkspaceKernel) -> None:
    body = "return (await nx.db.query('shop', 'DELETE FROM sales WHERE item = :item', { item: 'tea' })).count"
    assert run(open_kernel, body, ("db.query", "shop:write")) == 1
    with pytest.raises(HandlerError, match="no connection 'bank'"):
        run(open_kernel, "await nx.db.query('bank', 'SELECT 1')", ("db.query", None))


# The workspace


def test_other_panels_are_read_and_run(open_kernel: WorkspaceKernel) -> None:
    panel(open_kernel, "state.n = x; return x + 1", name="other")
    body = "const v = await nx.send('other', 'a', { x: 5 }); return [v, (await nx.panel('other')).n]"
    assert run(open_kernel, body, ("panel.send", "other.a"), ("panel.read", "other")) == [6, 5]


def test_panels_that_run_each_other_in_a_circle_are_stopped(open_kernel: WorkspaceKernel) -> None:
    with pytest.raises(HandlerError, match="in a chain"):
        run(open_kernel, "return nx.send('p', 'a')", ("panel.send", "p"))


def test_frames_are_read(open_kernel: WorkspaceKernel) -> None:
    frame = pd.DataFrame({"d": pd.to_datetime(["2024-01-01", "2024-01-02"]), "x": [1.5, None], "y": ["a", "b"]})
    open_kernel.bind_frame("df", pa.table(frame), ANN)
    body = "return await nx.frame('df', { columns: ['d', 'x'], offset: 1 })"
    assert run(open_kernel, body, ("frame.read", "df")) == {
        "total": 2,
        "truncated": False,
        "rows": [{"d": "2024-01-02T00:00:00", "x": None}],
    }
    with pytest.raises(HandlerError, match="no column"):
        run(open_kernel, "await nx.frame('df', { columns: ['z'] })", ("frame.read", "df"))


@pytest.mark.parametrize("size", [0, 999, 1000, 1001, 9_999, 10_000, 10_001])
@pytest.mark.parametrize(
    "options", ["", ", { limit: 20000 }", ", { limit: 7 }", ", { offset: 9990, limit: 5 }", ", { offset: 20000 }"]
)
def test_a_part_of_a_frame_says_that_more_follows(open_kernel: WorkspaceKernel, size: int, options: str) -> None:
    open_kernel.bind_frame("df", pa.table({"i": pa.array(range(size), pa.int64())}), ANN)
    body = f"const {{ rows, ...said }} = await nx.frame('df'{options}); return [said, rows.map((row) => row.i)]"
    said, rows = run(open_kernel, body, ("frame.read", "df"))
    start = 9990 if "9990" in options else 20_000 if "offset" in options else 0
    limit = 7 if "7" in options else 5 if "9990" in options else 10_000
    assert rows == list(range(size))[start:][:limit]
    assert said == {"total": size, "truncated": size - start > len(rows)}


@pytest.mark.parametrize(
    "options", ["{ limit: -1 }", "{ offset: -1 }", "{ limit: 1.5 }", "{ limit: '7' }", "{ limit: true }"]
)
def test_what_is_no_number_of_rows_is_refused(open_kernel: WorkspaceKernel, options: str) -> None:
    open_kernel.bind_frame("df", pa.table({"i": [1]}), ANN)
    with pytest.raises(HandlerError, match="whole numbers, 0 or more"):
        run(open_kernel, f"await nx.frame('df', {options})", ("frame.read", "df"))


def test_effects_are_told_and_limited(open_kernel: WorkspaceKernel) -> None:
    told: list[Any] = []
    open_kernel.effects.listen(lambda effect: told.append((effect.kind, effect.name, effect.data)))
    uses = (("notify", None), ("clipboard", None), ("agent.emit", "sold"))
    run(
        open_kernel, "nx.notify('hello', 'warning'); await nx.clipboard('text'); await nx.emit('sold', { n: 1 })", *uses
    )
    assert told == [("notify", "warning", "hello"), ("clipboard", "", "text"), ("event", "sold", {"n": 1})]
    with pytest.raises(HandlerError, match="30 times a minute"):
        run(open_kernel, "for (let i = 0; i < 40; i++) await nx.notify('x')", *uses)


# Replay


def test_a_run_with_clock_chance_and_http_is_replayed_bit_for_bit(open_kernel: WorkspaceKernel, service: str) -> None:
    body = f"""
      const before = [Date.now(), Math.random(), nx.random(), nx.id()];
      const text = await (await nx.fetch('{service}/x')).text();
      const rest = await Promise.all([1, 2, 3].map((i) => nx.fetch('{service}/' + i).then((r) => r.text())));
      state.n = {{ before, text, rest, after: [new Date().toISOString(), Math.random()] }};
      return state.n;
    """
    panel(open_kernel, body, ("net.http", service))
    record = open_kernel.execution.start("p", "a", [], ANN).result(timeout=30)
    again = open_kernel.replay(record.id)
    assert (again.same, again.outcome, again.value) == (True, "done", record.value)
    assert again.changes == {"n": record.value}
    # What the panel has become since does not matter.
    panel(open_kernel, "return 'other'", ("net.http", service))
    assert open_kernel.replay(record.id).same


def test_a_run_that_failed_is_replayed_too(open_kernel: WorkspaceKernel) -> None:
    panel(open_kernel, "throw new Error('boo' + Math.random())")
    with pytest.raises(HandlerError):
        open_kernel.execution.start("p", "a", [], ANN).result(timeout=30)
    newest = open_kernel.runs.newest()[0]
    assert newest["outcome"] == "threw"
    again = open_kernel.replay(str(newest["id"]))
    assert (again.same, again.outcome) == (True, "threw")
    with pytest.raises(NotFoundError):
        open_kernel.replay("f" * 32)


# Cancelling, and what changes meanwhile


def test_a_run_can_be_cancelled_while_it_is_busy_waits_or_has_not_begun(open_kernel: WorkspaceKernel) -> None:
    panel(open_kernel, "for (;;) {}")
    first = open_kernel.execution.start("p", "a", [], ANN, run="1" * 32)
    second = open_kernel.execution.start("p", "a", [], ANN, run="2" * 32)
    threading.Event().wait(0.2)
    assert open_kernel.execution.cancel("2" * 32)
    assert open_kernel.execution.cancel("1" * 32)
    for run_ in (first, second):
        with pytest.raises(HandlerError) as caught:
            run_.result(timeout=60)
        assert caught.value.kind == "cancelled"
    assert not open_kernel.execution.cancel("1" * 32)


def test_what_a_run_writes_is_checked_against_the_text_of_then(open_kernel: WorkspaceKernel) -> None:
    waiting = Future[Any]()
    open_kernel.functions.expose(object(), [ExposedFunction(name="f")], lambda _name, _args: waiting)
    panel(open_kernel, "await nx.kernel.call('f'); state.n = 'text'", ("kernel.call", "f"))
    started = open_kernel.execution.start("p", "a", [], ANN)
    text = open_kernel.panel("p").nxml.replace('type="any" default="0"', 'type="int" default="0"', 1)
    open_kernel.put_panel("p", text, ANN)
    waiting.set_result(None)
    with pytest.raises(StateError, match="must be int"):
        started.result(timeout=60)
    assert open_kernel.panel("p").state == {"n": 0}


def test_a_run_that_another_one_waits_for_ends_in_peace_when_that_one_is_cancelled(
    open_kernel: WorkspaceKernel,
) -> None:
    waiting = Future[Any]()
    open_kernel.functions.expose(object(), [ExposedFunction(name="f")], lambda _name, _args: waiting)
    panel(open_kernel, "await nx.kernel.call('f'); state.n = 7", ("kernel.call", "f"), name="inner")
    panel(open_kernel, "return nx.send('inner', 'a')", ("panel.send", "inner"))
    outer = open_kernel.execution.start("p", "a", [], ANN, run="3" * 32)
    threading.Event().wait(0.2)
    assert open_kernel.execution.cancel("3" * 32)
    with pytest.raises(HandlerError, match="cancelled"):
        outer.result(timeout=60)
    waiting.set_result(None)
    for _ in range(200):
        if open_kernel.panel("inner").state == {"n": 7}:
            return
        threading.Event().wait(0.02)
    pytest.fail("the inner run did not end")
