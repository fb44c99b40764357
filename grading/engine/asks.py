"""What is still to be asked of a provider: one ask is one call."""

from __future__ import annotations

from collections.abc import Iterator

from components.rubrics import RubricSpec
from grading.engine.reply import Opinion, Progress
from grading.engine.types import Ask, Plan


def next_ask(rubric: RubricSpec, plan: Plan, progress: Progress) -> Ask | None:
    """What the next call should ask for, or None where nothing is missing any more."""
    return next(_asks(rubric, plan, progress), None)


def calls_left(rubric: RubricSpec, plan: Plan, progress: Progress) -> int:
    """How many calls a run still needs if each of them goes well."""
    return sum(1 for _ask in _asks(rubric, plan, progress))


def _asks(rubric: RubricSpec, plan: Plan, progress: Progress) -> Iterator[Ask]:
    """Everything that is missing, opinion by opinion, the first one with its feedback first."""
    for number in range(max(1, plan.opinions)):
        yield from _asks_of(rubric, plan, number, progress.opinion(number))


def _asks_of(rubric: RubricSpec, plan: Plan, number: int, known: Opinion) -> Iterator[Ask]:
    missing = tuple(c.index for c in rubric.criteria if c.index not in known.criteria)
    wants_feedback = number == 0 and not known.feedback
    if plan.per_criterion:
        for index in missing:
            yield Ask(number, (index,), wants_feedback=False)
        if wants_feedback:  # at last, when all levels are known that it must be about
            yield Ask(number, (), wants_feedback=True)
    elif missing or wants_feedback:
        yield Ask(number, missing, wants_feedback)
