"""Files that look like secrets: they are asked about before they become part of a version, which may be pushed.

The forms are few and certain: names that hold nothing else, the heads of private keys, and tokens whose issuers gave
them a form of their own so that they can be found. Entropy is not measured: data files are full of it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from nexus_jupyter.protocol.errors import ConflictError

__all__ = ["likeness", "secrets_error"]

#: Names, in lower case, of files that hold keys or passwords.
_NAMES = re.compile(
    r"(.*\.)?env(\.(?!example$|sample$|template$|dist$).*)?"
    r"|id_(rsa|dsa|ecdsa|ed25519)(_sk)?|.*\.(pem|p12|pfx|key|ppk|jks|keystore|kdbx|ovpn|kubeconfig)"
    r"|[._]?(netrc|pgpass|npmrc|pypirc|htpasswd|git-credentials|my\.cnf)|(aws[-_]?)?credentials(\.(json|ini|csv))?"
    r"|client_secrets?\b.*\.json|service[-_]?account.*\.json|secrets?\.(toml|ya?ml|json|ini)"
)
#: Heads of private keys, and tokens by the forms that their issuers publish.
_FORMS = {
    "a private key": rb"-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY(?: BLOCK)?-----",
    "a key of AWS": rb"\b(?:AKIA|ASIA)[A-Z2-7]{16}\b",
    "a token of GitHub": rb"\b(?:gh[pousr]_[A-Za-z0-9]{36,255}|github_pat_[A-Za-z0-9_]{82})\b",
    "a token of GitLab": rb"\bglpat-[A-Za-z0-9_-]{20,}",
    "a token of Slack": rb"\bxox[abeoprs]-[0-9A-Za-z-]{10,}",
    "a key of Google": rb"\bAIza[0-9A-Za-z_-]{35}\b",
    "a key of Stripe": rb"\b[rs]k_live_[0-9A-Za-z]{20,}",
    "a key of OpenAI or Anthropic": rb"\bsk-(?:proj-|svcacct-|ant-)[A-Za-z0-9_-]{20,}",
    "a token of PyPI": rb"\bpypi-AgEIcHlwaS5vcmc[A-Za-z0-9_-]{20,}",
    "a token of Hugging Face": rb"\bhf_[A-Za-z0-9]{34,}\b",
}
_PATTERNS = {what: re.compile(form) for what, form in _FORMS.items()}


def likeness(path: str, data: bytes) -> str:
    """Say why a file looks like a secret; empty when it does not.

    Examples
    --------
    >>> likeness("files/prod.env", b""), likeness("files/data.csv", b"a,b")
    ('has the name of a file with secrets', '')
    """
    if _NAMES.fullmatch(path.rpartition("/")[2].lower()):
        return "has the name of a file with secrets"
    return next((f"holds what looks like {what}" for what, form in _PATTERNS.items() if form.search(data)), "")


def secrets_error(found: Mapping[str, str]) -> ConflictError:
    """Return the error that names files and says how to go on."""
    some = "; ".join(f"{path} {why}" for path, why in sorted(found.items())[:10])
    more = f"; and {len(found) - 10} more" if len(found) > 10 else ""  # noqa: PLR2004 - as many as are named
    names = ", ".join(repr(path) for path in sorted(found)[:10])
    return ConflictError(
        f"Nothing was committed, for a version may be pushed: {some}{more}.",
        hint=f"To keep it in versions: commit(include=[{names}]). To leave it out: write its path into .gitignore.",
    )
