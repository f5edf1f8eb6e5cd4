"""The reference says what the checker's tables say."""

from __future__ import annotations

from pathlib import Path

import nexus_jupyter as nexus
from nexus_jupyter.language import gallery_text, language
from nexus_jupyter.reference import reference

DOCS = Path(__file__).parent.parent / "docs"


def test_the_reference_is_what_make_reference_writes() -> None:
    assert (DOCS / "nxml.md").read_text(encoding="utf-8") == reference(), "run: make reference"


def test_the_gallery_shows_every_component_and_has_no_findings() -> None:
    text = gallery_text()
    assert nexus.check(text) == []
    for component in language()["components"]:
        assert f'title="{component["name"]}"' in text
    assert len(language()["components"]) >= 40
