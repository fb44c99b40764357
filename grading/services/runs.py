"""One job of grading: queued, kept alive, stopped and resumed, and what each call came to."""

from __future__ import annotations

import random
import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.errors import ForbiddenError, MissingError
from accounts.models import User
from accounts.text import storable_text
from components.models import Entry
from grading import queue
from grading.engine.errors import GradingError, Remedy
from grading.engine.reply import Progress
from grading.engine.types import Ask, Completion, Prompt
from grading.enums import RunState
from grading.models import EntryGrading, GradingBatch, GradingRun, ProviderProfile, Submission
from grading.models.runs import GradingRunQuerySet
from grading.providers import ProviderConfig
from grading.rules import can_review
from grading.services.budgets import count_tokens

MAX_BACKOFF_SECONDS = 600.0
GIVE_UP_AFTER = timedelta(days=1)
"""So long a provider's trouble may last before its runs are a person's."""
MAX_MODEL = GradingRun._meta.get_field("model").max_length
MAX_LOGGED = 50_000
"""Characters of a raw reply that are kept."""


@dataclass(frozen=True)
class Call:
    """One call to a provider that ended, as the worker saw it.

    Attributes:
        begun_at: when it began.
        provider: the name of its kind, as the provider itself has it.
        ask: what was asked.
        parameters: what shaped the reply.
        completion: what came back; None where nothing did.
        latency_ms: how long it took, in milliseconds.
    """

    begun_at: datetime
    config: ProviderConfig
    provider: str
    ask: Ask
    prompt: Prompt
    parameters: dict[str, Any]
    completion: Completion | None
    latency_ms: int

    @property
    def tokens(self) -> tuple[int, int]:
        """Tokens read and written; 0 where the provider does not count them."""
        if self.completion is None:
            return 0, 0
        return self.completion.input_tokens or 0, self.completion.output_tokens or 0


def lock_submission(submission: Submission) -> None:
    """Hold a submission until the transaction ends.

    Raises:
        MissingError: `submission_missing`: it was deleted meanwhile.
    """
    if not Submission.objects.select_for_update(of=("self",)).filter(pk=submission.pk).exists():
        raise MissingError("submission_missing", _("This submission was deleted."))


def queue_run(
    submission: Submission, *, by: User | None, batch: GradingBatch | None = None
) -> GradingRun:
    """Put one job into the queue and wake a worker when the transaction commits."""
    now = timezone.now()
    run = GradingRun.objects.create(
        submission=submission,
        component_id=submission.entry.component_id,
        batch=batch,
        profile=profile_for(submission.entry, opinion=0),
        rubric=submission.entry.rubric,
        requested_by=by,
        created_at=now,
        due_at=now,
    )
    # Robust: the answer is stored, and a lost wake-up costs time only.
    transaction.on_commit(queue.wake_worker, robust=True)
    return run


def profile_for(entry: Entry, *, opinion: int) -> ProviderProfile | None:
    """Who is asked for an opinion on this entry's answers; None for the site's provider."""
    own: EntryGrading | None = getattr(entry, "grading", None)
    if opinion and own and own.second_profile:
        return own.second_profile
    if own and own.profile:
        return own.profile
    shared = getattr(entry.component, "grading", None)
    return shared.profile if shared else None


def renew_leases(runs: list[GradingRun]) -> None:
    """Keep hold of runs that are still being worked on."""
    GradingRun.objects.filter(
        pk__in=[run.pk for run in runs],
        claim__in={run.claim for run in runs},
        state=RunState.RUNNING,
    ).update(lease_expires_at=timezone.now() + lease())


def pause_runs(runs: GradingRunQuerySet) -> int:
    """Stop runs that have not begun; those being graded end by themselves.

    Returns:
        How many were stopped.
    """
    return runs.filter(state=RunState.QUEUED).update(state=RunState.PAUSED)


