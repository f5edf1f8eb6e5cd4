"""Several threads look at more versions than the store remembers, as pages and checkouts do."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from nexus_jupyter.history import VersionStore
from nexus_jupyter.protocol.errors import NotFoundError
from nexus_jupyter.workspace import WorkspaceKernel
from tests.conftest import ANN, COUNTER


def test_what_other_threads_make_the_store_forget_is_answered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = VersionStore(tmp_path)
    commit = store.commit({"panels/a.nxml": b"a"}, "Change", ANN).id
    remember = VersionStore._remember

    def forgotten(self: VersionStore, cache: dict[str, Any], of: str, held: Any) -> None:
        remember(self, cache, of, held)
        for other in range(9):
            remember(self, cache, str(other), {})

    monkeypatch.setattr(VersionStore, "_remember", forgotten)
    store = VersionStore(tmp_path)
    assert store.files(commit) == {"panels/a.nxml": b"a"}


@pytest.mark.parametrize("ref", ["@", "@\u00b2", "@" + "9" * 5000, "@-1", "@99999999999999999999"])
def test_what_is_no_rev_is_told(kernel: WorkspaceKernel, ref: str) -> None:
    kernel.put_panel("counter", COUNTER, ANN)
    with pytest.raises(NotFoundError):
        kernel.versions.diff(ref)
