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


@dataclass(frozen=True)
class GradingRequest:
    """What a provider gets to know: nothing about the person who wrote the answer.

    Attributes:
        instructions: the entry's instructions as plain text.
        answer: the answer as plain text; quotes and offsets refer to exactly this text.
    """

    rubric: RubricSpec
    instructions: str
    answer: str


@dataclass(frozen=True)
class Prompt:
    """The texts sent to a language model, and the JSON schema that its reply is held to.

    Attributes:
        digest: SHA-256 (hex) of the texts without their random fence: the same request has the
            same digest.
    """

    system: str
    user: str
    schema: dict[str, Any]
    version: str
    digest: str


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

    `complete` is called from a worker thread, outside any transaction, and may be called from
    several threads at once. It raises :class:`grading.engine.errors.GradingError` and nothing
    else for whatever goes wrong outside.
    """

    name: str
    uses_ai: bool

    @property
    def parameters(self) -> dict[str, Any]:
        """What shaped the reply (model, temperature ...), for the run's provenance."""
        ...

    def complete(self, request: GradingRequest, prompt: Prompt) -> Completion: ...


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
        confidence: the provider's own, 0 to 100.
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


@dataclass(frozen=True)
class Evaluation:
    """A reply that was checked: levels exist, quotes were looked up, points are our own.

    Attributes:
        score: weighted sum of points, 0..max_score, two decimals.
        feedback: HTML with the tags of the API contract only.
        confidence: 0 to 100; see :func:`grading.engine.scoring.overall_confidence`.
        review_reasons: why a person should look first; empty for a sound evaluation.
        uses_ai: whether an AI model judged; the simulator is none.
        latency_ms: how long the provider took, in milliseconds.
    """

    criteria: tuple[CriterionResult, ...]
    score: Decimal
    max_score: Decimal
    feedback: str
    confidence: int
    review_reasons: tuple[ReviewReason, ...]
    uses_ai: bool
    latency_ms: int
    completion: Completion
    prompt: Prompt
