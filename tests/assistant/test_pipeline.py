"""From a wish to a proposal to one change of the journal, by a real router over HTTP."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from nexus_jupyter.protocol.ai import AskBody, Context, DecideBody, Draft, ModelStarted, ModelText, Proposal, Repairing
from nexus_jupyter.protocol.errors import ConflictError, NotFoundError, RequestError
from nexus_jupyter.protocol.identity import Actor
from nexus_jupyter.protocol.patch import Patch, SetOp
from nexus_jupyter.workspace import WorkspaceKernel
from tests.ai.scripted import Step
from tests.assistant.conftest import ANN, BOARD, Talk, change, insert, set_
from tests.conftest import EXAMPLES

BOB = Actor(id="bob", name="Bob")
THREE = change(set_("go", "label", "Start"), insert("c", '<badge id="b">{n}</badge>'), {"op": "remove", "id": "note"})
Talks = Callable[..., None]


@pytest.fixture
def board(kernel: WorkspaceKernel) -> WorkspaceKernel:
    kernel.put_panel("board", BOARD, ANN)
    return kernel


def test_a_wish_becomes_a_proposal_in_words_and_changes_nothing_yet(board: WorkspaceKernel, talk: Talks) -> None:
    async def conversation(one: Talk) -> None:
        rev = board.head.rev
        proposal = await one.proposal("Let the button say Start")
        assert [op.words for op in proposal.ops] == ["go: label Go -> Start", "+badge b", "-text note"]
        assert [op.needs for op in proposal.ops] == [[], [], []]
        assert 'label="Start"' in proposal.after
        assert (proposal.panel, proposal.model, proposal.usage.prompt_tokens) == ("board", "m", 9)
        assert board.head.rev == rev
        assert board.panel("board").nxml == BOARD
        kinds = [type(event) for event in one.events]
        assert kinds[:2] == [Context, ModelStarted]
        assert ModelText in kinds
        assert [len(draft.ops) for draft in one.of(Draft)] == [1, 2, 3]

    talk(conversation, THREE)


def test_a_proposal_says_what_each_op_touches(board: WorkspaceKernel, talk: Talks) -> None:
    async def conversation(one: Talk) -> None:
        proposal = await one.proposal()
        assert [op.touched for op in proposal.ops] == [["action.add", "kpi", "go"], []]
        assert {one.entity.id for one in proposal.impact} == {"board/action.add", "board/kpi", "board/go"}

    talk(conversation, change(set_("state.n", "default", "1"), set_("note", "text", "Another note")))


def test_accepting_two_of_three_ops_is_one_change_by_the_person_with_the_prompt_as_its_cause(
    board: WorkspaceKernel, talk: Talks
) -> None:
    async def conversation(one: Talk) -> None:
        proposal = await one.proposal()
        decided = await one.accept(proposal, 0, 1)
        assert (decided.rev, decided.accepted) == (board.head.rev, [0, 1])
        made = list(board.journal.read())[-1]
        assert (made.cause.kind, made.cause.ref, made.actor) == ("prompt", proposal.id, ANN)
        text = board.panel("board").nxml
        assert 'label="Start"' in text
        assert 'id="b"' in text
        assert "A note" in text
        why = board.graphs.explain("board/go").causes[0].chain[0]
        assert why.text == f"Ann asked a model ({proposal.id}) in 'board'"

    talk(conversation, THREE)


def test_an_accepted_op_can_be_taken_back_alone_and_the_whole_by_undo(board: WorkspaceKernel, talk: Talks) -> None:
    async def conversation(one: Talk) -> None:
        decided = await one.accept(await one.proposal())
        assert decided.rev is not None
        board.versions.revert(ANN, rev=decided.rev, ops=decided.positions[2])
        text = board.panel("board").nxml
        assert "A note" in text
        assert 'label="Start"' in text
        board.versions.revert(ANN, rev=decided.rev, ops=decided.positions[1])
        assert 'id="b"' not in board.panel("board").nxml
        board.undo("board", ANN)
        board.undo("board", ANN)
        board.undo("board", ANN)
        assert board.reactor.format(board.panel("board").nxml) == board.reactor.format(BOARD)

    talk(conversation, THREE)


def test_rejecting_changes_nothing_and_the_proposal_is_gone(board: WorkspaceKernel, talk: Talks) -> None:
    async def conversation(one: Talk) -> None:
        proposal, rev = await one.proposal(), board.head.rev
        decided = await one.assistant.decide(proposal.id, DecideBody(reject=True), ANN)
        assert (decided.rev, decided.accepted, board.head.rev) == (None, [], rev)
        with pytest.raises(NotFoundError):
            await one.accept(proposal)

    talk(conversation, THREE)


def test_a_proposal_belongs_to_the_person_who_asked(board: WorkspaceKernel, talk: Talks) -> None:
    async def conversation(one: Talk) -> None:
        proposal = await one.proposal()
        with pytest.raises(NotFoundError):
            await one.accept(proposal, who=BOB)
        assert (await one.accept(proposal)).rev is not None

    talk(conversation, THREE)


def test_an_op_that_needs_another_is_not_accepted_without_it(board: WorkspaceKernel, talk: Talks) -> None:
    async def conversation(one: Talk) -> None:
        proposal = await one.proposal()
        assert [op.needs for op in proposal.ops] == [[1], [], []]
        with pytest.raises(RequestError, match="needs 1"):
            await one.accept(proposal, 0)
        assert (await one.accept(proposal, 0, 1)).accepted == [0, 1]

    metric = insert("c", '<metric id="m" label="M" value="{m}"/>')
    talk(
        conversation,
        change(metric, insert("data", '<state name="m" type="int" default="1"/>'), set_("go", "label", "x")),
    )


def test_an_op_on_what_was_changed_meanwhile_is_refused_and_nothing_is_changed(
    board: WorkspaceKernel, talk: Talks
) -> None:
    async def conversation(one: Talk) -> None:
        proposal = await one.proposal()
        board.edit("board", Patch(ops=[SetOp(id="go", attrs={"label": "Bob's"})]), BOB)
        rev = board.head.rev
        with pytest.raises(ConflictError):
            await one.accept(proposal)
        assert board.head.rev == rev
        # The others are still good, as they are.
        assert (await one.accept(proposal, 1, 2)).rev == rev + 1
        assert "Bob's" in board.panel("board").nxml

    talk(conversation, THREE)


def test_findings_with_certain_fixes_are_mended_without_asking_again(board: WorkspaceKernel, talk: Talks) -> None:
    async def conversation(one: Talk) -> None:
        proposal = await one.proposal()
        assert len(one.server.requests) == 1
        assert len(proposal.fixed) == 2
        assert not proposal.repaired
        assert (await one.accept(proposal)).rev is not None
        text = board.panel("board").nxml
        assert '<badge id="b" kind="info">{n}</badge>' in text
        assert 'label="Start"' in text
        assert "lable" not in text

    talk(conversation, change(insert("c", '<badg id="b" knd="info">{n}</badg>'), set_("go", "label", "Start")))


def test_errors_that_no_fix_mends_are_told_to_the_model_once(board: WorkspaceKernel, talk: Talks) -> None:
    async def conversation(one: Talk) -> None:
        proposal = await one.proposal()
        assert proposal.repaired
        assert "nothing with the id 'gone'" in one.of(Repairing)[0].errors[0]
        told = one.server.requests[1]["messages"]
        assert [message["role"] for message in told] == ["system", "user", "assistant", "user"]
        assert "nothing with the id 'gone'" in told[-1]["content"]

    talk(conversation, change(set_("gone", "label", "x")), THREE)


def test_after_one_repair_the_next_model_is_asked_and_then_it_fails_having_changed_nothing(
    board: WorkspaceKernel, talk: Talks
) -> None:
    async def conversation(one: Talk) -> None:
        rev = board.head.rev
        failed = await one.failure()
        assert "Nothing was changed" in failed.message
        assert failed.hint
        assert len(one.server.requests) == 3
        assert [event.endpoint for event in one.of(ModelStarted)] == ["model-1", "model-1", "model-2"]
        assert len(one.of(Repairing)) == 1
        assert board.head.rev == rev

    talk(conversation, "I refuse.", "No.", "Never.", endpoints=2)


def test_a_stream_that_breaks_off_never_applies_and_the_next_model_answers(board: WorkspaceKernel, talk: Talks) -> None:
    async def conversation(one: Talk) -> None:
        proposal = await one.proposal()
        assert proposal.endpoint == "model-2"
        assert [op.words for op in proposal.ops] == ["go: label Go -> Later"]

    talk(conversation, Step(text=THREE, cut_after=30), change(set_("go", "label", "Later")), endpoints=2)


def test_a_context_that_is_too_long_is_shrunk_once(board: WorkspaceKernel, talk: Talks) -> None:
    async def conversation(one: Talk) -> None:
        await one.proposal()
        first, second = one.of(Context)
        assert second.tokens < first.tokens
        assert any(not part.included for part in second.parts)

    overflow = {
        "error": {
            "message": "maximum context length is 4096 tokens",
            "type": "invalid_request_error",
            "code": "context_length_exceeded",
        }
    }
    talk(conversation, Step(status=400, body=overflow), THREE)


def test_without_a_model_one_sentence_says_how_to_configure_one(board: WorkspaceKernel, talk: Talks) -> None:
    async def conversation(one: Talk) -> None:
        failed = await one.failure()
        assert failed.hint or failed.message

    talk(conversation, endpoints=0)


NEW = '<panel xmlns="urn:nexus:nxml:1" id="dice" title="Dice"><view><column id="c"><metric id="m" label="Eyes" value="{n}"/><button id="roll" label="Roll" on:press="roll()"/></column></view><data><state name="n" type="int" default="1"/></data><logic><action name="roll">state.n = 1 + Math.floor(Math.random() * 6);</action></logic></panel>'


def test_a_new_panel_grows_before_the_eyes_of_all_and_is_there_when_it_is_accepted(
    kernel: WorkspaceKernel, talk: Talks
) -> None:
    seen: list[tuple[str, str, bool]] = []
    kernel.drafts.listen(lambda name, text, over: seen.append((name, text, over)))

    async def conversation(one: Talk) -> None:
        proposal = await one.proposal("Roll a dice")
        assert (proposal.task, proposal.panel, proposal.patch) == ("create", "dice", None)
        assert kernel.panels() == []
        first = next(text for _, text, _ in seen if "nx-metric" in kernel.reactor.render(text, {"state": {}}).html)
        assert len(first) <= 0.55 * len(NEW)
        assert seen[-1] == ("dice", "", True)
        decided = await one.accept(proposal)
        assert kernel.panels() == ["dice"]
        made = list(kernel.journal.read())[-1]
        assert (made.cause.kind, made.cause.ref, made.rev) == ("prompt", proposal.id, decided.rev)
        # Making a panel is not undone by undo, whoever wrote it.
        with pytest.raises(NotFoundError):
            kernel.undo("dice", ANN)

    talk(conversation, Step(text=f"```nxml\n{NEW}\n```", piece=9))


def test_a_new_panel_gets_the_name_that_was_given(board: WorkspaceKernel, talk: Talks) -> None:
    async def conversation(one: Talk) -> None:
        proposal = await one.proposal("Roll a dice", create="luck")
        await one.accept(proposal)
        assert board.panels() == ["board", "luck"]
        failed = await one.failure("Again", create="luck")
        assert "already" in failed.message

    talk(conversation, NEW)


def test_a_new_panel_never_takes_the_place_of_one_that_is_there(board: WorkspaceKernel, talk: Talks) -> None:
    seen: list[str] = []
    board.drafts.listen(lambda name, _text, _over: seen.append(name))

    async def conversation(one: Talk) -> None:
        proposal = await one.proposal("Something quite new")
        assert proposal.panel == "board-2"
        assert set(seen) == {"board-2"}
        board.put_panel("board-2", BOARD.replace('id="board"', 'id="board-2"'), BOB)
        with pytest.raises(ConflictError):
            await one.accept(proposal)

    talk(conversation, NEW.replace('id="dice"', 'id="board"'))


def test_a_named_panel_is_changed_and_not_made_anew(board: WorkspaceKernel, talk: Talks) -> None:
    async def conversation(one: Talk) -> None:
        proposal = await one.proposal("Roll a dice", panel="board")
        assert proposal.repaired
        assert "answer with ops" in one.of(Repairing)[0].errors[0]
        assert [draft for draft in one.of(Draft) if draft.nxml] == []

    talk(conversation, NEW, THREE)


def test_the_words_of_a_wish_choose_the_panel(board: WorkspaceKernel, talk: Talks) -> None:
    async def conversation(one: Talk) -> None:
        proposal = await one.proposal("Show the temperature in the weather panel")
        assert proposal.panel == "weather"

    board.put_panel(
        "weather", BOARD.replace('id="board" title="Board"', 'id="weather" title="Weather: temperature"'), ANN
    )
    talk(conversation, THREE)


def test_giving_up_ends_the_call_and_leaves_no_draft(board: WorkspaceKernel, talk: Talks) -> None:
    async def conversation(one: Talk) -> None:
        asking = one.assistant.ask(AskBody(text="Roll", create="dice"), ANN)
        async for event in asking:
            if isinstance(event, Draft):
                break
        assert board.drafts.of("dice") is not None
        await asking.aclose()
        assert board.drafts.of("dice") is None

    # The server holds the answer back for ever: without a call that is ended, this would never be over.
    talk(conversation, Step(text=NEW, hold_after=30))


def test_proposals_are_bounded_and_the_oldest_make_room(board: WorkspaceKernel, talk: Talks) -> None:
    async def conversation(one: Talk) -> None:
        made = [await one.proposal() for _ in range(17)]
        with pytest.raises(NotFoundError):
            await one.accept(made[0])
        assert (await one.accept(made[-1])).rev is not None

    talk(conversation, *[change(set_("go", "label", f"L{n}")) for n in range(17)])


def test_what_a_panel_would_newly_ask_for_is_shown_and_not_granted(board: WorkspaceKernel, talk: Talks) -> None:
    async def conversation(one: Talk) -> None:
        proposal: Proposal = await one.proposal()
        asks: list[tuple[Any, ...]] = [(use.cap, use.target, use.allowed) for use in proposal.asks]
        assert asks == [("net.http", "https://example.org", False)]
        await one.accept(proposal)
        assert board.permissions.store.active("board") == []

    use = '<uses cap="net.http" target="https://example.org" why="to fetch"/>'
    talk(
        conversation,
        change(
            insert("logic", use),
            {"op": "code", "id": "action.add", "text": "await nx.fetch('https://example.org/x');"},
        ),
    )


@pytest.mark.parametrize("example", ["board", "counter", "weather"])
def test_the_first_node_is_seen_after_the_first_seventh_of_the_text(
    kernel: WorkspaceKernel, talk: Talks, example: str
) -> None:
    text = kernel.reactor.format((EXAMPLES / "panels" / f"{example}.nxml").read_text(encoding="utf-8"))

    async def conversation(one: Talk) -> None:
        await one.ask("Make it")
        drafts = [draft.nxml or "" for draft in one.of(Draft)]
        first = next(one for one in drafts if "data-id=" in kernel.reactor.render(one, {"state": {}}).html)
        assert len(first) <= 0.15 * len(text)
        assert len(drafts) > 5

    talk(conversation, Step(text=text, piece=9))


@pytest.mark.parametrize("size", [10, 40, 150])
def test_an_edit_of_three_things_costs_a_model_at_most_150_tokens_however_large_the_panel(
    kernel: WorkspaceKernel, talk: Talks, size: int
) -> None:
    bpe_openai = pytest.importorskip("bpe_openai")
    parts = "".join(f'<metric id="metric_{n}" label="Metric {n}" value="{{n}}"/>' for n in range(size))
    kernel.put_panel(
        "large",
        f'<panel id="large" title="L"><view><grid id="g">{parts}</grid></view><data><state name="n" type="int" default="0"/></data></panel>',
        ANN,
    )
    last = f"metric_{size - 1}"
    answer = change(
        set_(last, "label", "Revenue this month"),
        insert(last, '<button id="refresh" label="Refresh" on:press="refresh()"/>', "after"),
        insert("logic", '<action name="refresh">state.n += 1;</action>'),
        say="Renames the last metric and adds a button that refreshes it.",
    )

    async def conversation(one: Talk) -> None:
        assert len((await one.proposal()).ops) == 3

    talk(conversation, answer)
    assert len(bpe_openai.get_encoding("o200k_base").encode_ordinary(answer)) <= 150
