"""Two people on one panel, each in a browser of their own."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, Page, WebSocketRoute, expect

from nexus_jupyter.benchmarks.lab import open_notebook, run_all, run_cell, save
from tests.amount import SLOW
from tests.browser.test_lab import Shot
from tests.lab import Lab, write_notebook

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]

SHARED = """<panel xmlns="urn:nexus:nxml:1" id="shared" title="Shared">
  <view>
    <input id="word" label="Word" bind:value="word"/>
    <toggle id="lamp" label="Lamp" bind:value="lamp"/>
    <button id="add" label="Add" on:press="add()"/>
    <button id="drop" label="Drop" on:press="drop()"/>
    <text id="shown">{word} / {lamp ? 'on' : 'off'} / {items | join(' ')}</text>
  </view>
  <data>
    <state name="word" type="str" default=""/>
    <state name="lamp" type="bool" default="false"/>
    <state name="items" type="list[int]" default="[]"/>
  </data>
  <logic>
    <action name="add">state.items = [...state.items, state.items.length + 1].slice(-9);</action>
    <action name="drop">state.items = state.items.slice(1);</action>
  </logic>
</panel>"""


#: What a panel shows, without the notes that each person gets for themselves.
BODY = """body => {
  const copy = body.cloneNode(true);
  for (const note of copy.querySelectorAll(".nx-problem")) note.remove();
  return copy.textContent.replace(/\\s+/g, " ");
}"""


@dataclass
class Person:
    """Somebody with a browser, on the panel."""

    page: Page
    sockets: list[WebSocketRoute] = field(default_factory=list)
    away: bool = False

    @property
    def panel(self) -> Any:
        return self.page.locator('.nx-panel[data-nx="shared"]').first

    def cut(self) -> None:
        """Lose the connection, and let it come back by itself."""
        self.sockets[-1].close()


class Api:
    """What a third one does, over HTTP."""

    def __init__(self, lab: Lab) -> None:
        base, _, token = lab.url.partition("lab?token=")
        headers = {"Authorization": f"token {token}"}
        self.client = httpx.Client(base_url=f"{base}nexus/api/", headers=headers, trust_env=False, timeout=30)

    def shown(self) -> str:
        state = self.client.get("panels/shared").raise_for_status().json()["state"]
        lamp = "on" if state["lamp"] else "off"
        return f"{state['word']} / {lamp} / {' '.join(str(item) for item in state['items'])}".strip()

    def edit(self, xml: str) -> None:
        answer = self.client.post(
            "patch/apply", json={"panel": "shared", "xml": f'<patch panel="shared">{xml}</patch>'}
        )
        assert answer.status_code in {200, 409, 422}, answer.text

    def nxml(self) -> str:
        return str(self.client.get("panels/shared").raise_for_status().json()["nxml"])


def arrive(browser: Browser, lab: Lab, name: str, cell: str) -> Person:
    context = browser.new_context(viewport={"width": 900, "height": 700})
    person = Person(context.new_page())

    def route(socket: WebSocketRoute) -> None:
        if person.away:
            socket.close()
            return
        person.sockets.append(socket)
        socket.connect_to_server()

    person.page.route_web_socket("**/nexus/api/stream**", route)
    write_notebook(lab, f"{name}.ipynb", f"import nexus_jupyter as nexus\nws = nexus.connect()\n{cell}")
    open_notebook(person.page, lab.url, f"{name}.ipynb")
    run_all(person.page)
    person.panel.locator('[data-id="shown"]').wait_for(timeout=60_000)
    return person


@pytest.fixture(scope="module")
def people(browser: Browser, lab: Lab) -> Iterator[tuple[Person, Person]]:
    one = arrive(browser, lab, "one", f"ws.panel('shared', '''{SHARED}''')")
    two = arrive(browser, lab, "two", "ws['shared']")
    # So that a reload finds the panel in the notebook.
    for person in (one, two):
        save(person.page)
    yield one, two
    for person in (one, two):
        person.page.context.close()


def settled(people: tuple[Person, Person], api: Api) -> None:
    """Wait until both see the same, and that is what the workspace has."""
    for _try in range(100):
        shown = api.shown()
        pages = [person.panel.locator('[data-id="shown"]').inner_text().strip() for person in people]
        one, two = (person.panel.locator(".nx-body").evaluate(BODY) for person in people)
        if one == two and pages == [shown, shown]:
            return
        people[0].page.wait_for_timeout(200)
    raise AssertionError(f"not equal after 20 s: {one!r}, {two!r}, {shown!r}")


def test_each_sees_that_the_other_is_there_and_where(people: tuple[Person, Person], shot: Shot) -> None:
    one, two = people
    expect(one.panel.locator(".nx-face")).to_have_count(1)
    expect(two.panel.locator(".nx-face")).to_have_count(1)
    two.panel.get_by_label("Word").focus()
    marked = one.panel.locator('[data-id="word"][data-with]')
    expect(marked).to_have_count(1)
    expect(two.panel.locator("[data-with]")).to_have_count(0)
    shot(one.page, "20-presence")
    two.page.locator(".jp-Notebook").first.press("Escape")
    two.panel.get_by_label("Word").evaluate("field => field.blur()")
    expect(marked).to_have_count(0)


def test_what_is_typed_without_a_connection_is_kept_and_sent_when_it_is_back(
    people: tuple[Person, Person], lab: Lab
) -> None:
    one, two = people
    one.away = True
    one.cut()
    expect(one.panel.locator(".nx-banner")).to_contain_text("Reconnecting")
    word = one.panel.get_by_label("Word")
    word.fill("typed offline")
    word.press("Tab")
    expect(word).to_have_value("typed offline")
    one.away = False
    expect(one.panel.locator(".nx-banner")).to_have_count(0, timeout=30_000)
    expect(two.panel.locator('[data-id="shown"]')).to_contain_text("typed offline")
    settled(people, Api(lab))


def test_both_edit_the_code_of_one_action_at_once_and_the_next_click_runs_it(
    people: tuple[Person, Person], lab: Lab, shot: Shot
) -> None:
    for person in people:
        person.panel.hover()
        person.panel.get_by_role("button", name="Show source").click()
        person.panel.locator('.nx-code-choices [data-node="action.drop"]').click()
        expect(person.panel.locator(".nx-code-place .cm-content")).to_contain_text("state.items", timeout=30_000)
    codes = [person.panel.locator(".nx-code-place .cm-content") for person in people]
    for code, words in zip(codes, ("// one was here", "// two was here"), strict=True):
        code.click()
        code.press("Control+Home")
        code.type(words + "\n")
    people[0].cut()
    codes[0].press("Control+End")
    codes[0].type("\nstate.word = 'by new code';")
    for code in codes:
        for words in ("one was here", "two was here", "by new code"):
            expect(code).to_contain_text(words)
    expect(people[0].panel.locator(".nx-code-status")).to_have_text("Saved.")
    shot(people[1].page, "21-coediting")
    people[1].panel.locator('[data-id="drop"] button').click()
    expect(people[0].panel.locator('[data-id="shown"]')).to_contain_text("by new code")
    assert Api(lab).nxml().count("was here") == 2
    for person in people:
        person.panel.get_by_role("button", name="Show source").click()
        expect(person.panel.locator(".nx-code-pane")).to_be_hidden()


@pytest.mark.parametrize("seed", [1, 2, 3] if SLOW else [1])
def test_both_stay_equal_under_random_edits_cuts_and_reloads(
    people: tuple[Person, Person], lab: Lab, seed: int
) -> None:
    dice, api = random.Random(seed), Api(lab)
    badges: list[str] = []

    def word(person: Person) -> None:
        field = person.panel.get_by_label("Word")
        field.fill("".join(dice.choices("abcdef", k=4)))
        field.press("Tab")

    def insert(_person: Person) -> None:
        badges.append(f"b{seed}{len(badges)}")
        api.edit(f'<insert before="shown"><badge id="{badges[-1]}">{badges[-1]}</badge></insert>')

    def remove(_person: Person) -> None:
        if badges:
            api.edit(f'<remove id="{badges.pop(dice.randrange(len(badges)))}"/>')

    def rename(_person: Person) -> None:
        api.edit(f'<set id="add" label="{dice.choice(["Add", "Add one", "Add more"])}"/>')

    edits = [
        word,
        lambda person: (
            person.panel.get_by_role("switch", name="Lamp").or_(person.panel.get_by_label("Lamp")).first.click()
        ),
        lambda person: person.panel.locator('[data-id="add"] button').click(),
        lambda person: person.panel.locator('[data-id="drop"] button').click(),
        lambda person: person.panel.get_by_role("button", name="Undo").click(),
        lambda person: person.panel.get_by_role("button", name="Redo").click(),
        insert,
        remove,
        rename,
        lambda person: person.cut(),
    ]
    for _round in range(3):
        for _edit in range(14):
            person = dice.choice(people)
            dice.choice(edits)(person)
        settled(people, api)
    reloaded = dice.choice(people)
    reloaded.page.reload()
    reloaded.panel.locator('[data-id="shown"]').wait_for(timeout=60_000)
    dice.choice(edits[:4])(reloaded)
    settled(people, api)


QUESTION = """<panel xmlns="urn:nexus:nxml:1" id="question" title="Question">
  <view><button id="go" label="Go" on:press="go()"/><text id="n">{n}</text></view>
  <data><state name="n" type="int" default="0"/></data>
  <logic><action name="go">state.n += 1;</action></logic>
