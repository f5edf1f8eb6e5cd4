"""A front that speaks ClickHouse's HTTP protocol over the embedded engine, so that tests use the real client over HTTP.

The engine and the client are real; the HTTP handler is this file. What it does not cover: a server's own authentication
(passwords are compared here), users' rights (a user ``reader`` is one that may do no more than read), TLS, sessions,
quotas and replication. ``/asked`` tells who asked what.
"""

from __future__ import annotations

import base64
import gzip
import json
import re
import sys
import uuid
from email import message_from_bytes
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar
from urllib.parse import parse_qsl, urlsplit

import chdb

#: Options of the transport, which are no settings of the query.
_TRANSPORT = frozenset(
    [
        "query",
        "database",
        "query_id",
        "session_id",
        "session_timeout",
        "session_check",
        "user",
        "password",
        "quota_key",
        "compress",
        "decompress",
        "wait_end_of_query",
        "client_protocol_version",
        "role",
        "default_format",
        "buffer_size",
        "send_progress_in_http_headers",
        "http_headers_progress_interval_ms",
        "enable_http_compression",
        "http_compression_method",
    ]
)
_FORMAT = re.compile(r"\s+FORMAT\s+(\w+)\s*;?\s*$", re.IGNORECASE)
#: What a user with SELECT may do, and what everybody may with queries of their own.
_READS = re.compile(r"^\s*(SELECT|WITH|EXPLAIN|KILL\s+QUERY)\b", re.IGNORECASE)
_INSERT = re.compile(r"^\s*INSERT\s", re.IGNORECASE)


