"""The REST calls, and that nobody gets in who should not."""

from __future__ import annotations

import asyncio
import contextlib
import json
import queue
import re
from typing import Any

import pyarrow as pa
import pytest
from jupyter_server.auth import Authorizer
from tornado.httpclient import AsyncHTTPClient, HTTPClientError

from nexus_jupyter.engine import Limits
from nexus_jupyter.notebook.remote import RemoteHost
from nexus_jupyter.protocol.errors import TokenExpiredError
from nexus_jupyter.protocol.rights import REQUESTS
from nexus_jupyter.route import Route
from nexus_jupyter.server.app import ROUTES
from nexus_jupyter.server.handler import NexusHandler
from nexus_jupyter.server.tokens import TokenIssuer

BASE = ("nexus", "api")


@pytest.fixture
def call(jp_fetch: Any, jp_serverapp: Any) -> Any:
    async def ask(method: str, path: str, body: Any = None, **kwargs: Any) -> Any:
        data = json.dumps(body) if body is not None and not isinstance(body, bytes) else body
        kwargs.setdefault("request_timeout", 120)  # the first one opens the workspace
        answer = await jp_fetch(
            *BASE, *path.split("/"), method=method, body=data, allow_nonstandard_methods=True, **kwargs
        )
        return json.loads(answer.body) if "json" in answer.headers["Content-Type"] else answer.body

    yield ask
    jp_serverapp.web_app.settings["nexus"].close()


async def refused(call: Any, *args: Any, **kwargs: Any) -> dict[str, Any]:
    with pytest.raises(HTTPClientError) as caught:
        await call(*args, **kwargs)
    assert caught.value.response is not None
    assert caught.value.response.headers["Content-Type"] == "application/problem+json"
    problem: dict[str, Any] = json.loads(caught.value.response.body)
    assert problem["status"] == caught.value.code
    return problem


async def test_a_panel_through_its_life(call: Any, counter: str) -> None:
    made = await call("PUT", "panels/counter", {"nxml": counter})
    assert made["state"] == {"count": 0}
    assert (await call("POST", "panels/counter/run/add", {"args": {"by": 2}}))["value"] == 2
    await call("PUT", "panels/counter/state", {"values": {"count": 5}})
    await call("POST", "panels/counter/undo", {})
    assert (await call("GET", "panels/counter"))["state"] == {"count": 2}
    assert "nx-panel" in (await call("GET", "panels/counter/html"))["text"]
    assert (await call("GET", "panels/counter/build"))["actions"][0]["name"] == "add"
    xml = '<patch panel="counter"><set id="plus" label="More"/></patch>'
    assert (await call("POST", "patch/apply", {"panel": "counter", "xml": xml}))["changed"]
    version = await call("POST", "workspace/commit", {})
    assert version["message"] == "add counter"
    assert (await call("GET", "workspace/log"))[0]["id"] == version["id"]
    await call("POST", "workspace/checkout", {"ref": version["id"]})
    assert [change["rev"] for change in await call("GET", "workspace/journal")][:3] == [1, 2, 3]
    assert {node["id"] for node in (await call("GET", "workspace/graph"))["nodes"]} >= {"counter", "counter/plus"}
    assert (await call("DELETE", "panels/counter"))["changed"]
    assert await call("GET", "panels") == []


async def test_what_a_version_leaves_out_is_told_with_it(call: Any, counter: str, jp_serverapp: Any) -> None:
    await call("PUT", "panels/counter", {"nxml": counter})
    files = (await jp_serverapp.web_app.settings["nexus"].workspace()).folder.files
    files.mkdir(parents=True, exist_ok=True)
    (files / ".envrc").write_text("x")
    version = await call("POST", "workspace/commit", {})
    assert [note.partition(",")[0] for note in version["notes"]] == ["files/.envrc has a name that tools look for"]