</panel>"""
CHANGED = QUESTION.replace('label="Go"', 'label="From the cell"').replace('title="Question"', 'title="Renamed"')


def test_a_cell_that_contradicts_an_edit_made_elsewhere_asks_on_the_panel_which_one_holds(
    page: Page, lab: Lab, shot: Shot
) -> None:
    first = f"import nexus_jupyter as nexus\nws = nexus.connect()\nws.panel('question', '''{QUESTION}''')"
    write_notebook(lab, "question.ipynb", first, f"ws.panel('question', '''{CHANGED}''');")
    open_notebook(page, lab.url, "question.ipynb")
    run_cell(page, 0)
    panel = page.locator('.nx-panel[data-nx="question"]').first
    go = panel.locator('[data-id="go"] button')
    expect(go).to_have_text("Go", timeout=60_000)
    api = Api(lab)
    xml = '<patch panel="question"><set id="go" label="From elsewhere"/></patch>'
    api.client.post("patch/apply", json={"panel": "question", "xml": xml}).raise_for_status()
    expect(go).to_have_text("From elsewhere")
    run_cell(page, 1)
    # What does not exclude each other is merged, what does is asked.
    expect(panel.locator(".nx-title")).to_have_text("Renamed", timeout=30_000)
    card = panel.locator(".nx-conflicts")
    expect(card).to_contain_text("Which one holds?")
    expect(card).to_contain_text("From elsewhere")
    expect(card).to_contain_text("From the cell")
    expect(go).to_have_text("From elsewhere")
    panel.scroll_into_view_if_needed()
    shot(page, "22-conflict")
    save(page)
    page.reload()
    expect(card).to_contain_text("Which one holds?", timeout=60_000)
    panel.hover()
    panel.get_by_role("button", name="Show source").click()
    panel.get_by_role("button", name="Write back to the cell").click()
    cell = page.locator(".jp-Notebook .jp-Cell").first.locator(".cm-content").first
    expect(cell).to_contain_text('title="Renamed"')
    expect(cell).to_contain_text('label="From elsewhere"')
    panel.get_by_role("button", name="Show source").click()
    take = card.get_by_role("button", name="Take the other edit for label of go")
    take.focus()
    page.keyboard.press("Enter")
    expect(go).to_have_text("From the cell")
    expect(card).to_be_hidden()
    panel.hover()
    panel.get_by_role("button", name="Undo").click()
    expect(card).to_contain_text("Which one holds?")
