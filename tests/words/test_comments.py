"""Comments in a panel's text stay, on every way that a text takes: printed, edited, merged, committed, and inserted."""

from __future__ import annotations

import random
import re
from collections import Counter
from pathlib import Path

import pytest

from nexus_jupyter.engine import Engine
from nexus_jupyter.language import gallery_text
from nexus_jupyter.protocol.patch import Patch
from nexus_jupyter.reactor import Reactor
from nexus_jupyter.workspace import WorkspaceKernel
from nexus_jupyter.workspace.driver import merge_file
from tests.conftest import ANN, COUNTER, EXAMPLES

COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
TAG = re.compile(
    r"""<(action|effect)\b(?:[^<>"']|"[^"]*"|'[^']*')*(?<!/)>.*?</\1>|<(?:[^<>"'!]|"[^"]*"|'[^']*')*>""", re.DOTALL
)
TEXTS = [COUNTER, *[path.read_text() for path in sorted((EXAMPLES / "panels").glob("*.nxml"))]]


@pytest.fixture
def reactor(engine: Engine) -> Reactor:
    return Reactor(engine)


def words(nxml: str) -> Counter[str]:
    """Return the comments in a text, without what the printer decides about: indentation."""
    return Counter(" ".join(comment.split()) for comment in COMMENT.findall(nxml))


def commented(nxml: str, seed: int) -> str:
    """Put comments at random places between tags."""
    chosen = random.Random(seed)
    forms = [
        "<!-- one {} -->",
        "<!--{}-->",
        "<!-- over {}\n   two lines -->",
        "<!--\n\tthe\n\t\tlong {}\n-->",
        "<!-- <b {}/> & -- -->",
    ]
    ends = [0, *[found.end() for found in TAG.finditer(nxml)]]
    for number, place in enumerate(sorted(chosen.sample(ends, min(len(ends), 9)), reverse=True)):
        nxml = nxml[:place] + chosen.choice(forms).format(number) + nxml[place:]
    return nxml


@pytest.mark.parametrize(
    "text", [*TEXTS, "gallery"], ids=[*(re.findall(r'id="(\w+)"', one)[0] for one in TEXTS), "gallery"]
)
def test_printing_keeps_them_wherever_they_stand(reactor: Reactor, text: str) -> None:
    text = gallery_text() if text == "gallery" else text
    plain = reactor.format(text)
    for seed in range(12):
        given = commented(text, seed)
        assert sum(words(given).values()) > 0
        printed = reactor.format(given)
        assert words(printed) == words(given), seed
        assert reactor.format(printed) == printed, seed
        assert [one.message for one in reactor.check(printed).diagnostics if one.severity == "error"] == []
        # What is left without them is what was there before, but for lines that a comment has broken.
        assert re.sub(r"\s+", "", COMMENT.sub("", printed)) == re.sub(r"\s+", "", plain), seed


NOTED = """<!-- Who made it. -->
<panel xmlns="urn:nexus:nxml:1" id="noted" title="Noted">
  <!-- What is seen. -->
  <view>
    <!-- The first row. -->
    <row id="first">
      <!-- The name. -->
      <text id="name">Name</text>
      <text id="other">Other</text>
      <!-- Room for more. -->
    </row>
    <!-- The second row. -->
    <row id="second"/>
  </view>
  <data>
    <!-- The number. -->
    <state name="n" type="int" default="0"/>
  </data>
  <!-- The end. -->
</panel>
"""


def patch_of(*ops: dict[str, object]) -> Patch:
    return Patch.model_validate({"panel": "noted", "ops": ops})


