"""The format of a provider's reply, the strict reading of it, and what a run knows so far.

Criteria are addressed by index and levels by column, never by their texts, so that quotes, LaTeX
or odd characters in a rubric cannot break a reply::

    {"criterion_0": {"evidence": ["verbatim quote"], "reasoning": "...",
                     "level": "level_1", "confidence": 80},
     "criterion_1": {...},
     "feedback": "<p>...</p>"}

A call may ask for a part of this only (see :mod:`grading.engine.asks`); what came is kept as
:class:`Progress`. The order within a criterion is deliberate: quotes, then reasons, then the
level they lead to.
"""

from __future__ import annotations

import json
import re
from typing import Annotated, Any, NoReturn

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from accounts.text import storable_text
from components.html import feedback_to_html, html_to_text
from components.rubrics import Criterion, RubricSpec
from grading.engine.errors import ErrorCode, GradingError
from grading.engine.types import Ask

MAX_QUOTES = 12
MAX_REPLY = 200_000
"""Characters of a whole reply."""

THOUGHTS = re.compile(r"\s*+<think>.*?</think>", re.DOTALL)
"""What some models put before a reply, however they were asked."""
CODE_FENCE = re.compile(r"```(?:json)?\s*+(\{.*\})\s*```", re.DOTALL | re.IGNORECASE)
JSON_SPACE = " \t\r\n"


def _with_a_word(feedback: str) -> str:
    if not html_to_text(feedback_to_html(feedback)).strip():
        raise ValueError("the feedback is empty")
    return feedback


Text = Annotated[str, AfterValidator(storable_text)]
Prose = Annotated[Text, AfterValidator(str.strip), Field(min_length=1)]
Feedback = Annotated[Prose, AfterValidator(_with_a_word)]
Index = Annotated[int, Field(ge=0, strict=False)]
"""A row of the rubric. JSON has texts for keys, so that this must be read from "0", too."""


class CriterionReply(BaseModel):
    """What a provider says about one criterion.

    Attributes:
        level: the code of a level, such as `level_1`.
        confidence: 0 to 100, as the provider reports it.
    """

    model_config = ConfigDict(strict=True, extra="ignore", frozen=True)

    evidence: Annotated[list[Text], Field(max_length=MAX_QUOTES)]
    reasoning: Prose
    level: str
    confidence: Annotated[int, Field(ge=0, le=100)]

    def column(self, criterion: Criterion) -> int:
        """The rubric's column of the level named.

        Raises:
            ValueError: the criterion offers no such level.
        """
        columns = {level_code(level.index): level.index for level in criterion.levels}
        if self.level not in columns:
            raise ValueError(
                f"{criterion_key(criterion.index)}: no such level: {self.level[:80]!r}"
            )
        return columns[self.level]


class Opinion(BaseModel):
    """One independent judgement of an answer, as far as it has come.

    Attributes:
        criteria: by row of the rubric.
        feedback: as the provider wrote it, not sanitised; "" where there is none (yet).
    """

    model_config = ConfigDict(strict=True, frozen=True)

    criteria: dict[Index, CriterionReply] = {}
    feedback: Text = ""

    def merged(self, newer: Opinion) -> Opinion:
        """Both together; where both know something, the newer one counts."""
        return Opinion(
            criteria={**self.criteria, **newer.criteria},
            feedback=newer.feedback or self.feedback,
        )


class Progress(BaseModel):
    """All that a run knows so far. Never changed: what is new makes a new one.

    It goes into a JSON column as `progress.model_dump(mode="json")` and comes back through
    `Progress.model_validate(...)`.
    """

    model_config = ConfigDict(strict=True, frozen=True)

    opinions: list[Opinion] = []

    def opinion(self, number: int) -> Opinion:
        """What is known of an opinion; an empty one where nothing is."""
        return self.opinions[number] if number < len(self.opinions) else Opinion()

    def merged(self, number: int, newer: Opinion) -> Progress:
        """This with something new about one opinion."""
        count = max(len(self.opinions), number + 1)
        opinions = [self.opinion(index) for index in range(count)]
        opinions[number] = opinions[number].merged(newer)
        return Progress(opinions=opinions)


def criterion_key(index: int) -> str:
    return f"criterion_{index}"


def level_code(index: int) -> str:
    return f"level_{index}"


