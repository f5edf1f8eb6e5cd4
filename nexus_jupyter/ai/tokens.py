"""How many tokens a text is: exact where a tokenizer is installed, else an estimate that learns. Never the network."""

from __future__ import annotations

import math
import re
import threading
from collections.abc import Callable, Sequence
from importlib.util import find_spec

from nexus_jupyter.protocol.ai import Message

__all__ = ["Tokens"]

#: Bytes of one token at first: fewer than in any of NXML, JSON, Python, English and Japanese, so it guesses too many.
_BYTES = 2.5
#: How fast the estimate follows what endpoints report, and the prompt's bytes from which one counts in full.
_WEIGHT, _FULL_BYTES = 0.3, 2_000
#: A learned estimate is an average; this much more is what is counted.
_MARGIN = 1.05
#: Tokens of a byte that are believed at most, and how many times fewer than before.
_MOST, _SPREAD = 1.5, 2.5
#: Tokens around each message, as most templates of conversations have them.
_AROUND = 4
_EXACT = re.compile(r"(?:openai/)?(?:gpt-4o|gpt-4\.1|gpt-[5-9]|chatgpt|o[134](?:-|$))", re.IGNORECASE)


class Tokens:
    """Counts tokens, for budgets and contexts.

    A model of OpenAI is counted exactly when ``nexus-jupyter[tokens]`` is installed; its tables are in the package and
    are read by a thread when they are first wanted, and until then there is the estimate. Every other model is
    estimated by bytes, corrected by what its endpoint reports (a moving average per model).
    """

    def __init__(self) -> None:
        self._ratios: dict[str, float] = {}
        self._exact: Callable[[str], Sequence[int]] | None = None
        self._loading: threading.Thread | None = None

    def count(self, text: str, model: str = "") -> int:
        """Return the tokens of a text, rather too many than too few."""
        if not text:
            return 0
        if _EXACT.match(model) and (exact := self._tokenizer()) is not None:
            return len(exact(text))
        learned = self._ratios.get(model)
        ratio = 1 / _BYTES if learned is None else learned * _MARGIN
        return math.ceil(len(text.encode("utf-8", errors="surrogatepass")) * ratio)

    def of_messages(self, messages: Sequence[Message], model: str = "") -> int:
        """Return the tokens of a conversation."""
        return sum(self.count(message.content, model) + _AROUND for message in messages)

    def learn(self, model: str, messages: Sequence[Message], reported: int) -> None:
        """Correct the estimate by the tokens that an endpoint counted in a prompt."""
        size = sum(len(message.content.encode("utf-8", errors="surrogatepass")) for message in messages)
        seen = (reported - _AROUND * len(messages)) / size if size else 0.0
        before = self._ratios.get(model, 1 / _BYTES)
        if not before / _SPREAD <= seen <= _MOST:
            # Part of the prompt was cut off, or there were tokens in it that were not in the messages.
            return
        self._ratios[model] = before + (seen - before) * _WEIGHT * min(1.0, size / _FULL_BYTES)

    def load(self) -> None:
        """Wait until the exact counter is there, if it is installed."""
        self._tokenizer()
        if self._loading is not None:
            self._loading.join()

    def _tokenizer(self) -> Callable[[str], Sequence[int]] | None:
        if self._loading is None and find_spec("bpe_openai") is not None:
            self._loading = threading.Thread(target=self._load, name="nexus-tokens", daemon=True)
            self._loading.start()
        return self._exact

    def _load(self) -> None:
        import bpe_openai

        encoding = bpe_openai.get_encoding("o200k_base")
        encoding.encode_ordinary("")
        self._exact = encoding.encode_ordinary
