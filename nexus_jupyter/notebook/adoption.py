"""``ws.adoption``: what was taken from a folder that somebody else made, and what was left out."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from nexus_jupyter.protocol.adoption import Adoption, LeftOut

if TYPE_CHECKING:
    import pandas as pd

    from nexus_jupyter.notebook.upkeep_host import UpkeepHost

__all__ = ["AdoptionFace"]

_NOTHING = "Nothing in this workspace came from another account or another machine."


class AdoptionFace:
    """What a workspace took from elsewhere; shown as a table of what does not hold unless it is allowed.

    Parameters
    ----------
    host
        Where the workspace lives.
    """

    def __init__(self, host: UpkeepHost) -> None:
        self._host = host

    @property
    def state(self) -> Adoption | None:
        """What was taken and left out, as a value; ``None`` when nothing came from elsewhere."""
        return self._host.adoption()

    @property
    def left(self) -> pd.DataFrame:
        """The rights that were left out, by number: kind, text, panel, cap, target, name, url, allowed."""
        import pandas as pd

        columns = ["number", "kind", "text", "panel", "cap", "target", "name", "url", "allowed"]
        rows = [one.model_dump(include=set(columns)) for one in self._left()]
        return pd.DataFrame(rows, columns=columns).set_index("number")

    def allow(self, number: int) -> None:
        """Let something that was left out hold from now on.

        Parameters
        ----------
        number
            Its number in `left`.

        Raises
        ------
        NotFoundError
            If nothing of that number was left out.
        """
        self._host.allow(number)

    def _left(self) -> list[LeftOut]:
        state = self.state
        return state.left if state is not None else []

    def __repr__(self) -> str:
        state = self.state
        if state is None:
            return _NOTHING
        lines = [f"{one.number}: {one.text}{' (allowed)' if one.allowed else ''}" for one in state.left]
        return "\n".join([_summary(state), *state.refused, *lines])

    def _repr_html_(self) -> str:
        state = self.state
        if state is None:
            return f"<p>{_NOTHING}</p>"
        refused = "".join(f"<li>{escape(sentence)}</li>" for sentence in state.refused)
        rows = "".join(
            f"<tr><td>{one.number}</td><td>{escape(one.text)}</td>"
            f"<td>{'allowed' if one.allowed else 'left out'}</td></tr>"
            for one in state.left
        )
        table = f"<table><thead><tr><th>Number</th><th>Right</th><th></th></tr></thead><tbody>{rows}</tbody></table>"
        advice = "<p>Allow one: <code>ws.adoption.allow(number)</code></p>" if state.left else ""
        listed = f"<ul>{refused}</ul>" if refused else ""
        return f"<p>{escape(_summary(state))}</p>{listed}{table if state.left else ''}{advice}"


def _summary(state: Adoption) -> str:
    if not state.aside:
        count = _counted(len(state.left), "right")
        return (
            f"This folder was copied or brought back, not as it was closed: {count} withdrawn until they are allowed."
        )
    return (
        f"This folder's private part was made by another account or on another machine, and is kept in {state.aside}. "
        f"{_counted(state.panels, 'panel')}, {_counted(state.graph, 'file')} of the graph and "
        f"{_counted(state.files, 'other file')} were taken; {_counted(len(state.left), 'right')} left out."
    )


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
