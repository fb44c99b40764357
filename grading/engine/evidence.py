"""Looks a quote up in the answer: white space, quotation marks, dashes and case are folded."""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass
from functools import lru_cache

from grading.engine.types import Evidence

DOUBLE_QUOTES = (
    "\u00ab\u00bb\u201c\u201d\u201e\u201f\u275d\u275e\u2e42\u300c\u300d\u300e\u300f"
    "\u301d\u301e\u301f\uff02"
)
SINGLE_QUOTES = "`\u00b4\u02bc\u2018\u2019\u201a\u201b\u2039\u203a\u275b\u275c\uff07"
"""With the accents that many a keyboard has in the apostrophe's place."""
DASHES = "\u2010\u2011\u2012\u2013\u2014\u2015\u2212\ufe58\ufe63\uff0d"

FOLDED = str.maketrans(
    {
        **dict.fromkeys(DOUBLE_QUOTES, '"'),
        **dict.fromkeys(SINGLE_QUOTES, "'"),
        **dict.fromkeys(DASHES, "-"),
        "\u0130": "i",  # the one character that is two in lower case
    }
)
"""One character for one, so that places in the folded text are places in the original."""
WORD = re.compile(r"\S+")


def find_evidence(quote: str, answer: str) -> Evidence:
    """The quote with its first place in the answer, or with none where the answer lacks it.

    Nothing fuzzier than the folding above: a quote with a changed word is not a quote.
    """
    wanted = " ".join(fold(quote).split())
    searchable = _searchable(answer)
    at = searchable.text.find(wanted) if wanted else -1
    if at < 0:
        return Evidence(quote, None, None)
    last = at + len(wanted) - 1
    return Evidence(quote, searchable.place(at), searchable.place(last) + 1)


def fold(text: str) -> str:
    """The text with what does not matter in a quote made alike, one character for one."""
    return text.translate(FOLDED).lower().replace("\u03c2", "\u03c3")  # one sigma, not two


@dataclass(frozen=True)
class _Searchable:
    """A folded text with one space between two words, and where the words were before."""

    text: str
    starts: list[int]
    originals: list[int]

    def place(self, position: int) -> int:
        """Where a character that is no space stands in the original text."""
        word = bisect_right(self.starts, position) - 1
        return self.originals[word] + position - self.starts[word]


@lru_cache(maxsize=8)
def _searchable(answer: str) -> _Searchable:
    """Kept for a while: many quotes are looked up in one answer."""
    words = list(WORD.finditer(fold(answer)))
    starts, length = [], 0
    for word in words:
        starts.append(length)
        length += len(word[0]) + 1
    return _Searchable(" ".join(w[0] for w in words), starts, [w.start() for w in words])
