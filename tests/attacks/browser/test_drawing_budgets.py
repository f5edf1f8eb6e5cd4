"""Panels that would draw, or be checked, without end.

Who: the author of a panel. With what: two lines of nested repetition, a long text of Markdown marks, many errors. What must hold:
the page and the server stay usable, the part that fits is drawn, and a sentence says what was cut and where the limit is.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from nexus_jupyter.cli import main
from nexus_jupyter.language import check
from nexus_jupyter.notebook import Workspace
from tests.lab import SHOTS

TEN = "[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29]"


def nested(depth: int) -> str:
    """Return a panel that repeats thirty times within thirty times, and so on."""
    inner = '<text id="t">x</text>'
    for level in range(depth):
        inner = f'<column id="c{level}" for="i{level} in {TEN}">{inner}</column>'
    return f'<panel xmlns="urn:nexus:nxml:1" id="p" title="P"><view><text id="first">First</text>{inner}</view></panel>'


def written(text: str) -> str:
    return (
        '<panel xmlns="urn:nexus:nxml:1" id="p" title="P"><view><text id="first">First</text><markdown id="m">{text}'
        f'</markdown></view><data><state name="text" type="str" default="{text}"/></data></panel>'
    )


#: Texts, and what is said of them.
TEXTS = {
    "marks that match nothing": ("*a_ " * 40_000, "has more than 1,000 of them"),
    "marks inside each other": ("*" * 20_000 + "a" + "*" * 20_000, "or more than 50 inside each other"),
    "quotations inside each other": ("&gt; " * 20_000, "or more than 50 inside each other"),
    "a long text": ("word and more words.&#10;&#10;" * 8000, "20,000 of its"),
    "brackets": ("[a](" * 24_000, "has more than 1,000 of them"),
    "many rules": ("* * *&#10;&#10;" * 1000, ""),
}


def html(tmp_path: Path, text: str) -> str:
    with Workspace.open(tmp_path / "ws") as workspace:
        return str(workspace.panel("p", text)._repr_mimebundle_()[0]["text/html"])


def test_a_saved_picture_of_repetition_in_repetition_is_cut_and_says_so(tmp_path: Path) -> None:
    drawn = html(tmp_path, nested(6))
    assert "First" in drawn
    assert "This panel is cut here: it draws more than 20,000 elements." in drawn
    assert len(drawn) < 4_000_000


def test_what_fits_is_drawn_whole(tmp_path: Path) -> None:
    drawn = html(tmp_path, nested(2))
    assert "nx-cut" not in drawn.split('<div class="nx-body">')[1]
    assert drawn.count(">x</span>") == 900


@pytest.mark.parametrize("kind", TEXTS)
def test_markdown_that_takes_long_is_shown_and_says_so(tmp_path: Path, kind: str) -> None:
    text, says = TEXTS[kind]
    drawn = html(tmp_path, written(text))
    assert "First" in drawn
    assert says in drawn


@pytest.mark.browser
@pytest.mark.timeout(120)
def test_a_page_with_repetition_in_repetition_stays_usable(page: Page, tmp_path: Path) -> None:
    with Workspace.open(tmp_path / "ws") as workspace:
        workspace.panel("p", nested(6))
        (tmp_path / "page.html").write_text(workspace.export_html("p"))
    page.goto(f"file://{tmp_path}/page.html")
    expect(page.get_by_text("This panel is cut here: it draws more than 50,000 elements.")).to_be_attached(
        timeout=90_000
    )
    assert page.locator("*").count() < 55_000
    expect(page.get_by_text("First")).to_be_visible()
    page.locator(".nx-cut").screenshot(path=SHOTS / "panel-cut.png")


HEAVY = (
    '<panel xmlns="urn:nexus:nxml:1" id="p" title="P"><view><text id="first">First</text>'
    '<number id="times" label="Times" bind:value="times" min="0" max="9"/><text id="made">{len(made)} items</text></view>'
    '<data><state name="times" type="int" default="1"/><computed name="c0" expr="times &gt; 5 ? [1, 2] : []"/>'
    + "".join(f'<computed name="c{i + 1}" expr="concat(c{i}, c{i})"/>' for i in range(40))
    + '<computed name="made" expr="c40"/></data></panel>'
)


@pytest.mark.browser
@pytest.mark.timeout(120)
def test_a_page_with_a_list_that_doubles_stays_usable_and_says_what_is_not_up_to_date(
    page: Page, tmp_path: Path
) -> None:
    with Workspace.open(tmp_path / "ws") as workspace:
        workspace.panel("p", HEAVY)
        (tmp_path / "page.html").write_text(workspace.export_html("p"))
    page.goto(f"file://{tmp_path}/page.html")
    says = page.get_by_text(
        "Parts of this panel are not up to date: its expressions work on more than 10,000,000 values"
    )
    expect(page.get_by_text("0 items")).to_be_visible(timeout=30_000)
    times = page.get_by_label("Times")
    times.press("End")
    times.press("Backspace")
    times.press_sequentially("7")
    times.press("Tab")
    expect(says).to_be_visible(timeout=30_000)
    page.screenshot(path=SHOTS / "panel-unfinished.png")
    times.press("End")
    times.press("Backspace")
    times.press_sequentially("2")
    times.press("Tab")
    expect(says).to_have_count(0)
    expect(page.get_by_text("0 items")).to_be_visible()


@pytest.mark.parametrize(
    "attributes",
    ['span="junk"', 'span="0"', 'span="13"', 'min="wide"', 'min="99999"', 'grow="-1"', 'grow="x"', 'priority="high"'],
)
@pytest.mark.parametrize("around", ["{}", '<grid id="g">{}</grid>', '<card id="c">{}</card>'])
def test_junk_for_the_layout_gets_a_finding_wherever_it_stands(attributes: str, around: str) -> None:
    view = around.format(f'<text id="a" {attributes}>x</text>')
    found = check(f'<panel xmlns="urn:nexus:nxml:1" id="p"><view>{view}</view></panel>')
    assert [(one.code, attributes.split("=", maxsplit=1)[0] in one.message) for one in found] == [("NX3006", True)]


def test_of_many_errors_a_check_says_that_there_are_more() -> None:
    view = "".join(f'<text id="t{i}">{{name{i}}}</text>' for i in range(5000))
    found = check(f'<panel xmlns="urn:nexus:nxml:1" id="p"><view>{view}</view></panel>')
    assert len([one for one in found if one.severity == "error"]) == 201
    assert found[-1].message == "There are more errors than the 200 that are listed. Mend these first, and check again."


@pytest.mark.parametrize("command", ["check", "fmt"])
@pytest.mark.parametrize("content", [b"<panel \xff\xfe", None], ids=["no text", "no file"])
def test_a_file_that_cannot_be_read_ends_in_a_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], command: str, content: bytes | None
) -> None:
    path = tmp_path / "panel.nxml"
    if content is not None:
        path.write_bytes(content)
    assert main([command, str(path)]) != 0
    said = capsys.readouterr().err
    assert ("is no text in UTF-8: byte 7 cannot be read." if content else ": No such file or directory.") in said
    assert "Traceback" not in said