async def test_branches_merges_and_questions_over_rest(call: Any, counter: str) -> None:
    await call("PUT", "panels/counter", {"nxml": counter})
    await call("POST", "workspace/commit", {"message": "start"})
    assert (await call("POST", "workspace/branch", {"name": "try"}))["current"] is False
    await call("PUT", "panels/counter", {"nxml": counter.replace('label="+1"', 'label="ours"')})
    await call("POST", "workspace/commit", {})
    await call("POST", "workspace/switch", {"branch": "try"})
    await call("PUT", "panels/counter", {"nxml": counter.replace('label="+1"', 'label="theirs"')})
    differences = await call("GET", "workspace/diff", params={"a": "main", "b": "try"})
    assert [one["words"] for one in await call("GET", "workspace/diff")] == ["plus: label +1 -> theirs"]
    assert [one["words"] for one in differences] == ["plus: label ours -> +1"]
    merged = await call("POST", "workspace/merge", {"ref": "main"})
    assert merged["outcome"] == "conflicts"
    asked = await call("GET", "workspace/conflicts", params={"panel": "counter"})
    assert asked == merged["conflicts"] == (await call("GET", "panels/counter"))["conflicts"]
    refusal = await refused(call, "POST", "workspace/switch", {"branch": "main"})
    assert (refusal["status"], refusal["code"]) == (409, "conflict")
    await call("POST", "workspace/conflicts", {"panel": "counter", "conflict": asked[0]["id"], "pick": "theirs"})
    assert await call("GET", "workspace/conflicts") == []
    assert len((await call("GET", "workspace/log", params={"all": "1"}))[0]["parents"]) == 2
    of = (await call("PUT", "panels/counter/state", {"values": {"count": 5}}))["rev"]
    rev = (await call("POST", "workspace/revert", {"rev": of, "ops": [0]}))["rev"]
    assert (await call("GET", "panels/counter"))["state"] == {"count": 0}
    assert (await call("GET", "workspace/journal"))[-1]["cause"] == {"kind": "revert", "via": "api", "of": of} | {
        "element": None, "action": None, "run": None, "ref": None, "parent": None, "ahead_ms": None,
    }  # fmt: skip
    assert rev == (await call("GET", "panels/counter"))["rev"]
    assert (await call("POST", "workspace/tag", {"name": "v1"}))["refs"]
    assert (await call("GET", "workspace/remote")) == []
    for path, body in (
        ("workspace/revert", {}),
        ("workspace/merge", {"ref": "no/where"}),
        ("workspace/push", {}),
        ("workspace/remote", {"name": "origin", "url": "ext::sh"}),
        ("workspace/conflicts", {"panel": "counter", "conflict": "x", "pick": "ours"}),
    ):
        assert (await refused(call, "POST", path, body))["detail"]


async def test_errors_are_problem_details_that_say_what_to_do(call: Any, counter: str) -> None:
    await call("PUT", "panels/counter", {"nxml": counter})
    missing = await refused(call, "GET", "panels/nothing")
    assert (missing["status"], missing["code"], missing["hint"]) == (404, "not-found", "Panels here: counter.")
    broken = await refused(call, "PUT", "panels/counter", {"nxml": counter.replace("<button", "<buton")})
    assert broken["diagnostics"][0]["fix"]["title"] == "write <button>"
    failed = await refused(call, "POST", "panels/counter/run/add", {"args": ["x"]})
    assert failed["code"] == "state"
    assert (await refused(call, "POST", "panels/counter/run/add", {"wrong": 1}))["code"] == "request"
    assert (await refused(call, "PUT", "frames/df", b"no arrow"))["code"] == "frame"
    assert (await refused(call, "GET", "no/such/call"))["status"] == 404
    assert (await refused(call, "GET", "workspaces", params={"workspace": "other"}))["code"] == "not-found"
    stale = await refused(call, "PUT", "panels/counter", {"nxml": counter}, headers={"If-Match": "0"})
    assert stale["status"] == 409


