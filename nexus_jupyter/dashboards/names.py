"""What columns are called: in expressions, and by people."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, field

__all__ = ["Names", "identifier", "label", "unit_of", "words"]

#: Words of expressions, and keys that no record may have.
_RESERVED = frozenset(
    {"and", "or", "not", "in", "true", "false", "null", "row", "constructor", "prototype", "__proto__"}
)
_LONGEST = 40
#: Units that names end with, and how they are written. Single letters count in brackets only.
_UNITS = {
    "eur": "EUR", "usd": "USD", "gbp": "GBP", "chf": "CHF", "jpy": "JPY",
    "kg": "kg", "mg": "mg", "km": "km", "cm": "cm", "mm": "mm", "ms": "ms", "sec": "s", "seconds": "s", "min": "min",
    "minutes": "min", "hours": "h", "days": "d", "pct": "%", "percent": "%", "kb": "kB", "mb": "MB", "gb": "GB",
    "kwh": "kWh", "kw": "kW", "mw": "MW", "hz": "Hz", "ghz": "GHz", "celsius": "°C", "fahrenheit": "°F", "kelvin": "K",
    "hpa": "hPa", "mph": "mph", "kmh": "km/h",
}  # fmt: skip
#: With these, min are minutes; else it is the least of something.
_LASTING = frozenset({"time", "duration", "delay", "wait", "elapsed", "runtime", "took", "lap", "ride", "trip"})
_BRACKETED = re.compile(r"^(?P<name>.*\S)\s*[(\[](?P<unit>[^()\[\]]{1,12})[)\]]$")
_CAPITALS = frozenset({"id", "url", "ip", "gdp", "bmi", "cpu", "gpu", "ram", "kpi", "vat", "iso"})
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[^\W\dA-Z_]+|\d+")


def identifier(name: str, fallback: str) -> str:
    """Return a name as expressions take it: letters, digits and _ of ASCII.

    Examples
    --------
    >>> identifier("Größe (cm)", "column_1"), identifier("売上", "column_2"), identifier("in", "column_3")
    ('Grosse_cm', 'column_2', 'in_')
    """
    folded = unicodedata.normalize("NFKD", name.replace("ß", "ss"))
    ascii_only = "".join(char for char in folded if not unicodedata.combining(char))
    if any(char.isalpha() and not char.isascii() for char in ascii_only):
        return fallback
    made = re.sub(r"\W+", "_", ascii_only, flags=re.ASCII).strip("_")[:_LONGEST].rstrip("_")
    if not made:
        return fallback
    if made[0].isdigit():
        made = f"n_{made}"
    return f"{made}_" if made.lower() in _RESERVED else made


def words(name: str) -> list[str]:
    """Return the words of a name in small letters.

    Examples
    --------
    >>> words("unitPrice_EUR"), words("order ID")
    (['unit', 'price', 'eur'], ['order', 'id'])
    """
    return [found.lower() for found in _WORD.findall(name)]


def unit_of(name: str) -> str:
    """Return the unit that a name says, or nothing.

    Examples
    --------
    >>> unit_of("weight_kg"), unit_of("Speed [m/s]"), unit_of("region"), unit_of("trip_min"), unit_of("temp_min")
    ('kg', 'm/s', '', 'min', '')
    """
    bracketed = _BRACKETED.match(name)
    if bracketed:
        given = bracketed["unit"].strip()
        return _UNITS.get(given.lower(), given)
    parts = words(name)
    if len(parts) < 2 or (parts[-1] == "min" and not _LASTING & set(parts)):  # noqa: PLR2004 - a name and its unit
        return ""
    return _UNITS.get(parts[-1], "")


def label(name: str) -> str:
    """Return a name as people read it, without the unit.

    Examples
    --------
    >>> label("unit_price_eur"), label("customerID"), label("Speed [m/s]"), label("売上")
    ('Unit price', 'Customer ID', 'Speed', '売上')
    """
    bracketed = _BRACKETED.match(name)
    parts = words(bracketed["name"] if bracketed else name)
    if not bracketed and unit_of(name):
        parts = parts[:-1]
    said = " ".join(part.upper() if part in _CAPITALS else part for part in parts) or name.strip() or "Unnamed"
    return said[0].upper() + said[1:60]


@dataclass
class Names:
    """Names that are taken, each once."""

    taken: set[str] = field(default_factory=set)

    def take(self, wanted: str) -> str:
        """Return a name that is still free, like the wanted one, and take it."""
        name, count = wanted, 1
        while name in self.taken:
            count += 1
            name = f"{wanted}_{count}"
        self.taken.add(name)
        return name
