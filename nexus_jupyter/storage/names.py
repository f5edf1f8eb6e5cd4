"""Names of files: which of them git or a file system takes for something else than they say.

A name is judged as the most lenient file system reads it: Git's own rules for NTFS and HFS+ are parts of that
(``core.protectNTFS``, ``core.protectHFS``). Case, compatibility forms and characters that are not shown make no
difference; what follows a colon is a stream of the file before it, and a backslash separates folders.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

__all__ = ["for_programs", "hidden", "portable", "tools_own"]

_RESERVED = frozenset({"con", "prn", "aux", "nul", *(f"{name}{i}" for name in ("com", "lpt") for i in range(1, 10))})
_SHORT = re.compile(r"~\d")
#: Characters that are not shown although their category does not say so (Unicode: Default_Ignorable_Code_Point).
_NOT_SHOWN = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u3164\ufe00-\ufe0f\uffa0\ufff0-\ufff8\U000e0000-\U000e0fff]"
)
_WINDOWS = frozenset('<>:"|?*\\')


@lru_cache(maxsize=1 << 14)
def tools_own(name: str) -> bool:
    """Whether some file system takes a name for that of a folder which git or the workspace has for itself.

    Examples
    --------
    >>> tools_own(".GIT "), tools_own("git~1"), tools_own(".nexus"), tools_own("data.csv")
    (True, True, True, False)
    """
    for part in re.split(r"[\\/]", name):
        plain = _read(part)
        own = plain in (".git", ".nexus") or plain.startswith(".nexus.")
        if own or (plain.startswith((".git", "git~", "nexus~", "gi7eba~", "gi7d29~")) and "~" in plain):
            return True
    return False


def hidden(name: str) -> bool:
    """Whether a name is one that tools look for: it begins with a dot, or makes its folder a repository (``HEAD``)."""
    plain = _read(name)
    return plain.startswith(".") or plain == "head"


def for_programs(name: str) -> bool:
    """Whether a program that nobody has read may write a file or folder of that name.

    Examples
    --------
    >>> for_programs("sales 2026.csv"), for_programs(".git"), for_programs("a."), for_programs("GIT~1")
    (True, False, False, False)
    """
    if not name or name != unicodedata.normalize("NFC", name) or _NOT_SHOWN.search(name):
        return False
    if any(unicodedata.category(char)[0] == "C" for char in name) or _SHORT.search(_read(name)):
        return False
    return portable(name) and not hidden(name) and not tools_own(name)


def portable(name: str) -> bool:
    """Whether every system can hold a file of that name."""
    ends = name != name.rstrip(". ")
    return not ends and not _WINDOWS & set(name) and _read(name).split(".")[0].rstrip() not in _RESERVED


def _read(name: str) -> str:
    """Return a name as the most lenient file system reads it."""
    shown = "".join(char for char in name if unicodedata.category(char) != "Cf")
    plain = _NOT_SHOWN.sub("", unicodedata.normalize("NFKC", _NOT_SHOWN.sub("", shown))).casefold()
    return plain.partition(":")[0].rstrip(". ")