async def test_frames_go_in_and_out_as_arrow(call: Any) -> None:
    sink = pa.BufferOutputStream()
    table = pa.table({"x": [1, 2]})
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    assert (await call("PUT", "frames/df", sink.getvalue().to_pybytes()))["changed"]
    assert pa.ipc.open_stream(await call("GET", "frames/df")).read_all().equals(table)


async def test_a_kernel_token_opens_our_routes_and_expires(call: Any, jp_serverapp: Any, jp_fetch: Any) -> None:
    room = jp_serverapp.web_app.settings["nexus"]
    bearer = {"Authorization": f"Bearer {room.tokens.mint('ann')}"}
    assert await call("GET", "panels", headers=bearer) == []
    assert (await call("POST", "auth/refresh", {}, headers=bearer))["text"].count(".") == 2
    for token in ("x.y.z", TokenIssuer(60).mint("ann"), TokenIssuer(-5).mint("ann")):
        problem = await refused(call, "GET", "panels", headers={"Authorization": f"Bearer {token}"})
        assert (problem["status"], problem["code"]) == (403, "denied")
    with pytest.raises(HTTPClientError) as caught:
        await jp_fetch("api", "contents", headers=bearer)
    assert caught.value.code == 403, "the token opens nothing but Nexus"


def paths() -> list[str]:
    return [re.sub(r"\(\?P<\w+>[^)]*\)", "x", pattern) for pattern, _ in ROUTES]


async def test_a_kernel_that_slept_over_the_weekend_goes_on(
    call: Any, jp_serverapp: Any, jp_http_port: int, jp_base_url: str, counter: str
) -> None:
    room = jp_serverapp.web_app.settings["nexus"]
    now = 0.0
    room.tokens = TokenIssuer(24 * 3600, 14 * 24 * 3600, clock=lambda: now)
    url = f"http://127.0.0.1:{jp_http_port}{jp_base_url}"
    token = room.tokens.mint("ann")
    host = await asyncio.to_thread(lambda: RemoteHost(Route.to(url), token))
    told = queue.SimpleQueue[int]()
    await asyncio.to_thread(lambda: host.put_panel("counter", counter, via="api"))
    await asyncio.to_thread(lambda: host.listen("counter", lambda _panel, rev: told.put(rev)))
    now += 3 * 24 * 3600  # the kernel asked for nothing since Friday, and its stream ends with its token
    assert await asyncio.to_thread(host.panels) == ["counter"]
    # The stream comes back by itself and goes on telling.
    for value in range(1, 100):
        await asyncio.to_thread(lambda value=value: host.set_state("counter", {"count": value}))
        with contextlib.suppress(queue.Empty):
            await asyncio.to_thread(lambda: told.get(timeout=0.5))
            break
    else:
        raise AssertionError("no change was told of after the token had ended")
    stolen = {"Authorization": f"Bearer {token}"}
    with pytest.raises(HTTPClientError) as caught:
        await AsyncHTTPClient().fetch(f"{url}nexus/api/panels", headers=stolen)
    assert caught.value.code == 403, "an ended token opens nothing but its own exchange"
    now += 40 * 24 * 3600
    with pytest.raises(TokenExpiredError, match="too long ago"):
        await asyncio.to_thread(host.panels)
    await asyncio.to_thread(host.close)


@pytest.mark.parametrize("path", [*paths(), "openapi.json"])
@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE"])
async def test_without_authentication_no_route_does_anything(jp_fetch: Any, path: str, method: str) -> None:
    with pytest.raises(HTTPClientError) as caught:
        await jp_fetch(
            *BASE,
            *path.split("/"),
            method=method,
            headers={"Authorization": "token wrong"},
            allow_nonstandard_methods=True,
        )
    assert caught.value.code in {403, 405}


def test_every_verb_is_guarded_with_a_request_of_its_own() -> None:
    for pattern, handler in ROUTES:
        for verb in ("get", "post", "put", "delete", "patch"):
            method = vars(handler).get(verb)
            if method is not None and issubclass(handler, NexusHandler):
                assert method.__nexus_request__ in REQUESTS, f"{pattern} {verb}"
            inherited = getattr(handler, verb, None)
            assert method is not None or inherited is None or "_unimplemented_method" in repr(inherited), (
                f"{pattern} {verb}"
            )