def resume_runs(runs: GradingRunQuerySet) -> int:
    """Let stopped runs go on, in their old places. Returns how many."""
    resumed = runs.filter(state=RunState.PAUSED).update(
        state=RunState.QUEUED, due_at=timezone.now()
    )
    transaction.on_commit(queue.wake_worker, robust=True)
    return resumed


@transaction.atomic
def stop_run(submission: Submission, *, by: User) -> bool:
    """Stop a submission's run where it has not begun. Returns whether it was stopped.

    Raises:
        DomainError: `forbidden`.
    """
    _require_reviewer(by, submission)
    return bool(pause_runs(GradingRun.objects.filter(submission=submission)))


@transaction.atomic
def resume_run(submission: Submission, *, by: User) -> bool:
    """Let a submission's stopped run go on. Returns whether there was one.

    Raises:
        DomainError: `forbidden`.
    """
    _require_reviewer(by, submission)
    return bool(resume_runs(GradingRun.objects.filter(submission=submission)))


@transaction.atomic
def record_progress(run: GradingRun, progress: Progress, call: Call, *, opinion: int) -> bool:
    """Keep what a call brought, and queue the run for its next call.

    Args:
        opinion: which opinion the next call belongs to.

    Returns:
        Whether it was recorded; False where the claim was lost meanwhile.
    """
    held = lock_claimed(run)
    if held is None:
        return False
    held.progress = progress.model_dump(mode="json")
    held.attempts = 0
    held.error_code = held.error_message = ""
    held.profile = profile_for(held.submission.entry, opinion=opinion)
    note_call(held, call, None)
    release_claim(held, _waiting_state(held))
    held.save()
    return True


@transaction.atomic
def record_failure(
    run: GradingRun, error: GradingError, call: Call | None = None, *, is_outage: bool = False
) -> GradingRun | None:
    """Put a run back into the queue after a passing fault, or end it with its cause.

    What is its provider's trouble and not its own costs a run no attempt; it goes on for a day.

    Args:
        is_outage: whether the provider is known to be down.

    Returns:
        The run, or None where the claim was lost meanwhile and nothing changed.
    """
    held = lock_claimed(run)
    if held is None:
        return None
    held.error_code = error.code
    held.error_message = storable_text(error.message)[:2000]
    if error.progress is not None:
        held.progress = error.progress.model_dump(mode="json")
    if call is not None:
        note_call(held, call, error)
    counts = error.remedy in {Remedy.RETRY, Remedy.END} and not is_outage
    if not counts:
        held.attempts -= 1
    if _may_go_on(held, error, counts=counts):
        release_claim(held, _waiting_state(held))
        # A run whose provider has trouble lets others go first: one of them may fare better.
        wait = backoff_seconds(held.attempts if counts else 1)
        held.due_at = timezone.now() + timedelta(seconds=wait)
    else:
        release_claim(held, RunState.FAILED)
    held.save()
    return held


def lock_claimed(run: GradingRun) -> GradingRun | None:
    """The run's row, locked, while its claim is still the one that `run` holds; else None."""
    return (
        GradingRun.objects.select_for_update(of=("self",))
        .select_related("submission__entry__grading", "submission__student", "batch")
        .filter(pk=run.pk, claim=run.claim, state=RunState.RUNNING)
        .first()
    )


def release_claim(run: GradingRun, state: RunState) -> None:
    """Let go of a run in memory; a state that ends it gets its time."""
    run.state = state
    run.claim = None
    run.lease_expires_at = None
    if run.has_ended:
        run.finished_at = timezone.now()


def note_call(held: GradingRun, call: Call, error: GradingError | None) -> None:
    """Write a call that ended into its run and into the day's usage; the caller saves the run."""
    read, written = call.tokens
    cost = call.config.cost(read, written)
    held.log = [*held.log, log_entry(call, error, str(cost))]
    held.prompt = {
        "system": storable_text(call.prompt.system),
        "task": storable_text(call.prompt.task),
        "answer": storable_text(call.prompt.answer),
    }
    held.prompt_version, held.prompt_hash = call.prompt.version, call.prompt.digest
    held.latency_ms = (held.latency_ms or 0) + call.latency_ms
    held.cost += cost
    if call.completion is not None:
        held.input_tokens = (held.input_tokens or 0) + read
        held.output_tokens = (held.output_tokens or 0) + written
    if call.ask.opinion == 0 or not held.provider:
        held.provider, held.parameters = call.provider, call.parameters
        if call.completion is not None:
            held.model = storable_text(call.completion.model)[:MAX_MODEL]
    count_tokens(held, read, written, cost)


