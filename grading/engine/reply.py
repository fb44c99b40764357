"""The format of a provider's reply: the schema made from a rubric, and the strict reading of it.

Criteria are addressed by index and levels by column, never by their texts, so that quotes, LaTeX
or odd characters in a rubric cannot break a reply::

    {"criterion_0": {"evidence": ["verbatim quote"], "reasoning": "...",
                     "level": "level_1", "confidence": 80},
     "criterion_1": {...},
     "feedback": "<p>...</p>"}

The order within a criterion is deliberate: quotes, then reasons, then the level they lead to.
"""

from __future__ import annotations

import json
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from accounts.text import storable_text
from components.rubrics import Criterion, RubricSpec
from grading.engine.errors import ErrorCode, GradingError

MAX_QUOTES = 12
MAX_REPLY = 200_000


Text = Annotated[str, AfterValidator(storable_text)]
Prose = Annotated[Text, AfterValidator(str.strip), Field(min_length=1)]


class CriterionReply(BaseModel):
    """What a provider says about one criterion."""

    model_config = ConfigDict(strict=True, extra="ignore")

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


class Reply(BaseModel):
    """A whole reply, one entry per criterion in the rubric's order."""

    model_config = ConfigDict(strict=True)

    criteria: list[CriterionReply]
    feedback: Prose


def criterion_key(index: int) -> str:
    return f"criterion_{index}"


def level_code(index: int) -> str:
    return f"level_{index}"


def reply_schema(rubric: RubricSpec) -> dict[str, Any]:
    """JSON Schema of the reply for this rubric, in the subset that providers understand."""
    keys = [criterion_key(criterion.index) for criterion in rubric.criteria]
    properties = {criterion_key(c.index): _criterion_schema(c) for c in rubric.criteria}
    return {
        "type": "object",
        "properties": {**properties, "feedback": {"type": "string"}},
        "required": [*keys, "feedback"],
    }


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


def parse_reply(text: str, rubric: RubricSpec) -> Reply:
    """Read a raw reply strictly; whatever is not exactly a reply is an error, never a guess.

    Raises:
        GradingError: `malformed_reply` or `incomplete_reply`, with the raw reply.
    """
    data = _json_object(text)
    keys = [criterion_key(criterion.index) for criterion in rubric.criteria]
    missing = [key for key in [*keys, "feedback"] if key not in data]
    if missing:
        message = f"missing: {', '.join(missing)}"
        raise GradingError(ErrorCode.INCOMPLETE_REPLY, message, raw_reply=text)
    try:
        reply = Reply.model_validate(
            {"criteria": [data[key] for key in keys], "feedback": data["feedback"]}
        )
        for criterion, item in zip(rubric.criteria, reply.criteria, strict=True):
            item.column(criterion)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        message = f"{'.'.join(map(str, first['loc']))}: {first['msg']}"
        raise GradingError(ErrorCode.MALFORMED_REPLY, message, raw_reply=text) from error
    except ValueError as error:
        raise GradingError(ErrorCode.MALFORMED_REPLY, str(error), raw_reply=text) from error
    return reply


def _json_object(text: str) -> dict[str, Any]:
    if len(text) > MAX_REPLY:
        message = f"the reply has more than {MAX_REPLY} characters"
        raise GradingError(ErrorCode.MALFORMED_REPLY, message, raw_reply=text[:MAX_REPLY])
    try:
        data = json.loads(text)
    except (ValueError, RecursionError) as error:
        message = f"not JSON: {error}"
        raise GradingError(ErrorCode.MALFORMED_REPLY, message, raw_reply=text) from error
    if not isinstance(data, dict):
        message = "not a JSON object"
        raise GradingError(ErrorCode.MALFORMED_REPLY, message, raw_reply=text)
    return data
