"""SQL of people: a grammar over the engine's table functions, settings, statements, comments and quotes."""

from __future__ import annotations

import json

from tests.attacker.attack import Attack, Deck
from tests.attacker.carriers.rest import answered
from tests.attacker.ledger import Sent, shown
from tests.attacker.people import PEOPLE
from tests.attacker.values import Maker
from tests.attacker.web import Web

__all__ = ["Sql"]

_SPACES = (" ", "\n", "\t", "/* x */", " -- x\n", "/**/", " # x\n", "\u00a0", "  ")
#: Kinds that must never be answered by rows, whatever they are wrapped into.
_REFUSED = frozenset(["table function", "function", "changes", "settings", "two statements", "file", "into outfile"])


class Sql:
    """Asks the history."""

    def __init__(self, attack: Attack, worker: int = 0) -> None:
        self._attack = attack
        self._chance = attack.chance(f"sql {worker}")
        self._maker = Maker(self._chance, attack.world)
        self._web = Web(attack.server.port)
        self.types = {*_REFUSED, "reads", "garbage", "other tables"}
        self._deck = Deck(self._chance, list(self.types))

    def step(self) -> None:
        """Ask one question."""
        kind = self._deck.next()
        text = self._text(kind)
        if kind in {"reads", "garbage"} or self._chance.random() < 0.3:
            text = self._disguised(text)
        person = self._chance.choice(PEOPLE)
        body = json.dumps({"kind": "sql", "sql": text}).encode()
        sent = self._attack.ledger.send(Sent("sql", kind, person, "history.ask", shown(text)))
        answer = answered(
            self._web.ask(
                "POST",
                "/nexus/api/trilog/query",
                {**self._attack.server.headers(person), "Content-Type": "application/json"},
                body,
            )
        )
        self._attack.ledger.answer(sent, answer)
        if answer.done and kind in _REFUSED:
            self._attack.ledger.found("answers", f"SQL of the kind '{kind}' was answered.", sent)

    def close(self) -> None:
        """Close the connection."""
        self._web.close()

    def _text(self, kind: str) -> str:
        chance, secret, canary = self._chance, self._chance.choice(self._maker.world.files), self._maker.world.canary
        source = chance.choice([
            f"file('{secret}', 'LineAsString')", f"url('http://127.0.0.1:{canary}/x.csv', 'LineAsString')", "executable('id', 'TSV', 'a String')",
            f"remote('127.0.0.1:{canary}', system.one)", f"s3('http://127.0.0.1:{canary}/b', 'a', 'b', 'LineAsString')",
            f"sqlite('{secret}', 't')", f"mysql('127.0.0.1:{canary}', 'd', 't', 'u', 'p')", f"filesystem('{secret.rpartition('/')[0]}')",
            f"fileCluster('default', '{secret}', 'LineAsString')", "python('x')", "merge('system', '.*')", f"`file`('{secret}', 'LineAsString')",
            "cluster('default', system.one)", "input('a String')", f"postgresql('127.0.0.1:{canary}', 'd', 't', 'u', 'p')", "loop(system.one)",
        ])  # fmt: skip
        inner = chance.choice(
            ["SELECT 1", "SELECT * FROM twin_changes", "SELECT count() FROM twin_timeline", "SHOW TABLES"]
        )
        match kind:
            case "table function":
                return chance.choice([f"SELECT * FROM {source}", f"WITH a AS (SELECT * FROM {source}) SELECT * FROM a", f"SELECT (SELECT count() FROM {source})",
                                      f"{inner.replace('SHOW TABLES', 'SELECT 1')} UNION ALL SELECT * FROM {source}", f"SELECT * FROM view(SELECT * FROM {source})"])  # fmt: skip
            case "function":
                return chance.choice([f"SELECT file('{secret}')", "SELECT sleep(2)", "SELECT getSetting('readonly')", "SELECT hostName()", f"SELECT arrayMap(x -> file(x), ['{secret}'])",
                                      "SELECT dictGet('d', 'a', 1)", "SELECT currentUser(), getMacro('x')", f"SELECT 1 ORDER BY file('{secret}')"])  # fmt: skip
            case "changes":
                return chance.choice([
                    "DROP TABLE twin_changes", "TRUNCATE TABLE twin_changes", "INSERT INTO twin_changes SELECT * FROM twin_changes", "DELETE FROM twin_changes WHERE 1",
                    "ALTER TABLE twin_changes DELETE WHERE 1", "CREATE TABLE made (a Int8) ENGINE = Memory", "CREATE USER made", "SYSTEM FLUSH LOGS", "SET readonly = 0",
                    "RENAME TABLE twin_changes TO x", "OPTIMIZE TABLE twin_changes", "CREATE FUNCTION made AS x -> x", "KILL QUERY WHERE 1", "CREATE VIEW made AS SELECT 1",
                ])  # fmt: skip
            case "settings":
                return f"SELECT 1 SETTINGS {chance.choice(['readonly = 0', 'max_execution_time = 0', 'max_threads = 9', 'additional_table_filters = {}'])}"
            case "two statements":
                return chance.choice(
                    [
                        "SELECT 1; DROP TABLE twin_changes",
                        "SELECT 1;;SELECT 2",
                        "SET readonly = 0; SELECT 1",
                        "SELECT 1;/* */CREATE TABLE x (a Int8) ENGINE = Memory",
                    ]
                )
            case "file":
                return chance.choice(
                    [
                        f"SELECT * FROM '{secret}'",
                        f'SELECT * FROM "{secret}"',
                        f"SELECT * FROM `{secret}`",
                        f"DESCRIBE file('{secret}')",
                        f"SELECT * FROM file('{secret}')",
                    ]
                )
            case "into outfile":
                return f"SELECT 1 INTO OUTFILE '{chance.choice([secret, secret + '.new'])}'"
            case "other tables":
                return f"SELECT * FROM {chance.choice(['system.processes', 'system.tables', 'information_schema.tables', 'system.settings', 'default.x', '`a.b`', 'twin_from_logs'])}"
            case "garbage":
                return chance.choice(["SELECT " + "(" * 2000 + "1" + ")" * 2000, "\0", "\ud800", "SELECT '" + "x" * 100_000, "", ";", "SELECT " + "1," * 5000 + "1",
                                      "EXPLAIN " * 50 + "SELECT 1", "SELECT * FROM numbers(1000000000000)", "WITH RECURSIVE a AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM a) SELECT * FROM a"])  # fmt: skip
            case _:
                return chance.choice([inner, "SELECT object_id, count() FROM twin_changes GROUP BY 1 ORDER BY 2 DESC LIMIT 5", "DESCRIBE twin_changes",
                                      "SELECT toString(1) AS `a;b`, '--', \"x\" FROM (SELECT 1 AS x)", "EXPLAIN SELECT 1"])  # fmt: skip

    def _disguised(self, text: str) -> str:
        """Exchange spaces, and letters of words that SQL does not tell apart."""
        words = text.split(" ")
        made = words[0]
        for word in words[1:]:
            mixed = word.upper() if word.isalpha() and word.islower() and self._chance.random() < 0.1 else word
            made += (self._chance.choice(_SPACES) if self._chance.random() < 0.3 else " ") + mixed
        return (
            self._chance.choice(["", " ", "-- x\n", "/* SELECT */ "])
            + made
            + self._chance.choice(["", ";", " -- end", "\n"])
        )
