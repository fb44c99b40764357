"""Asking a provider without a queue, a database or Django's models."""

from __future__ import annotations

import asyncio

from components.rubrics import RubricSpec
from grading.engine.asks import next_ask
from grading.engine.evaluate import conclude
from grading.engine.prompt import build_prompt
from grading.engine.reply import Opinion, Progress, absorb
from grading.engine.types import Ask, Completion, Evaluation, GradingRequest, Plan, Provider


def whole(spec: RubricSpec) -> Ask:
    """One call for everything."""
    ask = next_ask(spec, Plan(), Progress())
    assert ask is not None
    return ask


def complete(request: GradingRequest, provider: Provider) -> Completion:
    """What a provider replies to one call for everything."""
    prompt = build_prompt(request, whole(request.rubric))
    return asyncio.run(provider.complete(request, prompt))


def read_reply(text: str, spec: RubricSpec) -> Opinion:
    """The reply to one call for everything."""
    return absorb(text, spec, whole(spec), Progress()).opinion(0)


def evaluated(request: GradingRequest, provider: Provider) -> Evaluation:
    """What one call for everything comes to."""
    text = complete(request, provider).text
    progress = absorb(text, request.rubric, whole(request.rubric), Progress())
    return conclude(request, progress, review_below=40)
