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
    if high is None and low:
        return _next(low)
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
    if high is None:
        keys = [between(low, None)]
        while len(keys) < count:
            keys.append(_next(keys[-1]))
        return keys
    middle = between(low, high)
    left = count // 2
    return [*spread(low, middle, left), middle, *spread(middle, high, count - left - 1)]


def _next(low: str) -> str:
    """Return a key after another, for lists that grow at their end.

    Counting, not halving what is left: as many digits count as there are leading z, and one more, so that the length
    grows with the logarithm of the number of keys.
    """
    leading = len(low) - len(low.lstrip(_DIGITS[-1]))
    digits = [_digit(low, leading + place) for place in range(leading + 1)]
    place = leading
    while digits[place] == len(_DIGITS) - 1:  # never the first: it is not z
        digits[place] = 0
        place -= 1
    digits[place] += 1
    return low[:leading] + "".join(_DIGITS[digit] for digit in digits).rstrip(_DIGITS[0])


def _digit(key: str, position: int) -> int:
    return _DIGITS.index(key[position]) if position < len(key) else 0
