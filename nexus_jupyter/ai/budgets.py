"""How much may be used: tokens and money per minute and per day, of a person, a panel and the workspace."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Self

from nexus_jupyter.protocol.ai import ModelRequest, Usage
from nexus_jupyter.protocol.errors import QuotaError, RequestError

__all__ = ["Allowance", "Budgets", "Ledger", "Reservation"]

#: Windows slide in steps: name, seconds, seconds of a step.
_WINDOWS = {"minute": (60, 1), "day": (86_400, 900)}


@dataclass(frozen=True, slots=True)
class Allowance:
    """What may be used within one minute and within 24 hours; ``None`` for no limit.

    Attributes
    ----------
    tokens_per_minute, tokens_per_day
        Tokens of prompts and answers.
    cost_per_minute, cost_per_day
        Money, in the currency of the endpoints' prices.

    Raises
    ------
    ValueError
        If a limit is no number, or below 0.
    """

    tokens_per_minute: int | None = None
    tokens_per_day: int | None = None
    cost_per_minute: float | None = None
    cost_per_day: float | None = None

    def __post_init__(self) -> None:
        """Refuse what is no limit here, and not when somebody asks."""
        for name in self.__dataclass_fields__:
            value: object = getattr(self, name)
            if value is not None and (isinstance(value, bool) or not isinstance(value, int | float) or not value >= 0):
                raise ValueError(f"{name} is a number from 0 on, or left out.")

    def limit(self, window: str, unit: str) -> float | None:
        """Return one of them."""
        limit: float | None = getattr(self, f"{unit}_per_{window}")
        return limit


@dataclass(frozen=True, slots=True)
class Budgets:
    """Allowances of each person, of each panel, and of the workspace as a whole."""

    user: Allowance = Allowance()
    panel: Allowance = Allowance()
    workspace: Allowance = Allowance()

    @classmethod
    def of(cls, given: Mapping[str, Mapping[str, float]]) -> Self:
        """Return budgets as the server's configuration gives them, or raise `RequestError`."""
        try:
            return cls(**{whose: Allowance(**allowed) for whose, allowed in given.items()})  # type: ignore[arg-type]  # whole numbers, or not
        except (TypeError, ValueError):
            whose, units = ", ".join(cls.__dataclass_fields__), ", ".join(Allowance.__dataclass_fields__)
            raise RequestError(
                "NexusApp.ai_budgets cannot be understood.",
                hint=f"It is by {whose}, and each has {units}: numbers from 0 on.",
            ) from None


@dataclass(slots=True)
class Reservation:
    """What a call may come to use; it counts as used until it is settled."""

    accounts: list[tuple[str, str]]
    tokens: int
    cost: float
    at: float
    settled: bool = False


