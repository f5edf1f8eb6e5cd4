"""What ``ws.ask()`` gives: what would change and why that is safe, until somebody decides."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from html import escape
from typing import TYPE_CHECKING, Any

from nexus_jupyter.notebook.difference import Difference
from nexus_jupyter.notebook.display import PANEL_MIME, widget_bundle
from nexus_jupyter.notebook.panel import Panel
from nexus_jupyter.protocol.ai import Context, DecideBody, Decided, Proposal, ProposedOp, Usage
from nexus_jupyter.protocol.errors import RequestError

if TYPE_CHECKING:
    import pandas as pd

    from nexus_jupyter.notebook.host import Host

__all__ = ["Edit", "spent"]

_STYLE = (
    "<style>.nexus-edit ol{margin:.4em 0;padding-left:2em}.nexus-edit small{opacity:.75}"
    ".nexus-edit p{margin:.3em 0}</style>"
)


class Edit:
    """A proposal of a model. Nothing is changed until it is accepted, as a whole or op by op.

    Shown by a notebook with its ops, what each touches, and buttons.

    Parameters
    ----------
    host
        Where the workspace lives.
    proposal
        What came of the wish.
    context
        What the model was shown.
    """

    def __init__(self, host: Host, proposal: Proposal, context: Context) -> None:
        self._host = host
        self.proposal = proposal
        self._context = context
        self.decided: Decided | None = None
        self._undone = set[int]()

    @property
    def say(self) -> str:
        """What the model says of it, in a sentence or two."""
        return self.proposal.say

    @property
    def ops(self) -> list[ProposedOp]:
        """The ops, with their numbers, in words, with what each touches and which others it needs."""
        return self.proposal.ops

    @property
    def diff(self) -> Difference:
        """The differences in meaning between the panel as it is and as it would be."""
        return Difference(self.proposal.changes)

    @property
    def impact(self) -> pd.DataFrame:
        """All that would be touched: id, type, path (from what changes to it)."""
        import pandas as pd

        rows = [
            {
                "id": one.entity.id,
                "type": one.entity.type,
                "path": " > ".join(f"{hop.relation} {hop.id}" for hop in one.path),
            }
            for one in self.proposal.impact
        ]
        return pd.DataFrame(rows, columns=["id", "type", "path"])

    @property
    def context(self) -> pd.DataFrame:
        """What the model was shown, and what not: name, tokens, included, reason, text."""
        import pandas as pd

        columns = ["name", "tokens", "included", "reason", "text"]
        return pd.DataFrame([part.model_dump() for part in self._context.parts], columns=columns)

    @property
    def nxml(self) -> str:
        """The text that the panel would have with all ops."""
        return self.proposal.after

    def preview(self) -> str:
        """Return the difference between the panel's texts, line by line."""
        before, after = self.proposal.before.splitlines(), self.proposal.after.splitlines()
        name = self.proposal.panel
        return "\n".join(difflib.unified_diff(before, after, f"{name} now", f"{name} then", lineterm=""))

    def accept(self, ops: Iterable[int] | int | None = None) -> Panel:
        """Make the change, or only some of its ops, as one change of the workspace whose cause is the prompt.

        Parameters
        ----------
        ops
            Their numbers; all when left out.

        Raises
        ------
        ConflictError
            If somebody changed the same thing meanwhile. Nothing was changed.
        RequestError
            If an op was chosen without one that it needs, or the proposal was decided already.
        """
        self._refuse_twice()
        chosen = [ops] if isinstance(ops, int) else None if ops is None else list(ops)
        if chosen == []:
            raise RequestError("No op was chosen.", hint="Call reject() to take none.")
        self.decided = self._host.ai.decide(self.proposal.id, DecideBody(accept=chosen))
        return Panel(self._host, self.proposal.panel)

    def reject(self) -> None:
        """Take none of it."""
        self._refuse_twice()
        self.decided = self._host.ai.decide(self.proposal.id, DecideBody(reject=True))

    def undo(self, op: int | None = None) -> None:
        """Take back what was accepted, or one op of it; what others changed since stays.

        Parameters
        ----------
        op
            Its number in the proposal; all that was accepted when left out.

        Raises
        ------
        RequestError
            If it was not accepted or was taken back already, or another one needs it.
        """
        decided = self.decided
        if decided is None or decided.rev is None:
            raise RequestError("Nothing of this proposal was accepted.")
        left = [one for one in decided.accepted if one not in self._undone]
        if not left:
            raise RequestError("This proposal was taken back already.")
        if op is not None and op not in left:
            raise RequestError(f"Op {op} is not there to be taken back.", hint=f"These are: {left}.")
        standing = [one.index for one in self.ops if op in one.needs and one.index in left]
        if standing:
            raise RequestError(f"Op {standing[0]} needs op {op}.", hint="Take that back first, or all of them.")
        chosen = left if op is None else [op]
        of = dict(zip(decided.accepted, decided.positions, strict=True))
        places = [place for one in chosen for place in of[one]]
        if places:  # an op may have changed nothing
            self._host.versions.revert(decided.rev, places, None)
        self._undone.update(chosen)

    def _refuse_twice(self) -> None:
        if self.decided is not None:
            said = "rejected" if self.decided.rev is None else f"accepted in rev {self.decided.rev}"
            raise RequestError(f"This proposal was {said} already.")

    def _repr_mimebundle_(self, **_: object) -> tuple[dict[str, Any], dict[str, Any]]:  # Any: MIME data
        data: dict[str, Any] = {}
        # The proposal itself stays with the workspace: a notebook is a file that anybody can write.
        about = self.proposal.id
        if self._host.kind == "server":
            data[PANEL_MIME] = {"view": "assistant", "workspace": self._host.name, "about": about}
        data |= widget_bundle(self._host, "", view="assistant", about=about) or {}
        data["text/html"] = self._repr_html_()
        data["text/plain"] = repr(self)
        return data, {}

    def _repr_html_(self) -> str:
        proposal = self.proposal
        items = "".join(f"<li value='{op.index}'>{escape(op.words)}{_touched(op)}</li>" for op in proposal.ops)
        asks = "".join(f"<p>It would ask for {escape(use.cap)}; accepting grants nothing.</p>" for use in proposal.asks)
        head = f"<p><b>{escape(proposal.panel)}</b>: {escape(proposal.say)}</p>"
        foot = f"<p><small>{escape(spent(proposal.model, proposal.usage, proposal.seconds))}</small></p>"
        how = "<p><small>edit.accept(), edit.accept(ops=[0]), edit.reject()</small></p>"
        return f"{_STYLE}<div class='nexus-edit'>{head}<ol>{items}</ol>{asks}{foot}{how}</div>"

    def __repr__(self) -> str:
        lines = [f"{self.proposal.panel}: {self.proposal.say}"]
        lines += [f"  {op.index}. {op.words}" for op in self.proposal.ops]
        return "\n".join([*lines, spent(self.proposal.model, self.proposal.usage, self.proposal.seconds)])


def spent(model: str, usage: Usage, seconds: float) -> str:
    """Return in one line what an answer took."""
    about = "about " if usage.estimated else ""
    cost = f", {usage.cost:.4f} of money" if usage.cost else ""
    tokens = f"{about}{usage.prompt_tokens} tokens in, {usage.completion_tokens} out{cost}"
    return f"{model}: {tokens}, {seconds:.1f} s" if model else tokens


def _touched(op: ProposedOp) -> str:
    others = ", ".join(escape(one) for one in op.touched)
    needs = ", ".join(str(number) for number in op.needs)
    return (f"<br><small>touches {others}</small>" if others else "") + (
        f"<br><small>needs {needs}</small>" if needs else ""
    )
