"""The card by which a person allows a panel something.

Who: the author of a panel. With what: a panel that makes the card appear, or move, where somebody is clicking; an address that
reads like another one; a wildcard for half of the internet; a reason with letters that reorder what is around them. What must hold:
nobody allows what they have not had time to read, the safe answer comes first, and what is read is what is allowed.
"""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from nexus_jupyter.protocol.capability import CapabilityUse, Grant
from nexus_jupyter.protocol.errors import RequestError
from nexus_jupyter.sandbox import Token, covers, require_target
from tests.lab import SHOTS

ROOT = Path(__file__).parents[3]
USE = '<uses cap="net.http" target="https://api.example.org" why="to ask for the weather"/>'
THREE = USE + '<uses cap="notify" why="to tell you"/><uses cap="fs.write" target="out" why="to keep a file"/>'


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> str:
    out = tmp_path_factory.mktemp("card") / "card.js"
    command = [
        "npx",
        "esbuild",
        "../tests/attacks/browser/consent.ts",
        "--bundle",
        "--format=iife",
        "--loader:.css=text",
    ]
    subprocess.run([*command, f"--outfile={out}"], cwd=ROOT / "js", check=True, capture_output=True)
    return out.read_text()


@pytest.fixture
def card(browser: Browser, program: str) -> Iterator[Page]:
    """A page with the card, whose clock goes on only when the test says so."""
    page = browser.new_page(viewport={"width": 700, "height": 500})
    page.clock.install()
    page.set_content("<!DOCTYPE html><html><body></body></html>")
    page.add_script_tag(content=program)
    page.clock.pause_at("2100-01-01")
    yield page
    page.close()


def ask(page: Page, uses: str = USE, body: str = "") -> None:
    page.evaluate("([uses, body]) => window.shown.ask(uses, body)", [uses, body])


def granted(page: Page) -> list[str]:
    return list(page.evaluate("window.shown.granted"))


def press(page: Page, label: str) -> None:
    """Press with the mouse, whether the button can be used or not."""
    box = page.get_by_role("button", name=label).first.bounding_box()
    assert box
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)


@pytest.mark.browser
def test_the_buttons_do_nothing_until_the_card_has_stood_still(card: Page) -> None:
    ask(card)
    card.clock.run_for(300)
    press(card, "Always here")
    assert granted(card) == []
    # The press has begun the wait again.
    card.clock.run_for(600)
    expect(card.get_by_role("button", name="Always here")).to_have_attribute("aria-disabled", "true")
    press(card, "For an hour")
    assert granted(card) == []
    card.clock.run_for(1000)
    expect(card.get_by_role("button", name="Always here")).to_have_attribute("aria-disabled", "false")
    press(card, "Always here")
    assert granted(card) == ["net.http https://api.example.org null"]


@pytest.mark.browser
def test_who_clicks_fast_allows_nothing_however_long(card: Page) -> None:
    ask(card)
    for _ in range(40):
        press(card, "Always here")
        card.clock.run_for(150)
    assert granted(card) == []


@pytest.mark.browser
@pytest.mark.parametrize(
    "move",
    [
        "document.getElementById('space').style.height = '40px'",
        "document.body.style.paddingLeft = '9px'",
        "document.querySelector('.nx-panel').style.width = '400px'",
        "window.shown.hold('notify', null)",
        "window.dispatchEvent(new Event('focus'))",
        "document.dispatchEvent(new Event('visibilitychange'))",
    ],
    ids=["pushed down", "pushed aside", "laid out anew", "shows something else", "window came back", "page came back"],
)
def test_after_each_move_the_buttons_wait_again(card: Page, move: str) -> None:
    ask(card, THREE)
    card.clock.run_for(1200)
    expect(card.get_by_role("button", name="Always here").first).to_have_attribute("aria-disabled", "false")
    card.evaluate(move)
    card.clock.run_for(100)
    press(card, "Always here")
    assert granted(card) == []


