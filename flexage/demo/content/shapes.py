"""What a component of the demo is made of."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

SPACE_BEFORE_BLOCK = re.compile(r"\s+(?=</?(?:p|ul|li)>)")


@dataclass(frozen=True)
class DemoAnswer:
    """What one student wrote, as HTML."""

    student: str
    title: str
    content: str


@dataclass(frozen=True)
class DemoEntry:
    """A task with its rubric (`{}` where nobody has written it yet) and the answers to it."""

    title: str
    instructions: str
    rubric: dict[str, Any]
    answers: tuple[DemoAnswer, ...]


@dataclass(frozen=True)
class DemoComponent:
    """A course unit."""

    name: str
    instructions: str
    entries: tuple[DemoEntry, ...]


def flat(text: str) -> str:
    """A text as it is stored: without the line breaks and indentation of this file."""
    return SPACE_BEFORE_BLOCK.sub("", " ".join(text.split()))


def levels(*texts: str, points: tuple[int, ...] = ()) -> list[dict[str, Any]]:
    """The performance levels, from best to worst."""
    if not points:
        return [{"text": text} for text in texts]
    return [{"text": text, "points": worth} for text, worth in zip(texts, points, strict=True)]


def rubric(levels: list[dict[str, Any]], *rows: tuple[str, int, tuple[str, ...]]) -> dict[str, Any]:
    """A definition from rows of (criterion, marks, what it looks like at each level)."""
    return {
        "criteria": [{"text": text, "marks": marks} for text, marks, _cells in rows],
        "performance_levels": levels,
        "cell_descriptions": [[flat(cell) for cell in cells] for _text, _marks, cells in rows],
    }
