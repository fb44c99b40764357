"""Test data of grading. States are reached through the services, never written by hand."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import factory
from factory.django import DjangoModelFactory

from components.models import Entry
from components.rubrics import RubricSpec, parse_rubric
from components.tests.factories import (
    RUBRIC,
    ComponentFactory,
    EnrollmentFactory,
    EntryFactory,
)
from grading.engine.types import Completion, Evaluation, GradingRequest, Prompt
from grading.enums import ProviderKind, WebhookEvent
from grading.models import (
    GradingRun,
    Outcome,
    ProviderProfile,
    Submission,
    Webhook,
    WebhookDelivery,
)
from grading.providers import config_of
from grading.services.claims import claim_runs
from grading.services.submissions import submit_answer
from grading.services.webhooks import claim_deliveries, register_webhook
from grading.worker import Step, settle, take_step

ANSWER = (
    "<p>Plants make glucose from carbon dioxide and water. They need light for it. "
    "In 3 hours we measured 12 ml of oxygen.</p>"
)
CRITERIA = 2
QUOTE = "Plants make glucose from carbon dioxide and water."


def spec_of(definition: object = RUBRIC) -> RubricSpec:
    """The rubric of a definition that is not empty."""
    spec = parse_rubric(definition)
    assert spec is not None
    return spec


def reply_text(
    level: int = 0,
    *,
    quote: str = QUOTE,
    confidence: int = 90,
    criteria: int = CRITERIA,
) -> str:
    """A provider's reply that gives every criterion the same level and quote."""
    item = {
        "evidence": [quote] if quote else [],
        "reasoning": "The answer says so.",
        "level": f"level_{level}",
        "confidence": confidence,
    }
    body: dict[str, Any] = {f"criterion_{index}": item for index in range(criteria)}
    return json.dumps({**body, "feedback": "<p>Well explained.</p>"})


class ScriptedProvider:
    """Stands for the world outside: answers what a test tells it to, one reply a call."""

    name = "scripted"
    uses_ai = True
    parameters: dict[str, Any] = {"temperature": 0}

    def __init__(self, *replies: str | Exception) -> None:
        self.replies = list(replies) or [reply_text()]
        self.requests: list[GradingRequest] = []
        self.prompts: list[Prompt] = []

    async def complete(self, request: GradingRequest, prompt: Prompt) -> Completion:
        self.requests.append(request)
        self.prompts.append(prompt)
        reply = self.replies.pop(0) if len(self.replies) > 1 else self.replies[0]
        if isinstance(reply, Exception):
            raise reply
        return Completion(text=reply, model="scripted-1", input_tokens=100, output_tokens=50)

    async def close(self) -> None:
        pass


def make_submission(entry: Entry | None = None, student: Any = None, **fields: Any) -> Submission:
    """A submission that waits in the queue."""
    entry = entry or EntryFactory()
    student = student or EnrollmentFactory(component=entry.component).student
    return submit_answer(entry, **{"content": ANSWER, **fields}, by=student)


def claim(submission: Submission) -> GradingRun:
    """The submission's run, claimed as a worker would."""
    return next(run for run in claim_runs() if run.submission_id == submission.pk)


def step_of(run: GradingRun, provider: ScriptedProvider | None = None) -> Step:
    """What a provider makes of a claimed run, not recorded yet."""
    return asyncio.run(take_step(run, config_of(run.profile), provider or ScriptedProvider()))


def evaluation_for(run: GradingRun, provider: ScriptedProvider | None = None) -> Evaluation:
    """What a provider's replies to a claimed run come to."""
    evaluation = step_of(run, provider).evaluation
    assert evaluation is not None
    return evaluation


def grade(submission: Submission, reply: str | None = None) -> Outcome:
    """Bring a queued submission to its outcome with a scripted reply."""
    settle(step_of(claim(submission), ScriptedProvider(reply or reply_text())))
    submission.refresh_from_db()
    return Outcome.objects.get(submission=submission)


class ProviderProfileFactory(DjangoModelFactory):
    class Meta:
        model = ProviderProfile

    name = factory.Sequence(lambda n: f"Provider {n}")
    kind = ProviderKind.OPENAI
    model = "model-1"
    endpoint = "http://127.0.0.1:9/v1"


HOOK = "https://93.184.215.14/hook"
"""An address on the internet that needs no look-up. Tests send nothing there."""


def make_webhook(component: Any = None, **fields: Any) -> Webhook:
    """A webhook that wants to know of everything."""
    component = component or ComponentFactory()
    person = component.configurators.first()
    fields = {"url": HOOK, "events": WebhookEvent.values, "by": person, **fields}
    return register_webhook(component, **fields)


def make_delivery(webhook: Webhook | None = None) -> WebhookDelivery:
    """A message of a new submission that waits to be sent."""
    webhook = webhook or make_webhook()
    submission = make_submission(EntryFactory(component=webhook.component))
    return webhook.deliveries.get(payload__submission_id=str(submission.pk))


def claim_delivery(delivery: WebhookDelivery) -> WebhookDelivery:
    """The delivery, claimed as a sender would."""
    return next(claimed for claimed in claim_deliveries(1000) if claimed.pk == delivery.pk)