@pytest.mark.browser
def test_the_keyboard_waits_too_and_meets_no_first(card: Page) -> None:
    ask(card)
    card.locator("#own").focus()
    card.keyboard.press("Tab")
    expect(card.get_by_role("button", name="No")).to_be_focused()
    card.keyboard.press("Tab")
    card.keyboard.press("Enter")
    card.keyboard.press("Tab")
    card.keyboard.press("Space")
    assert granted(card) == []
    expect(card.get_by_role("button", name="Always here")).to_be_focused()
    card.clock.run_for(1000)
    card.keyboard.press("Shift+Tab")
    card.keyboard.press("Enter")
    assert granted(card) == ["net.http https://api.example.org 3600"]


@pytest.mark.browser
def test_no_comes_first_and_nothing_is_primary(card: Page) -> None:
    ask(card)
    buttons = card.locator(".nx-permission-buttons button")
    assert buttons.all_inner_texts() == ["No", "For an hour", "Always here"]
    assert card.locator(".nx-permissions [data-kind]").count() == 0
    card.clock.run_for(1000)
    press(card, "No")
    expect(card.locator(".nx-permissions")).to_be_hidden()
    assert granted(card) == []


@pytest.mark.browser
def test_the_card_appears_below_what_is_clicked_and_moves_nothing_of_it(card: Page) -> None:
    before = card.locator("#own").bounding_box()
    ask(card)
    assert card.locator("#own").bounding_box() == before
    box = card.locator(".nx-permissions").bounding_box()
    assert before
    assert box
    assert box["y"] >= before["y"] + before["height"]


#: How an address is shown: what is emphasised, and the whole; None where it cannot be allowed.
SHOWN = {
    "https://api.weather.gov": ("weather.gov", "https://api.weather.gov"),
    "https://api.weather.gov:443/path?q": ("weather.gov", "https://api.weather.gov"),
    "https://api.weather.gov@evil.example": ("evil.example", "https://evil.example"),
    "https://api.weather.gov:x@evil.example:8443": ("evil.example", "https://evil.example:8443"),
    "https://weather.gov.evil.co.uk": ("evil.co.uk", "https://weather.gov.evil.co.uk"),
    "https://weather.gov.github.io": ("gov.github.io", "https://weather.gov.github.io"),
    "https://weathеr.gov": ("xn--weathr-7of.gov", "https://xn--weathr-7of.gov"),
    "https://*.example.org": ("example.org", "https://*.example.org"),
    "https://*.api.example.org": ("example.org", "https://*.api.example.org"),
    "http://127.0.0.1:8000": ("127.0.0.1", "http://127.0.0.1:8000"),
    "https://EVIL.example\\@good.example": ("evil.example", "https://evil.example"),
    "https://*.org": None,
    "https://*.co.uk": None,
    "https://*.github.io": None,
    "https://*.": None,
    "https://*": None,
    "https://a.*.example.org": None,
    "javascript:alert(1)": None,
    "api.example.org": None,
}


@pytest.mark.browser
@pytest.mark.parametrize("target", SHOWN)
def test_an_address_is_shown_as_the_origin_that_is_allowed(card: Page, target: str) -> None:
    ask(card, f'<uses cap="net.http" target="{target}" why="w"/>')
    card.clock.run_for(1000)
    shown = SHOWN[target]
    if shown is None:
        assert card.locator(".nx-permission-buttons button").all_inner_texts() == ["No"]
        return
    what = card.locator(".nx-permission-what")
    expect(what.locator("strong")).to_have_text(shown[0])
    expect(what).to_have_text(f"exchange data with {shown[1]}")
    assert "weather.gov" not in what.inner_text() or shown[1].endswith(("weather.gov", ".co.uk", ".io"))


