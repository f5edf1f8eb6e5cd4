"""The chain of digests over the journal: each row's is made from the row and the digest before it.

So a row that was changed, lost, doubled or put elsewhere shows, and two journals with the same last digest are the same
up to there. The workspace's name is left out: a journal may move to another. It protects against accidents, not against
somebody who may write to the database, since there is no secret in it.
"""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import blake2b

import msgpack

__all__ = ["FIELDS", "chained"]

#: The columns that a digest is over, in this order.
FIELDS = ("rev", "ts", "panel", "actor", "cause", "trace_id", "span_id", "ops", "inverse")
_SIZE = 16


def chained(before: str, row: Mapping[str, object]) -> str:
    """Return the digest of a row.

    Parameters
    ----------
    before
        The digest of the row before; empty for the first.
    row
        The row, by column.

    Returns
    -------
    str
        32 hexadecimal digits.
    """
    packed = msgpack.packb([before, *(row[name] for name in FIELDS)], unicode_errors="surrogatepass")
    return blake2b(packed, digest_size=_SIZE).hexdigest()
