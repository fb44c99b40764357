"""Whether a text for the student repeats level descriptions that the entry keeps to itself."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from components.rubrics import RubricSpec
from grading.engine.answers import words_of

LONG_RUN = 8
"""So many words in a row are no coincidence any more."""
SHORT_RUN = 4
"""A description of fewer words says nothing that the student could not guess."""

Run = tuple[str, ...]


def leaks(rubric: RubricSpec, texts: Iterable[str], known: Iterable[str]) -> bool:
    """Whether any text repeats a level description word for word.

    That is a run of :data:`LONG_RUN` words of it, case and punctuation aside, or the whole of a
    shorter one, but not of fewer than :data:`SHORT_RUN` words.

    Args:
        texts: what the student is going to read.
        known: what the student knows anyway, such as the instructions and the answer itself.
    """
    shown = [words_of(text) for text in texts]
    familiar = [words_of(text) for text in known]
    told = {
        length: _all_runs(shown, length) - _all_runs(familiar, length)
        for length in range(SHORT_RUN, LONG_RUN + 1)
    }
    descriptions = {level.description for c in rubric.criteria for level in c.levels}
    return any(_is_told(words_of(description), told) for description in descriptions)


def _is_told(words: list[str], told: dict[int, set[Run]]) -> bool:
    length = min(len(words), LONG_RUN)
    return length >= SHORT_RUN and any(run in told[length] for run in _runs(words, length))


def _all_runs(texts: Iterable[list[str]], length: int) -> set[Run]:
    return {run for words in texts for run in _runs(words, length)}


def _runs(words: list[str], length: int) -> Iterator[Run]:
    return zip(*(words[start:] for start in range(length)), strict=False)
