"""What errors say is recorded in the history, for everybody who may read it.

Who attacks: a handler, or a server that it asks, whose error text holds a secret; and a text made to take long. What
must hold: no span, log or step of the history has the secret, and looking for secrets takes time that grows with the
text alone.
"""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from nexus_jupyter.notebook import Workspace
from nexus_jupyter.privacy import redacted, redacted_error
from nexus_jupyter.protocol.errors import HandlerError

KEY = "sk-proj-abcdefghijklmnopqrstuvwx"
PANEL = """<panel id="p"><view><text id="t">x</text></view><data><state name="n" type="int" default="0"/></data>
<logic><action name="fail">throw new Error("refused: api_key=KEY of ann@example.org");</action></logic></panel>"""


def test_secrets_in_the_errors_of_handlers_are_not_recorded(tmp_path: Path) -> None:
    pytest.importorskip("chdb")
    with Workspace.open(tmp_path / "ws") as ws:
        panel = ws.panel("p", PANEL.replace("KEY", KEY))
        with pytest.raises(HandlerError) as caught:
            panel.run("fail")
        assert KEY in caught.value.message
        assert len(ws.trilog.cause(caught.value).frame)
        for table in ("otel_traces", "otel_logs", "process_steps"):
            told = ws.trilog.sql(f"select * from {table}").to_csv()
            assert "refused" in told
            assert KEY not in told, table
            assert "ann@example.org" not in told, table


#: What each form of a secret begins with, again and again, without ever being one.
UNITS = [
    "a", "a.", "a-", "eyJ-", "eyJa", "eyJaaaaaa.", "1 ", "1", "sk-", "://a:", "token ", "token is ", "-----BEGIN A", " ", "+1 ",
    "AB12 ", "a@", "a@b.", "basic ", "secret=", "(111) ", "1.1.", "token" + 50 * " ", "basic" + 50 * " ",
]  # fmt: skip


@pytest.mark.parametrize("unit", UNITS)
def test_the_time_of_redaction_grows_with_the_text_alone(unit: str) -> None:
    def best(size: int) -> float:
        text = unit * (size // len(unit))
        times = []
        for _ in range(3):
            began = time.process_time()
            redacted(text)
            times.append(time.process_time() - began)
        return min(times)

    # Eight times the text: eight times the time, where pairs of places would be looked at sixty-four times.
    assert best(160_000) < 24 * max(best(20_000), 1e-4)


def test_what_is_recorded_of_an_error_is_bounded() -> None:
    assert len(redacted_error("x" * 10**7)) <= 500
    assert redacted_error(ValueError(f"with {KEY}")) == "with [secret]"
    assert redacted("jwt-eyJhbGciOi.eyJzdWIiOi.c2lnbmF0 a.b+c@example.co.uk") == "[secret] [private]"
