"""What is private in names, values and sentences: not shown to models as a sample, and not written down in the audit.

Names of columns and states are judged by their words, values by their form. That is a net, not a proof: whoever knows
better names further columns, or leaves all samples out (`ContextOptions`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import pairwise

from nexus_jupyter.protocol.base import JsonValue

__all__ = ["private_name", "private_value", "redacted", "redacted_error"]

_WORDS_TEXT = """
address adresse birth birthday birthdate dob bsn cvv email mail iban ip ipv4 ipv6 ssn nin nino passport
password passwd pwd phone telephone tel mobile fax firstname lastname surname forename fullname username login
gender sex religion ethnicity salary secret token apikey credential credentials license licence plate patient
street zip postcode postal zipcode latitude longitude lat lon lng geo tax taxid vat person employee customer
contact owner signature diagnosis nationality
"""
_WORDS = frozenset(_WORDS_TEXT.split())
#: Pairs that are private together where each word alone is not.
_PAIRS = frozenset(
    {
        ("first", "name"),
        ("last", "name"),
        ("full", "name"),
        ("user", "name"),
        ("family", "name"),
        ("given", "name"),
        ("credit", "card"),
        ("card", "number"),
        ("account", "number"),
        ("national", "id"),
        ("user", "id"),
        ("api", "key"),
        ("private", "key"),
        ("social", "security"),
    }
)
#: Words that make it a number about people, and not one of them: ``customer_count``.
_COUNTED = frozenset({"count", "counts", "total", "share", "rate", "avg", "mean", "sum"})
_SPLIT = re.compile(r"[^A-Za-z0-9]+|(?<=[a-z0-9])(?=[A-Z])")

#: Characters of an error that are looked at, and that are recorded.
_READ, _RECORDED = 4000, 500
_SECRET = "[secret]"  # noqa: S105 - what stands in the place of one
_PRIVATE = "[private]"
#: Secrets first: what is left of one must not look like something else. A form that has no bound of its own begins
#: where a run of its characters does, and never gives back what it took, so that the time grows with the text alone.
_FORMS: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)", re.DOTALL), _SECRET),
    (re.compile(r"(?<![\w-])(?>[\w-]*?eyJ)[\w-]{6,}+\.[\w-]{6,}+\.[\w-]*+"), _SECRET),
    (re.compile(r"\b(?:sk|pk|rk)[-_](?:live[-_]|test[-_]|proj[-_]|ant[-_])?[A-Za-z0-9_-]{16,}"), _SECRET),
    (re.compile(r"\b(?:gh[pousr]_|github_pat_|glpat-|xox[abprs]-|hf_|npm_|AKIA|ASIA|AIza)[A-Za-z0-9_-]{12,}"), _SECRET),
    (re.compile(r"(?i)\b(bearer|basic)\s+[A-Za-z0-9+/=._-]{12,}"), _SECRET),
    (re.compile(r"(?<=://)[^\s/:@]+:[^\s/@]+(?=@)"), _SECRET),
    (
        re.compile(
            r"(?i)\b((?:api[_ -]?key|secret|token|passw(?:or)?d|pwd|passphrase)[\"']?\s*(?:[:=]|\bis\b)\s*)"
            r"[\"']?[^\s\"',;]{3,}"
        ),
        rf"\1{_SECRET}",
    ),
    (re.compile(r"(?<![\w.+-])[\w.+-]++@[\w-]++(?:\.[\w-]++)++"), _PRIVATE),
    (re.compile(r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){3,7}(?: ?[A-Z0-9]{1,3})?\b"), _PRIVATE),
    (re.compile(r"\b\d{3}-\d{2}-\d{4}\b"), _PRIVATE),
    (re.compile(r"(?<![\w.])(?:\d[ -]?){12,18}\d(?![\w.])"), _PRIVATE),
    (re.compile(r"(?<![\w.+])(?:\+\d{1,3}[ .-]?)(?:\(?\d{1,4}\)?[ .-]?){2,5}\d{2,4}(?!\w)"), _PRIVATE),
    (re.compile(r"(?<![\w.])\(?\d{3}\)?[ .-]\d{3}[ .-]\d{4}(?!\w)"), _PRIVATE),
)
_NETWORK_ADDRESS = (re.compile(r"(?<![\w.])(?:\d{1,3}\.){3}\d{1,3}(?![\w.])"), _PRIVATE)


def private_name(name: str, declared: Iterable[str] = ()) -> bool:
    """Tell whether a column or state of this name holds something private, by the words in it.

    Examples
    --------
    >>> private_name("customer_email"), private_name("firstName"), private_name("unit_price")
    (True, True, False)
    >>> private_name("customer_count")
    False
    """
    if name in declared:
        return True
    words = [word.lower() for word in _SPLIT.split(name) if word]
    if words == ["name"]:
        return True
    if any(pair in _PAIRS for pair in pairwise(words)):
        return True
    return not (words and words[-1] in _COUNTED) and not _WORDS.isdisjoint(words)


def redacted(text: str) -> str:
    """Return a text with secrets and what identifies people replaced.

    Examples
    --------
    >>> redacted("mail ann@example.org, password: hunter22")
    'mail [private], password: [secret]'
    """
    return _replaced(text, (*_FORMS, _NETWORK_ADDRESS))


def redacted_error(error: BaseException | str) -> str:
    """Return the text of an error as it may be recorded: bounded, redacted, with the servers that it is about."""
    return _replaced(str(error)[:_READ], _FORMS)[:_RECORDED]


def _replaced(text: str, forms: tuple[tuple[re.Pattern[str], str], ...]) -> str:
    for form, instead in forms:
        text = form.sub(instead, text)
    return text


def private_value(value: JsonValue) -> bool:
    """Tell whether a value, or something in it, looks like a secret or like something that identifies people."""
    if isinstance(value, str):
        return redacted(value) != value
    if isinstance(value, list):
        return any(private_value(one) for one in value)
    if isinstance(value, dict):
        return any(private_name(key) or private_value(one) for key, one in value.items())
    return False
