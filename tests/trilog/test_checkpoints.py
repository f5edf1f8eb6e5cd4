"""States that are kept, and the rollup of objects that change all the time, give what a replay of all facts gives."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from nexus_jupyter.protocol.telemetry import TelemetryEvent
from nexus_jupyter.protocol.trilog import TwinAt, WorkspaceAt
from nexus_jupyter.storage import Journal, open_database
from nexus_jupyter.trilog import answers
from nexus_jupyter.trilog.database import Database
from nexus_jupyter.trilog.process import Store
from nexus_jupyter.trilog.tables import changes_table

HOUR = 3600 * 10**9
BEGAN = 1_790_000_000 * 10**9


@pytest.fixture(scope="module", params=["embedded", "server"])
def store(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory):
    folder = tmp_path_factory.mktemp("store")
    server = request.param == "server"
    made = Database.server(request.getfixturevalue("clickhouse")) if server else Database.embedded(folder / "ch")
    journal = Journal(open_database(f"sqlite:///{folder / 'journal.db'}"), "checkpoints")
    yield Store(made, journal, Path(folder) / "spool", "checkpoints", shared=server)
    made.close()


def fact(dice: random.Random, seq: int, ts: int, name: str) -> TelemetryEvent:
    op = dice.choice(("set", "set", "set", "unset"))
    given = {
        "object_type": "Panel",
        "object_id": name,
        "field": f"f{dice.randrange(4)}",
        "op": op,
        "seq": seq,
        "ts": ts,
    }
    told = {
        "event_type": "set",
        "actor": "ann",
        "cause": "set",
        "trace_id": "",
        "span_id": "",
        "workspace": "checkpoints",
    }
    return TelemetryEvent.model_validate({**given, **told, "value": str(seq) if op == "set" else ""})


def replayed(facts: list[TelemetryEvent], ts: int) -> dict[tuple[str, str], str]:
    state: dict[tuple[str, str], str] = {}
    for one in sorted(facts, key=lambda one: (one.ts, one.seq)):
        if one.ts <= ts:
            state.pop((one.object_id, one.field), None)
            if one.op == "set":
                state[one.object_id, one.field] = one.value
    return state


def test_states_are_those_of_a_replay_also_when_facts_come_late(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(answers, "_HOT", 300)
    monkeypatch.setattr(answers, "_DENSE", 2)
    dice = random.Random(4)
    facts: list[TelemetryEvent] = []
    for batch in range(6):
        fresh = []
        for _ in range(150):
            seq = len(facts) + len(fresh) + 1
            late = batch > 2 and dice.random() < 0.1
            ts = BEGAN + (dice.randrange(seq) if late else seq) * HOUR // 40
            fresh.append(fact(dice, seq, ts, dice.choice(("hot", "hot", "hot", "a", "b", "c"))))
        facts += fresh
        store.database.insert("twin_changes", changes_table(fresh), token=f"test-{batch}")
        store.checkpoints.arrived(min(one.ts for one in fresh))
        store.checkpoint()
    assert ("Panel", "hot") in store._answers.hot
    for number in range(90):
        if number == 60:
            store.checkpoints.look_again()  # as a process does that begins
        ts = BEGAN + dice.randrange(950) * HOUR // 40 + dice.choice((-1, 0, 1))
        expected = replayed(facts, ts)
        rows = store.ask(WorkspaceAt(ts=ts)).to_pylist()
        assert {(row["id"], row["field"]): row["value"] for row in rows} == expected
        for name in ("hot", "a"):
            rows = store.ask(TwinAt(type="Panel", id=name, ts=ts)).to_pylist()
            assert {(name, row["field"]): row["value"] for row in rows} == {
                k: v for k, v in expected.items() if k[0] == name
            }


def test_where_others_write_too_what_they_bring_late_counts_at_once(
    tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    journal = Journal(open_database(f"sqlite:///{tmp_path / 'journal.db'}"), "others")
    database = Database.server(request.getfixturevalue("clickhouse"))
    store = Store(database, journal, tmp_path / "spool", "others", shared=True)

    def insert(seq: int, ts: int) -> None:
        one = fact(random.Random(seq), seq, ts, "late").model_copy(
            update={"workspace": "others", "field": f"f{seq}", "op": "set", "value": str(seq)}
        )
        database.insert("twin_changes", changes_table([one]), token=f"others-{seq}")

    insert(1, BEGAN + 10)
    store.checkpoint()
    insert(2, BEGAN + 5)  # by another process: nobody here was told
    rows = store.ask(TwinAt(type="Panel", id="late", ts=BEGAN + 20)).to_pylist()
    assert {row["field"] for row in rows} == {"f1", "f2"}
    database.close()


def test_months_at_rest_become_one_part(store: Store) -> None:
    merging = "SELECT name FROM system.tables WHERE engine_full LIKE '%min_age_to_force_merge_seconds = 600%' "
    merging += "AND engine_full LIKE '%min_age_to_force_merge_on_partition_only = %' AND database = currentDatabase()"
    found = {str(row[0]) for row in store.database.rows(merging)}
    assert {"twin_changes", "twin_timeline", "twin_hourly", "twin_checkpoint", "trace_index", "process_steps"} <= found
