"""A panel that is too much for the reactor is refused in a sentence, whatever is asked of it and whichever limit it meets."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from nexus_jupyter.engine import Limits
from nexus_jupyter.protocol.errors import NXMLError
from nexus_jupyter.reactor import Reactor, host
from nexus_jupyter.workspace import WorkspaceKernel

LARGE = (
    '<panel id="large"><view>' + "".join(f'<text id="t{n}">{{1 + {n}}}</text>' for n in range(6000)) + "</view></panel>"
)
ASKED: dict[str, Callable[[Reactor], object]] = {
    "checked": lambda reactor: reactor.check(LARGE),
    "printed": lambda reactor: reactor.format(LARGE),
    "drawn": lambda reactor: reactor.render(LARGE, {"state": {}}),
}
LIMITS = {
    "takes longer than": Limits(cpu_seconds=0.01, output_bytes=64 << 20),
    "gives more than": Limits(output_bytes=10_000),
}


@pytest.mark.parametrize("limit", LIMITS)
@pytest.mark.parametrize("asked", ASKED)
def test_the_limit_is_said(kernel: WorkspaceKernel, asked: str, limit: str, monkeypatch: pytest.MonkeyPatch) -> None:
    kernel.reactor.check("<panel id='p'/>")  # what is loaded once is not what is measured
    monkeypatch.setattr(host, "_LIMITS", LIMITS[limit])
    with pytest.raises(NXMLError, match=f"cannot be {asked}: that {limit}") as raised:
        ASKED[asked](kernel.reactor)
    assert raised.value.hint