@dataclass(slots=True)
class _Account:
    """What was used, by window and by the step in which it was."""

    steps: dict[str, dict[int, list[float]]] = field(default_factory=lambda: {name: {} for name in _WINDOWS})

    def add(self, tokens: float, cost: float, at: float) -> None:
        for name, (seconds, step) in _WINDOWS.items():
            steps = self.steps[name]
            if (index := int(at // step)) not in steps:
                self._forget(steps, at - seconds, step)
            used = steps.setdefault(index, [0.0, 0.0])
            used[0] = max(0.0, used[0] + tokens)
            used[1] = max(0.0, used[1] + cost)

    def used(self, window: str, unit: int, now: float) -> float:
        seconds, step = _WINDOWS[window]
        steps = self.steps[window]
        self._forget(steps, now - seconds, step)
        return sum(used[unit] for used in steps.values())

    def _forget(self, steps: dict[int, list[float]], before: float, step: int) -> None:
        for old in [index for index in steps if index < before // step]:
            del steps[old]

    def free_at(self, window: str, unit: int, needed: float) -> float:
        """Return when enough of what was used has left the window."""
        seconds, step = _WINDOWS[window]
        at = 0.0
        for index in sorted(self.steps[window]):
            at = (index + 1) * step + seconds
            needed -= self.steps[window][index][unit]
            if needed <= 0:
                break
        return at


class Ledger:
    """Keeps what was used, and refuses what would be too much.

    A call reserves what it may use at most, and settles for what it used, so a hundred calls at the same time cannot
    exceed a budget together.

    Parameters
    ----------
    clock
        Seconds since 1970, so that a snapshot means something after a restart.
    changed
        Called with a snapshot's maker after each call, for whoever keeps it.
    """

    def __init__(
        self,
        budgets: Budgets | None = None,
        *,
        clock: Callable[[], float] = time.time,
        changed: Callable[[], None] | None = None,
    ) -> None:
        self._budgets = budgets or Budgets()
        self._clock = clock
        self._changed = changed
        self._accounts: dict[tuple[str, str], _Account] = {}

    def follow(self, changed: Callable[[], None]) -> None:
        """Call a function after each call from now on, so that it may keep a snapshot."""
        self._changed = changed

    def reserve(self, request: ModelRequest, tokens: int, cost: float) -> Reservation:
        """Set aside what a call may use.

        Raises
        ------
        QuotaError
            If a budget does not allow it; the sentence says what is used, and when it is free again.
        """
        self.check(request, tokens, cost)
        reservation = Reservation(_accounts(request), tokens, cost, self._clock())
        self._add(reservation, tokens, cost)
        return reservation

    def check(self, request: ModelRequest, tokens: int, cost: float) -> None:
        """Raise `QuotaError` if a call may not use that much."""
        for account in _accounts(request):
            allowance: Allowance = getattr(self._budgets, account[0])
            for window in _WINDOWS:
                for unit, wanted in (("tokens", float(tokens)), ("cost", cost)):
                    limit = allowance.limit(window, unit)
                    if limit is not None and wanted > 0:
                        self._check(account, (window, unit), wanted, limit)

    def _check(self, account: tuple[str, str], what: tuple[str, str], wanted: float, limit: float) -> None:
        window, unit = what
        now = self._clock()
        index = 0 if unit == "tokens" else 1
        book = self._accounts.get(account)
        used = book.used(window, index, now) if book else 0.0
        if used + wanted <= limit:
            return
        whose = {"user": "You have", "panel": f"The panel '{account[1]}' has", "workspace": "The workspace has"}
        did, form = ("used", "{:,.0f}") if unit == "tokens" else ("spent", "{:,.4g}")
        amount = [form.format(each) for each in (used, limit, wanted)]
        sentence = (
            f"{whose[account[0]]} {did} {amount[0]} of {amount[1]}{' tokens' if unit == 'tokens' else ''} on language"
            f" models within a {window}, and this may take {amount[2]}."
        )
        option = f"The owner of the server can allow more: {account[0]}, {unit} per {window}."
        if book is None or wanted > limit:
            raise QuotaError(sentence, hint=f"Ask for less. {option}")
        free = book.free_at(window, index, used + wanted - limit)
        when = datetime.fromtimestamp(free).astimezone().strftime("%H:%M:%S" if window == "minute" else "%a %H:%M")
        raise QuotaError(sentence, hint=f"It is free again at {when}, in {_span(free - now)}. {option}")

    def settle(self, reservation: Reservation, usage: Usage | None) -> None:
        """Put what was used in the place of what was reserved; ``None`` when nothing was."""
        if reservation.settled:
            return
        reservation.settled = True
        tokens = usage.prompt_tokens + usage.completion_tokens if usage else 0
        self._add(reservation, tokens - reservation.tokens, (usage.cost if usage else 0.0) - reservation.cost)
        if self._changed is not None:
            self._changed()

    def _add(self, reservation: Reservation, tokens: float, cost: float) -> None:
        for account in reservation.accounts:
            self._accounts.setdefault(account, _Account()).add(tokens, cost, reservation.at)

    def used(self, kind: str, name: str = "") -> dict[str, float]:
        """Return what a ``user``, ``panel`` or the ``workspace`` used, as ``tokens_per_day`` and so on."""
        account, now = self._accounts.get((kind, name), _Account()), self._clock()
        units = ("tokens", "cost")
        return {
            f"{unit}_per_{window}": account.used(window, index, now)
            for window in _WINDOWS
            for index, unit in enumerate(units)
        }

    def snapshot(self) -> dict[str, object]:
        """Return what is known as JSON, without what has left its window."""
        now = self._clock()
        accounts = []
        for (kind, name), account in self._accounts.items():
            if account.used("day", 0, now) or account.used("day", 1, now):
                days = [[step, *used] for step, used in sorted(account.steps["day"].items())]
                accounts.append({"kind": kind, "name": name, "day": days})
        return {"version": 1, "accounts": accounts}

    def restore(self, snapshot: Mapping[str, object]) -> None:
        """Take what an earlier snapshot knew; minutes are not kept."""
        try:
            accounts = snapshot["accounts"]
            assert snapshot["version"] == 1
            assert isinstance(accounts, list)
            read = {(str(one["kind"]), str(one["name"])): _restored(one["day"]) for one in accounts}
        except (AssertionError, KeyError, TypeError, ValueError) as error:
            raise RequestError("That is no snapshot of what language models used.") from error
        self._accounts = read


def _restored(day: list[list[float]]) -> _Account:
    account = _Account()
    account.steps["day"] = {int(step): [float(tokens), float(cost)] for step, tokens, cost in day}
    return account


def _accounts(request: ModelRequest) -> list[tuple[str, str]]:
    panel = [("panel", request.panel)] if request.panel is not None else []
    return [("user", request.user), *panel, ("workspace", "")]


def _span(seconds: float) -> str:
    if seconds < 2 * _WINDOWS["minute"][0]:
        return f"{max(1, seconds):.0f} s"
    return f"{seconds / 3600:.1f} h"
