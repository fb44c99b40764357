"""The provider of last resort: grades by text statistics, without AI and without a network.

It reads the answer for real. Per criterion it looks for the terms, numbers and symbols that the
criterion, the descriptions of its levels and the instructions use, weighs rare ones and those of
the higher levels more, looks at how many sentences speak to the criterion and how they are tied
together, and maps the resulting figure (0 to 1) to a level; the names of levels ("Good") say
nothing about a subject and are not looked for. Sentences that merely repeat the rubric or the
instructions do not count. What it cannot do is understand: a right thought in other words goes
unseen, a wrong one in the right words does not. Every outcome says that no AI model was involved.

The same request always gives the same reply.
"""

from __future__ import annotations

import json
from typing import Any

from components.rubrics import Criterion
from grading.engine.providers.simulator.answer import Answer, read_answer
from grading.engine.providers.simulator.measure import (
    Measure,
    confidence_of,
    measure,
    relevance_of,
)
from grading.engine.providers.simulator.report import NO_AI_NOTICE, feedback, reasoning
from grading.engine.providers.simulator.terms import Expectations, ranked_levels, read_expectations
from grading.engine.reply import criterion_key, level_code
from grading.engine.types import Completion, GradingRequest, Prompt

__all__ = ["MODEL", "NO_AI_NOTICE", "SimulatorProvider"]

MODEL = "simulator-1"
"""Changes whenever the same request may give another reply."""


class SimulatorProvider:
    """Deterministic stand-in for a language model; see the module's docstring."""

    name = "simulator"
    uses_ai = False

    @property
    def parameters(self) -> dict[str, Any]:
        return {"model": MODEL, "method": "text statistics"}

    async def complete(self, request: GradingRequest, prompt: Prompt) -> Completion:
        """A reply made from the request alone; the prompt is for language models."""
        expected = read_expectations(request)
        answer = read_answer(request.answer, expected)
        relevance = relevance_of(answer, expected)
        criteria = request.rubric.criteria
        measures = [measure(terms, answer, expected, relevance) for terms in expected.criteria]
        reply: dict[str, Any] = {
            criterion_key(criterion.index): _criterion_reply(criterion, measured, answer, expected)
            for criterion, measured in zip(criteria, measures, strict=True)
        }
        reply["feedback"] = feedback(criteria, measures, answer, expected)
        return Completion(text=json.dumps(reply, ensure_ascii=False), model=MODEL)

    async def close(self) -> None:
        """There is nothing to close."""


def _criterion_reply(
    criterion: Criterion, measured: Measure, answer: Answer, expected: Expectations
) -> dict[str, Any]:
    levels = ranked_levels(criterion)
    rank = min(len(levels) - 1, int(measured.figure * len(levels)))
    return {
        "evidence": [passage.text for passage in measured.quotes],
        "reasoning": reasoning(measured, answer, expected),
        "level": level_code(levels[rank].index),
        "confidence": confidence_of(measured, len(levels)),
    }