class ReadOnly(Authorizer):
    """Lets everybody read, and nobody do more."""

    def is_authorized(self, _handler: Any, _user: Any, action: str, _resource: str) -> bool:
        return action == "read"


async def test_the_servers_authorizer_decides_by_action(call: Any, jp_serverapp: Any, counter: str) -> None:
    await call("PUT", "panels/counter", {"nxml": counter})
    jp_serverapp.web_app.settings["authorizer"] = ReadOnly(
        parent=jp_serverapp, identity_provider=jp_serverapp.identity_provider
    )
    assert (await call("GET", "panels/counter"))["name"] == "counter"
    for method, path, body in (
        ("PUT", "panels/counter", {"nxml": counter}),
        ("POST", "panels/counter/run/add", {}),
        ("PUT", "panels/counter/state", {"values": {}}),
        ("DELETE", "panels/counter", None),
        ("POST", "workspace/commit", {}),
    ):
        assert (await refused(call, method, path, body))["status"] == 403


async def test_a_browser_needs_the_xsrf_token_to_change_anything(
    jp_serverapp: Any, jp_base_url: str, http_server_client: Any, counter: str
) -> None:
    url = f"{jp_base_url}nexus/api/panels/counter"
    signed_in = await http_server_client.fetch(
        f"{jp_base_url}nexus/api/health?token={jp_serverapp.identity_provider.token}"
    )
    cookies = "; ".join(cookie.split(";")[0] for cookie in signed_in.headers.get_list("Set-Cookie"))
    change = {"method": "PUT", "body": json.dumps({"nxml": counter})}
    with pytest.raises(HTTPClientError) as caught:
        await http_server_client.fetch(url, headers={"Cookie": cookies}, **change)
    assert caught.value.code == 403
    xsrf = re.search(r"_xsrf=([^;]*)", cookies)
    assert xsrf is not None
    await http_server_client.fetch(url, headers={"Cookie": cookies, "X-XSRFToken": xsrf.group(1)}, **change)
    jp_serverapp.web_app.settings["nexus"].close()


async def test_the_api_describes_itself(call: Any) -> None:
    document = await call("GET", "openapi.json")
    assert document["openapi"].startswith("3.1")
    assert set(document["paths"]["/panels/{name}"]) == {"get", "put", "delete"}
    described = set(document["paths"])
    assert len(described) >= len([route for route in ROUTES if hasattr(route[1], "operations")])


async def test_health_tells_versions(call: Any) -> None:
    health = await call("GET", "health")
    assert health["protocol"] == 1
    assert "wasmtime" in health["engine"]


async def test_the_runtime_is_served_as_a_module(jp_fetch: Any) -> None:
    answer = await jp_fetch(*BASE, "static", "runtime.js")
    assert answer.headers["Content-Type"].startswith("text/javascript")
    with pytest.raises(HTTPClientError):
        await jp_fetch(*BASE, "static", "engine.wasm")


async def test_the_stream_answers_over_a_websocket(jp_ws_fetch: Any, call: Any, counter: str) -> None:
    await call("PUT", "panels/counter", {"nxml": counter})
    socket = await jp_ws_fetch(*BASE, "stream")
    await socket.write_message(json.dumps({"type": "hello", "version": 1, "token": None}))
    assert json.loads(await socket.read_message())["host"] == "server"
    await socket.write_message(json.dumps({"type": "subscribe", "panel": "counter", "rev": None}))
    assert json.loads(await socket.read_message())["state"] == {"count": 0}
    socket.close()
    with pytest.raises(HTTPClientError) as caught:
        await jp_ws_fetch(*BASE, "stream", headers={"Authorization": "Bearer x.y.z"})
    assert caught.value.code == 403


