"""Order keys: texts that sort, with room for another one between any two (fractional indexing, after D. Greenspan).

A key is a fraction in base 62, written without trailing zeros, so that plain text comparison is the order.
"""

from __future__ import annotations

__all__ = ["between", "spread"]

_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


def between(low: str, high: str | None) -> str:
    """Return a key that sorts after ``low`` and before ``high``.

    Parameters
    ----------
    low
        A key, or the empty text for the very beginning.
    high
        A greater key, or ``None`` for the very end.

    Examples
    --------
    >>> between("", None)
    'V'
    >>> "A" < between("A", "B") < "B"
    True
    """
    if high is not None and low >= high:
        raise ValueError(f"no key lies between {low!r} and {high!r}")
    prefix = ""
    while True:
        floor = _digit(low, len(prefix))
        ceiling = len(_DIGITS) if high is None else _digit(high, len(prefix))
        if ceiling - floor > 1:
            return prefix + _DIGITS[(floor + ceiling) // 2]
        if ceiling > floor:  # adjacent digits: follow the lower key, below which there is room without end
            high = None
        prefix += _DIGITS[floor]


def spread(low: str, high: str | None, count: int) -> list[str]:
    """Return ``count`` keys in order between two keys, short and evenly placed."""
    if count == 0:
        return []
    middle = between(low, high)
    left = count // 2
    return [*spread(low, middle, left), middle, *spread(middle, high, count - left - 1)]


def _digit(key: str, position: int) -> int:
    return _DIGITS.index(key[position]) if position < len(key) else 0