def log_entry(call: Call, error: GradingError | None, cost: str) -> dict[str, Any]:
    """What a run's log keeps of a call. `cost` is a decimal text in the site's currency."""
    read, written = call.tokens
    completion = call.completion
    raw = completion.text if completion else error.raw_reply if error else ""
    return {
        "at": call.begun_at.isoformat(),
        "opinion": call.ask.opinion,
        "criteria": list(call.ask.criteria),
        "provider": call.config.name,
        "model": storable_text(completion.model if completion else call.config.model),
        "parameters": call.parameters,
        "prompt_hash": call.prompt.digest,
        "latency_ms": call.latency_ms,
        "input_tokens": read,
        "output_tokens": written,
        "cost": cost,
        "error_code": str(error.code) if error else "",
        "error_message": storable_text(error.message)[:2000] if error else "",
        "raw_reply": storable_text(raw)[:MAX_LOGGED],
    }


def forget_raw_texts(now: datetime) -> int:
    """Remove prompts and raw replies of runs that ended longer ago than the settings keep them.

    Figures, errors and hashes stay. Returns how many runs it was.
    """
    if not settings.GRADING_KEEP_RAW_DAYS:
        return 0
    before = now - timedelta(days=settings.GRADING_KEEP_RAW_DAYS)
    old = GradingRun.objects.filter(has_raw_texts=True, finished_at__lt=before)
    runs = list(old.only("pk", "log", "prompt")[:500])
    for run in runs:
        run.log = [{**entry, "raw_reply": ""} for entry in run.log]
        run.prompt, run.has_raw_texts = {}, False
    GradingRun.objects.bulk_update(runs, ["log", "prompt", "has_raw_texts"])
    return len(runs)


def backoff_seconds(attempts: int) -> float:
    """Seconds to wait after the given number of attempts: doubled each time, with jitter.

    Between half and all of the exponential step, capped, so that many failed runs do not come back
    at the same moment.
    """
    step = min(settings.GRADING_RETRY_SECONDS * 2 ** (attempts - 1), MAX_BACKOFF_SECONDS)
    return step * random.uniform(0.5, 1.0)  # noqa: S311 (no secret depends on it)


def lease() -> timedelta:
    """How long a claim holds unless it is renewed."""
    return timedelta(seconds=settings.GRADING_LEASE_SECONDS)


def new_claim(run: GradingRun) -> None:
    """Hold a run that was just made, for whoever decides on it in the same transaction."""
    run.state, run.claim = RunState.RUNNING, uuid.uuid4()
    run.lease_expires_at = timezone.now() + lease()
    run.started_at = run.created_at
    run.save(update_fields=["state", "claim", "lease_expires_at", "started_at"])


def _waiting_state(run: GradingRun) -> RunState:
    """Where a run waits between two calls: stopped, where its bulk run was stopped meanwhile."""
    is_stopped = run.batch is not None and run.batch.stopped_at is not None
    return RunState.PAUSED if is_stopped else RunState.QUEUED


def _may_go_on(held: GradingRun, error: GradingError, *, counts: bool) -> bool:
    if error.remedy is Remedy.END:
        return False
    if counts:
        return held.attempts < settings.GRADING_MAX_ATTEMPTS
    return timezone.now() - held.created_at < GIVE_UP_AFTER


def _require_reviewer(user: User, submission: Submission) -> None:
    if not can_review(user, submission):
        raise ForbiddenError("forbidden", _("You are not in charge of this component."))
