"""What goes into the engine, what a provider answers, and what comes out."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Any, Protocol

from components.rubrics import RubricSpec


class ReviewReason(StrEnum):
    """Why an evaluation needs a person before the student sees it."""

    LOW_CONFIDENCE = "low_confidence"
    UNVERIFIED_EVIDENCE = "unverified_evidence"
    DISAGREEMENT = "disagreement"
    ADDRESSES_GRADER = "addresses_grader"
    HIDDEN_TEXT = "hidden_text"
    RUBRIC_LEAK = "rubric_leak"


@dataclass(frozen=True)
class GradingRequest:
    """What a provider gets to know: nothing about the person who wrote the answer.

    Attributes:
        instructions: the entry's instructions as plain text.
        answer: the answer as plain text; quotes and offsets refer to exactly this text.
        is_rubric_hidden: whether the entry keeps its rubric's descriptions from students, so that
            feedback must not tell them.
        has_hidden_text: whether text that nobody could see was taken out of the answer.
    """

    rubric: RubricSpec
    instructions: str
    answer: str
    is_rubric_hidden: bool = False
    has_hidden_text: bool = False


@dataclass(frozen=True)
class Plan:
    """How an entry wants its answers graded.

    Attributes:
        opinions: how often each criterion is judged, independently; 1 for no second opinion.
        per_criterion: one call per criterion instead of one for all, for long rubrics.
    """

    opinions: int = 1
    per_criterion: bool = False


@dataclass(frozen=True)
class Ask:
    """What one call to a provider asks for.

    Attributes:
        opinion: which opinion it belongs to, from 0.
        criteria: the rubric's rows to judge; empty where only the feedback is missing.
        wants_feedback: whether the feedback to the student is asked for as well.
    """

    opinion: int
    criteria: tuple[int, ...]
    wants_feedback: bool


@dataclass(frozen=True)
class Prompt:
    """The texts sent to a language model, and the JSON schema that its reply is held to.

    Attributes:
        system: how to judge and how to reply; the highest-ranking part.
        task: the instructions and the rubric, a message part of its own.
        answer: the student's answer in its fence, a message part of its own.
        digest: SHA-256 (hex) of the texts without their random fence: the same request has the
            same digest.
        temperature: asked for instead of the provider's own; None for that.
    """

    system: str
    task: str
    answer: str
    schema: dict[str, Any]
    version: str
    digest: str
    temperature: float | None = None


@dataclass(frozen=True)
class Completion:
    """A provider's raw reply, before any of it is believed.

    Attributes:
        text: JSON in the reply format of :mod:`grading.engine.reply`.
        model: the model as the provider itself reports it.
        input_tokens: tokens read, where the provider counts them.
        output_tokens: tokens written, where the provider counts them.
    """

    text: str
    model: str
    input_tokens: int | None = None
    output_tokens: int | None = None


class Provider(Protocol):
    """Something that can judge an answer. One module each, in `grading/engine/providers/`.

    `complete` is awaited in one event loop, outside any transaction, many at once. It raises
    :class:`grading.engine.errors.GradingError` and nothing else for whatever goes wrong outside,
    never retries by itself, and never takes longer than the timeout it was made with.
    """

    name: str
    uses_ai: bool

    @property
    def parameters(self) -> dict[str, Any]:
        """What shaped the reply (model, temperature ...), for the run's provenance."""
        ...

    async def complete(self, request: GradingRequest, prompt: Prompt) -> Completion: ...

    async def close(self) -> None:
        """Close idle connections. The next call opens new ones."""
        ...


@dataclass(frozen=True)
class Evidence:
    """A quote that a provider says it went by.

    Attributes:
        start: where it begins in the answer's text, or None where the answer does not have it.
        end: one past its last character, or None.
    """

    quote: str
    start: int | None
    end: int | None

    @property
    def is_verified(self) -> bool:
        return self.start is not None


@dataclass(frozen=True)
class CriterionResult:
    """The level reached on one criterion, and why.

    Attributes:
        level: the level's column in the rubric.
        points: what that level is worth, before the criterion's weight.
        confidence: 0 to 100; see :func:`grading.engine.scoring.criterion_confidence`.
        opinions: the level of each opinion, the first one's first; empty where there was one.
    """

    index: int
    text: str
    level: int
    level_text: str
    points: Decimal
    max_points: Decimal
    weight: Decimal
    reasoning: str
    evidence: tuple[Evidence, ...]
    confidence: int
    opinions: tuple[int, ...] = ()


@dataclass(frozen=True)
class Evaluation:
    """A reply that was checked: levels exist, quotes were looked up, points are our own.

    Attributes:
        score: weighted sum of points, 0..max_score, two decimals.
        feedback: HTML with the tags of the API contract only.
        confidence: 0 to 100; see :func:`grading.engine.scoring.overall_confidence`.
        review_reasons: why a person should look first; empty for a sound evaluation.
    """

    criteria: tuple[CriterionResult, ...]
    score: Decimal
    max_score: Decimal
    feedback: str
    confidence: int
    review_reasons: tuple[ReviewReason, ...]
