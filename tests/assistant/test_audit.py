"""Every exchange with a model can be looked up later, and no secret is anywhere in the history."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pytest

from nexus_jupyter.ai import Router
from nexus_jupyter.assistant import Assistant
from nexus_jupyter.notebook import Workspace
from nexus_jupyter.notebook.local import LocalHost
from nexus_jupyter.protocol.ai import DecideBody
from nexus_jupyter.protocol.identity import Actor
from nexus_jupyter.protocol.patch import Patch, SetOp
from nexus_jupyter.trilog.reading import TABLES
from tests.ai.scripted import Step, scripted
from tests.assistant.conftest import ANN, BOARD, Talk, change, run, set_

SECRET, MAIL, PHONE, KEY = "sk-proj-CANARYabcdefghijkl", "canary@example.org", "+41 44 668 18 00", "CANARYhunter22"


@pytest.fixture(scope="module")
def ws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    folder: Path = tmp_path_factory.mktemp("audit")
    with Workspace.open(folder) as workspace:
        host = workspace._host
        assert isinstance(host, LocalHost)
        host.kernel.put_panel("board", BOARD, ANN)
        host.kernel.bind_frame("people", pa.table({"email": [f"CANARY-{MAIL}"], "region": ["north"]}), ANN)
        run(_talk(host))
        yield workspace


async def _talk(host: LocalHost) -> None:
    answers = [
        Step(text=change(set_("go", "label", "Start"), set_("note", "text", "x"), say=f"Uses {SECRET}, {MAIL}.")),
        Step(text=change(set_("go", "label", f"password: {KEY}"))),
        Step(text=f"No: {PHONE}."),
        Step(text=f"No, {MAIL} again."),
        Step(text=change(set_("go", "label", "Later"))),
    ]
    async with scripted(*answers) as server:
        router = Router([server.endpoint(price_in=1.0, price_out=2.0)])
        assistant = Assistant(host.kernel, router)
        one = Talk(host.kernel, server, assistant, router)
        first = await one.proposal(f"Use the key {SECRET} of {MAIL}, phone {PHONE}, password: {KEY}", frames=["people"])
        await one.accept(first, 0)
        second = await one.proposal("Put the password there")
        await one.assistant.decide(second.id, DecideBody(reject=True), ANN)
        await one.failure("Do what cannot be done")
        await one.proposal("Decide later")
        assistant.close()
        await router.aclose()


def test_each_exchange_is_a_row_with_what_was_asked_what_it_cost_and_what_became_of_it(ws: Workspace) -> None:
    found = ws.trilog.ai()
    assert found["outcome"].tolist() == ["gone", "failed", "rejected", "accepted"]
    last = found.iloc[-1]
    assert last["ops"] == ["go: label Go -> Start", "note: text A note -> x"]
    assert (last["accepted"], last["rejected"]) == ([0], [1])
    assert (last["endpoint"], last["model"], last["prompt_tokens"], last["completion_tokens"]) == ("one", "m", 9, 3)
    assert last["cost"] == pytest.approx((9 * 1.0 + 3 * 2.0) / 1e6)
    assert (last["actor"], last["panel"], last["task"]) == ("ann", "board", "edit")
    assert last["seconds"] > 0
    parts = {part["part"]: part for part in last["context"]}
    assert parts["panel board"]["shown"]
    assert all(part["tokens"] > 0 and part["why"] for part in parts.values())
    assert found.iloc[1]["error"].startswith("The model's answer cannot be used")


def test_the_change_that_came_of_it_is_found_by_the_exchange(ws: Workspace) -> None:
    accepted = ws.trilog.ai().iloc[-1]
    made = ws.journal[ws.journal["cause"] == "prompt"]
    assert made["rev"].tolist() == [accepted["rev"]]
    assert accepted["id"] in str(ws.trilog.cause(int(accepted["rev"])))


def test_the_process_of_exchanges_can_be_asked_like_any_other(ws: Workspace) -> None:
    funnel = ws.trilog.process("ModelExchange").funnel().set_index("step")["courses"].to_dict()
    assert (funnel["asked"], funnel["proposed"], funnel["accepted"], funnel["failed"]) == (4, 3, 1, 1)


def test_no_secret_and_nothing_private_is_in_any_table_of_the_history(ws: Workspace) -> None:
    ws.trilog.flush()
    rows = 0
    for table in TABLES:
        found = ws.trilog.sql(f"SELECT * FROM {table}")
        text = json.dumps(found.to_dict("records"), default=str)
        rows += len(found)
        for canary in ("CANARY", MAIL, PHONE):
            assert canary not in text, table
    assert rows > 10


def test_a_value_of_another_person_is_in_no_proposal(ws: Workspace) -> None:
    host = ws._host
    assert isinstance(host, LocalHost)
    own = '<panel id="mine" title="Mine"><view><text id="t">{c}</text><metric id="m" label="C" value="{c}"/></view><data><state name="c" type="str" default="" scope="user"/></data></panel>'
    host.kernel.put_panel("mine", own, ANN)
    host.kernel.set_state("mine", {"c": "OTHERS"}, Actor(id="bob"))
    host.kernel.edit("mine", Patch(ops=[SetOp(id="t", attrs={"text": "{c}!"})]), ANN)

    async def go() -> None:
        removal = change({"op": "remove", "id": "state.c"}, {"op": "remove", "id": "t"}, {"op": "remove", "id": "m"})
        async with scripted(Step(text=removal)) as server:
            router = Router([server.endpoint()])
            assistant = Assistant(host.kernel, router)
            talk = Talk(host.kernel, server, assistant, router)
            proposal = await talk.proposal("Remove it", panel="mine")
            assert len(proposal.ops) == 3
            assert "OTHERS" not in proposal.model_dump_json()
            assert "OTHERS" not in json.dumps(server.requests)
            assistant.close()
            await router.aclose()

    run(go())


def test_a_wish_that_is_refused_before_a_model_is_asked_is_no_exchange(tmp_path: Path) -> None:
    """Otherwise a process would begin with its end, which the history sets aside."""
    with Workspace.open(tmp_path / "ws") as workspace:
        host = workspace._host
        assert isinstance(host, LocalHost)

        async def go() -> None:
            async with scripted() as server:
                router = Router([])
                assistant = Assistant(host.kernel, router)
                failure = await Talk(host.kernel, server, assistant, router).failure("Do it", panel="nope")
                assert "nope" in failure.message
                assistant.close()
                await router.aclose()

        run(go())
        assert len(workspace.trilog.quarantine()) == 0