async def test_a_message_of_a_handler_reaches_its_pages_and_what_it_changed_is_kept(
    jp_ws_fetch: Any, call: Any
) -> None:
    code = "state.n += 1; state.busy = true; try { if (hard) nx.fail('No paper.'); nx.error('No ink.') } finally { state.busy = false } return 'on'"
    states = '<state name="n" type="int"/><state name="busy" type="bool"/>'
    await call("PUT", "panels/p", {"nxml": f'<panel id="p"><data>{states}</data><logic><action name="a" params="hard: bool">{code}</action></logic></panel>'})  # fmt: skip
    socket = await jp_ws_fetch(*BASE, "stream")
    await socket.write_message(json.dumps({"type": "hello", "version": 1, "token": None}))
    await socket.write_message(json.dumps({"type": "subscribe", "panel": "p", "rev": None}))
    while json.loads(await socket.read_message())["type"] != "grants":
        pass
    assert (await call("POST", "panels/p/run/a", {"args": {"hard": False}}))["value"] == "on"
    problem = await refused(call, "POST", "panels/p/run/a", {"args": {"hard": True}})
    assert (problem["kind"], problem["detail"]) == ("threw", "No paper.")
    assert (await call("GET", "panels/p"))["state"] == {"n": 1, "busy": False}
    while (frame := json.loads(await socket.read_message()))["type"] != "effect":
        pass
    assert (frame["kind"], frame["name"], frame["data"]) == ("notify", "error", "No ink.")
    socket.close()


def test_every_limit_can_be_configured() -> None:
    from nexus_jupyter.server.app import NexusApp

    app = NexusApp(
        run_memory=32, run_cpu=0.5, run_wall=7.0, run_output=4096, run_calls_at_once=2, run_calls=9, pooled=3,
        files_quota=11, connections={"shop": "sqlite://"}, private_origins=["http://10.0.0.1"],
    )  # fmt: skip
    options = app.workspace_options
    assert options.limits.machine == Limits(32 << 20, 0.5, 4096)
    assert (options.limits.wall_seconds, options.limits.calls_at_once, options.limits.calls) == (7.0, 2, 9)
    assert (options.pooled, options.files_quota, options.connections) == (3, 11, {"shop": "sqlite://"})
    assert options.private_origins == ("http://10.0.0.1",)


async def test_what_a_person_has_for_themselves_is_in_nobody_elses_answer(call: Any, jp_serverapp: Any) -> None:
    panel = """<panel id="diary"><data><state name="mood" type="str" default="" scope="user"/></data>
      <view><text>{mood}</text></view></panel>"""
    tokens = jp_serverapp.web_app.settings["nexus"].tokens
    ann, bob = ({"headers": {"Authorization": f"Bearer {tokens.mint(one)}"}} for one in ("ann", "bob"))
    await call("PUT", "panels/diary", {"nxml": panel})
    await call("PUT", "panels/diary/state", {"values": {"mood": "tired-4711"}}, **ann)
    paths: list[tuple[str, str, Any]] = [
        ("GET", "workspace/graph", None),
        ("GET", "workspace/graph/jsonld", None),
        ("GET", "workspace/graph/patch", None),
        ("POST", "workspace/graph/neighbourhood", {"ids": ["diary"], "budget": 50}),
        ("POST", "workspace/graph/explain", {"id": "diary/state.mood"}),
        ("POST", "workspace/graph/impact", {"id": "diary"}),
    ]
    for method, path, body in paths:
        said = json.dumps(await call(method, path, body, **bob))
        assert "4711" not in said, path
        assert '"user:ann":' not in said, path
    assert "4711" in json.dumps(await call("GET", "workspace/graph", **ann))
    # A condition cannot find it out either.
    query = {"type": "State", "where": [{"attr": "user:ann", "value": "tired-4711"}]}
    assert (await call("POST", "workspace/graph/match", query, **bob))["entities"] == []
    assert len((await call("POST", "workspace/graph/match", query, **ann))["entities"]) == 1