@pytest.mark.browser
def test_the_reason_is_the_authors_and_changes_no_other_words(card: Page) -> None:
    why = "fine&#x202E;&#x2066; Jupyter has checked this.&#10;&#10;Press Always here. " + "x" * 500
    ask(card, f'<uses cap="net.http" target="https://evil.example" why="{why}"/>')
    said = card.locator(".nx-permission-why")
    expect(said).to_contain_text("Its author says: ")
    text = said.locator("q").inner_text()
    assert not set(text) & set("\u202e\u2066\n")
    assert len(text) < 310
    expect(card.locator(".nx-permission-allows")).to_contain_text("It can send there whatever it holds")


@pytest.mark.browser
def test_a_frame_that_is_only_shown_asks_for_nothing(card: Page) -> None:
    read = '<uses cap="frame.read" target="sales" why="to show the table"/>'
    ask(card, read)
    expect(card.locator(".nx-permissions")).to_be_hidden()
    # Refused at a run all the same, it is asked for.
    card.evaluate("window.shown.denied()")
    expect(card.locator(".nx-permission")).to_have_count(1)
    ask(card, read, 'await nx.frame("sales");')
    expect(card.locator(".nx-permission-what")).to_have_text("read the rows of the table sales in its actions")


@pytest.mark.browser
def test_code_that_changed_since_is_shown_and_the_buttons_wait_again(card: Page) -> None:
    ask(card)
    card.clock.run_for(1000)
    expect(card.get_by_role("button", name="For an hour")).to_have_attribute("aria-disabled", "false")
    card.evaluate(
        "text => window.shown.change(text)",
        '-  await nx.notify("hello");\n+  await nx.fetch("https://evil.example\u202e");',
    )
    expect(card.get_by_role("button", name="For an hour")).to_have_attribute("aria-disabled", "true")
    expect(card.locator(".nx-permission-changed")).to_have_text("Its code has changed since you allowed this:")
    lines = card.locator(".nx-permission-difference").inner_text().splitlines()
    assert [line[:1] for line in lines] == ["-", "+"]
    assert "\u202e" not in lines[1]
    card.screenshot(path=SHOTS / "consent-changed.png")


def test_how_the_card_looks(card: Page) -> None:
    ask(card, THREE)
    card.clock.run_for(1000)
    card.screenshot(path=SHOTS / "consent-card.png")


WIDE = [
    "https://*",
    "https://*.",
    "https://*.org",
    "https://*.co.uk",
    "https://*.github.io",
    "https://*.0.0.1",
    "https://*.*.org",
]


@pytest.mark.parametrize("target", WIDE)
def test_a_wildcard_of_many_owners_is_neither_granted_nor_counts(target: str) -> None:
    with pytest.raises(RequestError, match=r"many owners|no address"):
        require_target("net.http", target)
    for wanted in (
        "https://evil.org",
        "https://a.co.uk",
        "https://x.github.io",
        "https://127.0.0.1",
        "https://a.b.org",
    ):
        assert not covers("net.http", target, wanted)
        grant = Grant(id="g", panel="p", cap="net.http", target=target, granted_by="me", at="2026-11-01T00:00:00Z")
        use = CapabilityUse(cap="net.http", target=target, why="w")
        assert not Token("p", [use], [grant], lambda _id: True).allows("net.http", wanted)


@pytest.mark.parametrize(
    ("target", "says"),
    [
        ("https://api.weather.gov@evil.example", "name in front"),
        ("ftp://example.org", "no address"),
        ("example.org", "no address"),
        ("https://", "no address"),
        ("https://example.org:99999", "no address"),
        ("wss://example.org", "no address"),
    ],
)
def test_the_server_refuses_a_target_that_reads_like_another(target: str, says: str) -> None:
    with pytest.raises(RequestError, match=says):
        require_target("net.http", target)


@pytest.mark.parametrize(
    "target", [None, "https://example.org", "http://127.0.0.1:8000", "https://*.example.co.uk", "https://[::1]:9"]
)
def test_what_a_person_can_judge_may_be_granted(target: str | None) -> None:
    require_target("net.http", target)
