"""Texts as passages and words: where they stand, and what form they are compared in."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache

from grading.engine.providers.simulator.vocabulary import CONNECTIVES, STOP_WORDS

MAX_PASSAGE = 300
"""Characters. Keeps quotes short, and the cost of folding odd Unicode linear in the text."""

BOUNDARY = re.compile(
    r"(?<=[.!?…])(?<!\b\w\.)\s+"  # after a sentence, though not after "z. B." or "1."
    r"|(?<=[\u3002\uff01\uff1f])"
    r"|[\x00-\x08\x0a-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]+"
)
SOFT_BREAK = re.compile(r"[;:,]\s|\s")
WORD = re.compile(r"\d+(?:[.,]\d+)*|[^\W\d_]\w*")
APOSTROPHE = re.compile(r"(?<=\w)['\u2019](?=\w)")
MATHS = str.maketrans({"\u2044": "/", **dict.fromkeys("_^{}\\$*·", "")})
CJK = re.compile(r"[\u3040-\u30ff\u3400-\u9fff]")
ENDINGS = """
    ational ations ation ating ated ates ate ities ity ings ing edly ed ies es s ly ments ment y e
    ive ives al ally ic ical
    ungen ung en er ern em lich liche lichen isch ische ischen keit heit st te ten tet t n
    aciones acion ando iendo mente as os a o ar ir ado ada ados adas ido ida
"""
SUFFIXES = tuple(sorted(set(ENDINGS.split()), key=lambda suffix: (-len(suffix), suffix)))
"""English, German, Spanish; the longest comes first."""
MIN_STEM = 4
PARTICIPLE = re.compile(r"ge[a-z]{3,}(?:t|en)")
"""German: `gekauft` belongs to `kaufen`."""


@dataclass(frozen=True)
class Word:
    """A word as it was written, and the stem it is compared by."""

    surface: str
    folded: str
    stem: str

    @property
    def is_informative(self) -> bool:
        """Neither a function word nor a single letter or digit."""
        return len(self.folded) > 1 and self.folded not in STOP_WORDS


@dataclass(frozen=True)
class Passage:
    """A sentence, or a piece of one where it is very long.

    Attributes:
        start: where it begins in its text; `text` is exactly what stands there.
    """

    start: int
    text: str

    @cached_property
    def words(self) -> tuple[Word, ...]:
        return tuple(words_of(self.text))

    @cached_property
    def stems(self) -> tuple[str, ...]:
        return tuple(word.stem for word in self.words)

    @cached_property
    def terms(self) -> frozenset[str]:
        """The stems that say what the passage is about."""
        return frozenset(word.stem for word in self.words if word.is_informative)

    @property
    def connectives(self) -> int:
        return sum(word.folded in CONNECTIVES for word in self.words)


def passages_of(text: str) -> list[Passage]:
    """The text's sentences in order, none longer than :data:`MAX_PASSAGE`, none blank."""
    passages: list[Passage] = []
    start = 0
    for boundary in BOUNDARY.finditer(text):
        passages.extend(_pieces(text, start, boundary.start()))
        start = boundary.end()
    passages.extend(_pieces(text, start, len(text)))
    return passages


def function_share(passages: Iterable[Passage]) -> float:
    """The share of words without content of their own; 0 in languages not known here."""
    words = [word for passage in passages for word in passage.words]
    return sum(not word.is_informative for word in words) / len(words) if words else 0.0


def _pieces(text: str, start: int, end: int) -> Iterator[Passage]:
    while start < end:
        stop = end if end - start <= MAX_PASSAGE else _soft_end(text, start)
        piece = text[start:stop]
        stripped = piece.strip()
        if stripped:
            yield Passage(start + piece.index(stripped), stripped)
        start = stop


def _soft_end(text: str, start: int) -> int:
    """Where to cut a long sentence: after the last white space that leaves a decent piece."""
    breaks = list(SOFT_BREAK.finditer(text, start + MAX_PASSAGE // 2, start + MAX_PASSAGE))
    return breaks[-1].end() if breaks else start + MAX_PASSAGE


def words_of(text: str) -> Iterator[Word]:
    """Words, numbers and the symbols of formulae: `½ mv²` and `1/2 m*v^2` give the same."""
    plain = unicodedata.normalize("NFKC", APOSTROPHE.sub("", text)).translate(MATHS)
    plain = plain[: 2 * MAX_PASSAGE]  # some single characters unfold to eighteen
    for match in WORD.finditer(plain):
        surface = match.group()
        if CJK.search(surface):
            yield from (_word(surface[i : i + 2]) for i in range(max(1, len(surface) - 1)))
        else:
            yield _word(surface)


@lru_cache(maxsize=20_000)
def _word(surface: str) -> Word:
    folded = fold(surface)
    return Word(surface, folded, stem(folded))


def fold(word: str) -> str:
    """Lower case, without accents: `Blätter` and `Blatter` are one."""
    decomposed = unicodedata.normalize("NFKD", word.casefold())
    return "".join(char for char in decomposed if not unicodedata.combining(char)).casefold()


def stem(folded: str) -> str:
    """The word without its endings, crudely: enough to let plurals and verb forms meet.

    Decimal commas become points; words with digits in them are symbols and stay whole.
    """
    if not folded.isalpha():
        return folded.replace(",", ".")
    if PARTICIPLE.fullmatch(folded):
        folded = folded[2:]
    for _round in range(2):
        for suffix in SUFFIXES:
            if folded.endswith(suffix) and len(folded) - len(suffix) >= MIN_STEM:
                folded = folded[: -len(suffix)]
                break
    return folded