def reply_schema(rubric: RubricSpec, ask: Ask) -> dict[str, Any]:
    """JSON Schema of the reply to this ask, in the subset that providers understand."""
    asked = [criterion for criterion in rubric.criteria if criterion.index in ask.criteria]
    properties = {criterion_key(c.index): _criterion_schema(c) for c in asked}
    if ask.wants_feedback:
        properties["feedback"] = {"type": "string"}
    return {"type": "object", "properties": properties, "required": list(properties)}


def _criterion_schema(criterion: Criterion) -> dict[str, Any]:
    codes = [level_code(level.index) for level in criterion.levels]
    return {
        "type": "object",
        "properties": {
            "evidence": {"type": "array", "items": {"type": "string"}},
            "reasoning": {"type": "string"},
            "level": {"type": "string", "enum": codes},
            "confidence": {"type": "integer"},
        },
        "required": ["evidence", "reasoning", "level", "confidence"],
    }


def absorb(text: str, rubric: RubricSpec, ask: Ask, progress: Progress) -> Progress:
    """Read a raw reply strictly and add it to what is known.

    Whatever is not exactly a reply is an error, never a guess. Only a Markdown code fence around
    the whole, and thoughts before it, are taken off: there is no doubt about what they hold.

    Raises:
        GradingError: `malformed_reply`, of which nothing is kept; or `incomplete_reply`, where
            the parts that did come are sound and stand in the error's `progress`.
    """
    data = _json_object(text)
    try:
        newer = _sound_parts(data, rubric, ask)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        message = f"{'.'.join(map(str, first['loc']))}: {first['msg']}"
        raise GradingError(ErrorCode.MALFORMED_REPLY, message, raw_reply=text) from error
    except ValueError as error:
        raise GradingError(ErrorCode.MALFORMED_REPLY, str(error), raw_reply=text) from error
    merged = progress.merged(ask.opinion, newer)
    missing = [key for key in reply_schema(rubric, ask)["required"] if key not in data]
    if missing:
        message = f"missing: {', '.join(missing)}"
        raise GradingError(ErrorCode.INCOMPLETE_REPLY, message, raw_reply=text, progress=merged)
    return merged


class _Feedback(BaseModel):
    model_config = ConfigDict(strict=True)

    feedback: Feedback


def _sound_parts(data: dict[str, Any], rubric: RubricSpec, ask: Ask) -> Opinion:
    """What the reply has of what was asked for.

    Raises:
        ValueError: a part is there, and it is not what it should be.
    """
    asked = [c for c in rubric.criteria if c.index in ask.criteria]
    present = [c for c in asked if criterion_key(c.index) in data]
    criteria = {c.index: data[criterion_key(c.index)] for c in present}
    has_feedback = ask.wants_feedback and "feedback" in data
    feedback = _Feedback.model_validate(data).feedback if has_feedback else ""
    opinion = Opinion.model_validate({"criteria": criteria, "feedback": feedback})
    for criterion in present:
        opinion.criteria[criterion.index].column(criterion)
    return opinion


def _json_object(text: str) -> dict[str, Any]:
    if len(text) > MAX_REPLY:
        message = f"the reply has more than {MAX_REPLY} characters"
        raise GradingError(ErrorCode.MALFORMED_REPLY, message, raw_reply=text[:MAX_REPLY])
    try:
        data = json.loads(
            _unwrapped(text), object_pairs_hook=_unique_keys, parse_constant=_no_number
        )
    except (ValueError, RecursionError) as error:
        message = f"not JSON: {error}"
        raise GradingError(ErrorCode.MALFORMED_REPLY, message, raw_reply=text) from error
    if not isinstance(data, dict):
        message = "not a JSON object"
        raise GradingError(ErrorCode.MALFORMED_REPLY, message, raw_reply=text)
    return data


def _unwrapped(text: str) -> str:
    thoughts = THOUGHTS.match(text)
    rest = (text[thoughts.end() :] if thoughts else text).strip(JSON_SPACE)
    fenced = CODE_FENCE.fullmatch(rest)
    return fenced[1] if fenced else rest


def _unique_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object that says two things under one name says nothing for certain."""
    result = dict(pairs)
    if len(result) < len(pairs):
        raise ValueError("an object has the same key twice")
    return result


def _no_number(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number of JSON")