def test_edits_move_and_keep_and_take_away_with_what_they_belong_to(kernel: WorkspaceKernel) -> None:
    def edited(*ops: dict[str, object]) -> str:
        kernel.edit("noted", patch_of(*ops), ANN)
        return kernel.panel("noted").nxml

    kernel.put_panel("noted", NOTED, ANN)
    everything = words(NOTED)
    assert words(edited({"op": "set", "id": "name", "attrs": {"text": "Their name"}})) == everything
    moved = edited({"op": "move", "id": "name", "parent": "second"})
    assert words(moved) == everything
    assert re.search(r'<row id="second">\s*<!-- The name. -->\s*<text id="name"', moved)
    gone = edited({"op": "remove", "id": "name"})
    assert everything - words(gone) == Counter({"<!-- The name. -->": 1})
    kernel.undo("noted", ANN)
    assert kernel.panel("noted").nxml == moved


def test_a_patch_in_xml_brings_them(kernel: WorkspaceKernel) -> None:
    kernel.put_panel("noted", NOTED, ANN)
    patch = kernel.reactor.patch(
        '<patch panel="noted"><insert into="second"><row id="r"><!-- Mine. --><text id="t">x</text><!-- Last. --></row></insert></patch>'
    )
    kernel.edit("noted", patch, ANN)
    assert words(kernel.panel("noted").nxml) - words(NOTED) == Counter({"<!-- Mine. -->": 1, "<!-- Last. -->": 1})


@pytest.mark.parametrize(
    "given", [["a --> <b/>", "> x", "-> y", "two\nlines"], "a text", {"a": 1}, [1, None], ["<!-- -->"] * 3]
)
def test_whatever_an_edit_writes_as_a_comment_is_one_or_nothing(kernel: WorkspaceKernel, given: object) -> None:
    kernel.put_panel("noted", NOTED, ANN)
    kernel.edit("noted", patch_of({"op": "set", "id": "name", "attrs": {"comments": given}}), ANN)
    text = kernel.panel("noted").nxml
    texts = [one for one in given if isinstance(one, str)] if isinstance(given, list) else []
    assert kernel.reactor.check(text).ok
    assert kernel.reactor.format(text) == text
    assert sum(words(text).values()) == sum(words(NOTED).values()) - 1 + len(texts)
    assert COMMENT.sub("", text).split() == COMMENT.sub("", NOTED).split()


def test_they_are_merged_with_what_they_belong_to(reactor: Reactor) -> None:
    ours = NOTED.replace("The name.", "Our word for it.").replace('<row id="second"/>', "")
    theirs = NOTED.replace("The number.", "Their word.").replace(">Other<", "><!-- Theirs. -->Others<")
    text, conflicts = merge_file("panels/noted.nxml", NOTED, ours, theirs, reactor)
    assert conflicts == []
    expected = words(NOTED) - Counter(["<!-- The name. -->", "<!-- The number. -->", "<!-- The second row. -->"])
    # The comment of the row that was taken out stands before what followed it: the end.
    assert words(text) - Counter({"<!-- The second row. -->": 1}) == expected + Counter(
        ["<!-- Our word for it. -->", "<!-- Their word. -->", "<!-- Theirs. -->"]
    )


def test_a_version_has_them_and_going_back_to_it_brings_them_back(kernel: WorkspaceKernel) -> None:
    kernel.put_panel("noted", NOTED, ANN)
    first = kernel.versions.commit(None, ANN)
    file = Path(kernel.folder.root) / "panels" / "noted.nxml"
    assert words(file.read_text()) == words(NOTED)
    kernel.put_panel("noted", NOTED.replace("The number.", "A number."), ANN)
    assert "The number." not in kernel.panel("noted").nxml
    kernel.versions.commit(None, ANN)
    kernel.versions.checkout(first.id, ANN)
    assert words(kernel.panel("noted").nxml) == words(NOTED)
    file.write_text(NOTED.replace("The end.", "By hand."))
    kernel.versions.commit(None, ANN)
    assert "<!-- By hand. -->" in kernel.panel("noted").nxml


def test_a_text_that_is_still_coming_is_drawn_with_a_comment_that_has_not_ended(reactor: Reactor) -> None:
    unended = NOTED[: NOTED.index("Room for") + 4]
    assert [one.code for one in reactor.check(unended).diagnostics if one.severity == "error"].count("NX1005") == 1