class Front(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1
    folder = ""
    #: Passwords by user.
    users: ClassVar[dict[str, str]] = {}
    asked: ClassVar[list[tuple[str, str, str]]] = []

    def log_message(self, *_args: object) -> None:
        pass

    def do_GET(self) -> None:
        self._handle()

    def do_POST(self) -> None:
        self._handle()

    def _handle(self) -> None:
        url = urlsplit(self.path)
        options = dict(parse_qsl(url.query, keep_blank_values=True))
        body = self._body()
        if url.path == "/ping":
            self._send(200, b"Ok.\n")
            return
        if url.path == "/asked":
            self._send(200, json.dumps(Front.asked).encode())
            return
        user = self._user(options)
        if user is None:
            self._send(403, b"Code: 516. DB::Exception: Authentication failed", {"X-ClickHouse-Exception-Code": "516"})
            return
        body = self._decoded(body)
        if self.headers.get("Content-Type", "").startswith("multipart/form-data"):
            body, more = _parts(self.headers["Content-Type"], body)
            options |= more
        text = options.get("query", "") + body[:4096].decode("utf-8", "replace")
        Front.asked.append((user, options.get("readonly", ""), text[:80]))
        if user == "reader" and not _READS.match(text):
            self._send(500, b"Code: 497. DB::Exception: Not enough privileges", {"X-ClickHouse-Exception-Code": "497"})
            return
        try:
            out, form, summary = self._answer(options, body)
            headers = {"X-ClickHouse-Format": form, "X-ClickHouse-Summary": json.dumps(summary)}
            self._send(200, out, headers)
        except Exception as error:  # noqa: BLE001 - told as a server does
            code = re.search(r"Code: (\d+)", str(error))
            self._send(500, str(error).encode(), {"X-ClickHouse-Exception-Code": code[1] if code else "1002"})

    def _answer(self, options: dict[str, str], body: bytes) -> tuple[bytes, str, dict[str, str]]:
        # A connection is a session, as a request is to a server; its settings begin to hold together.
        connection = chdb.connect(Front.folder)
        settings = {key: value for key, value in options.items() if key not in _TRANSPORT and key[:6] != "param_"}
        parameters = {key[6:]: value for key, value in options.items() if key.startswith("param_")}
        escaped = {key: value.replace("\\", "\\\\").replace("'", "\\'") for key, value in settings.items()}
        try:
            if settings:
                connection.query("SET " + ", ".join(f"{key} = '{value}'" for key, value in escaped.items()))
            return self._asked(connection, options, body, parameters)
        finally:
            connection.close()

    def _asked(
        self, connection: Any, options: dict[str, str], body: bytes, parameters: dict[str, str]
    ) -> tuple[bytes, str, dict[str, str]]:
        asked = options.get("query", "")
        head = asked or body[:4096].decode("utf-8", "replace")
        if _INSERT.match(head):
            data = body
            if not asked:
                found = re.search(rb"\sFORMAT\s+\w+[ \t]*;?[ \t]*(\n|$)", body, re.IGNORECASE)
                asked, data = (body[: found.end()].decode(), body[found.end() :]) if found else (body.decode(), b"")
            form = _FORMAT.search(asked)
            if form and data:
                with connection.send_insert(asked[: form.start()], form[1]) as insert:
                    insert.append(data)
                    written = insert.finish().rows_written
                return b"", "Null", {"written_rows": str(written)}
            connection.query(asked, "Null", params=parameters or None)
            return b"", "Null", {"written_rows": "0"}
        sql = asked + ("\n" if asked and body else "") + body.decode()
        form = _FORMAT.search(sql)
        name = form[1] if form else options.get("default_format", "TabSeparated")
        result = connection.query(sql[: form.start()] if form else sql, name, params=parameters or None)
        return (result.bytes() if hasattr(result, "bytes") else b"") or b"", name, {"read_rows": "0"}

    def _user(self, options: dict[str, str]) -> str | None:
        """Return who asks, if the password is theirs."""
        basic = self.headers.get("Authorization", "").removeprefix("Basic ")
        user, _, given = base64.b64decode(basic).decode().partition(":") if basic else (options.get("user", ""), "", "")
        given = self.headers.get("X-ClickHouse-Key", given or options.get("password", ""))
        user = self.headers.get("X-ClickHouse-User", user)
        return user if Front.users.get(user) == given else None

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding", "").lower() != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length") or 0))
        parts = []
        while size := int(self.rfile.readline().split(b";")[0], 16):
            parts.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(parts)

    def _decoded(self, body: bytes) -> bytes:
        encoding = self.headers.get("Content-Encoding", "")
        if encoding == "gzip":
            return gzip.decompress(body)
        if encoding == "lz4":
            import lz4.frame

            return bytes(lz4.frame.decompress(body))
        if encoding == "zstd":
            import zstandard

            return zstandard.ZstdDecompressor().decompressobj().decompress(body)
        return body

    def _send(self, code: int, body: bytes, headers: dict[str, str] | None = None) -> None:
        self.send_response(code)
        given = {"Content-Type": "application/octet-stream", "X-ClickHouse-Timezone": "UTC"}
        given |= {"X-ClickHouse-Query-Id": str(uuid.uuid4()), "Content-Length": str(len(body))}
        for key, value in {**given, **(headers or {})}.items():
            self.send_header(key, value)
        self.end_headers()
        self.wfile.write(body)


def _parts(kind: str, body: bytes) -> tuple[bytes, dict[str, str]]:
    message = message_from_bytes(b"Content-Type: " + kind.encode() + b"\r\n\r\n" + body)
    query, options = b"", {}
    for part in message.get_payload():
        name = str(part.get_param("name", header="content-disposition"))
        payload = part.get_payload(decode=True)
        if name == "query":
            query = payload
        else:
            options[name] = payload.decode()
    return query, options


class _Server(ThreadingHTTPServer):
    daemon_threads = True


if __name__ == "__main__":
    Front.folder = sys.argv[1]
    kept = chdb.connect(Front.folder)  # the engine stays while one is open
    Front.users = json.loads(sys.argv[2])
    server = _Server(("127.0.0.1", 0), Front)
    sys.stdout.write(f"{server.server_port}\n")
    sys.stdout.flush()
    server.serve_forever()
