"""The queue: runs are queued, claimed, kept alive, and ended. A row is the job."""

from __future__ import annotations

import random
import uuid
from datetime import datetime, timedelta

from django.conf import settings
from django.db import DatabaseError, connection, transaction
from django.db.models import Min, Q
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.errors import ConflictError, DomainError, ForbiddenError, MissingError
from accounts.models import User
from accounts.text import storable_text
from grading import queue
from grading.engine.errors import ErrorCode, GradingError
from grading.engine.types import Provider
from grading.enums import RunState
from grading.models import GradingRun, Outcome, Submission
from grading.rules import can_review

MAX_BACKOFF_SECONDS = 600.0
STUCK_AFTER = timedelta(minutes=2)
"""Longer than the schedule needs to wake a worker that missed its wake-up."""
CLAIMED_FIELDS = [
    "state",
    "claim",
    "lease_expires_at",
    "started_at",
    "attempts",
    "provider",
    "parameters",
]


@transaction.atomic
def request_regrade(
    submission: Submission, *, despite_outcome: bool = True, by: User
) -> GradingRun:
    """Grade a submission again with the entry's rubric of now.

    The outcome that is there stays in force until the new run ends well.

    Args:
        despite_outcome: whether to do so where there is one.

    Raises:
        DomainError: `forbidden`, `submission_missing`, `has_outcome` or `already_grading`.
    """
    if not can_review(by, submission):
        raise ForbiddenError("forbidden", _("You are not in charge of this component."))
    lock_submission(submission)
    if not despite_outcome and Outcome.objects.filter(submission=submission).exists():
        raise DomainError("has_outcome", _("There is an outcome already. Ask to grade again."))
    if submission.runs.active().exists():
        raise ConflictError("already_grading", _("This submission is being graded already."))
    return queue_run(submission, by=by)


def lock_submission(submission: Submission) -> None:
    """Hold a submission until the transaction ends.

    Raises:
        MissingError: `submission_missing`: it was deleted meanwhile.
    """
    if not Submission.objects.select_for_update(of=("self",)).filter(pk=submission.pk).exists():
        raise MissingError("submission_missing", _("This submission was deleted."))


def queue_run(submission: Submission, *, by: User | None) -> GradingRun:
    """Put one job into the queue and wake a worker when the transaction commits."""
    now = timezone.now()
    run = GradingRun.objects.create(
        submission=submission,
        rubric=submission.entry.rubric,
        requested_by=by,
        created_at=now,
        due_at=now,
    )
    # Robust: the answer is stored, and a lost wake-up costs time only.
    transaction.on_commit(queue.wake_worker, robust=True)
    return run


def claim_runs(limit: int, provider: Provider) -> list[GradingRun]:
    """Take up to `limit` runs that are due, oldest first, for one worker that asks `provider`.

    Each gets a claim of its own; another worker can take it only after the lease ran out. A run
    whose attempts are used up ends as failed instead: something about it kills its worker.
    """
    now = timezone.now()
    if not GradingRun.objects.claimable(now).exists():
        return []  # spares an idle database the write lock
    with transaction.atomic():
        due = GradingRun.objects.claimable(now).select_related("submission__entry", "rubric")
        due = due.order_by("created_at")
        if connection.features.has_select_for_update_skip_locked:
            due = due.select_for_update(skip_locked=True, of=("self",))
        claimed = [run for run in due[:limit] if not _end_if_used_up(run)]
        for run in claimed:
            run.state = RunState.RUNNING
            run.claim = uuid.uuid4()
            run.lease_expires_at = now + _lease()
            run.started_at = run.started_at or now
            run.attempts += 1
            run.provider = provider.name
            run.parameters = provider.parameters
        GradingRun.objects.bulk_update(claimed, CLAIMED_FIELDS)
    return claimed


def renew_leases(claims: list[uuid.UUID]) -> None:
    """Keep hold of runs that are still being worked on."""
    GradingRun.objects.filter(claim__in=claims, state=RunState.RUNNING).update(
        lease_expires_at=timezone.now() + _lease()
    )


def seconds_until_due() -> float | None:
    """Seconds until the next run can be claimed (0 for now), or None where no run is active."""
    due_times = GradingRun.objects.active().aggregate(
        queued=Min("due_at", filter=Q(state=RunState.QUEUED)), running=Min("lease_expires_at")
    )
    times = [time for time in due_times.values() if time is not None]
    return max(0.0, (min(times) - timezone.now()).total_seconds()) if times else None


def oldest_due() -> datetime | None:
    """Since when the run that waits longest could have been claimed; None where none waits."""
    return GradingRun.objects.claimable(timezone.now()).aggregate(oldest=Min("due_at"))["oldest"]


def is_stuck() -> bool:
    """Whether work lies in the queue for minutes and no worker has anything in hand."""
    now = timezone.now()
    try:
        in_hand = GradingRun.objects.filter(state=RunState.RUNNING, lease_expires_at__gt=now)
        return GradingRun.objects.claimable(now - STUCK_AFTER).exists() and not in_hand.exists()
    except DatabaseError:
        return False  # the database's trouble, and nothing to judge the worker by


@transaction.atomic
def record_failure(run: GradingRun, error: GradingError) -> GradingRun | None:
    """Put a run back into the queue after a passing fault, or end it with its cause.

    Returns:
        The run, or None where the claim was lost meanwhile and nothing changed.
    """
    held = lock_claimed(run)
    if held is None:
        return None
    held.error_code = error.code
    held.error_message = storable_text(error.message)[:2000]
    held.raw_reply = storable_text(error.raw_reply)
    if error.is_transient and held.attempts < settings.GRADING_MAX_ATTEMPTS:
        release_claim(held, RunState.QUEUED)
        held.due_at = timezone.now() + timedelta(seconds=backoff_seconds(held.attempts))
    else:
        release_claim(held, RunState.FAILED)
    held.save()
    return held


def lock_claimed(run: GradingRun) -> GradingRun | None:
    """The run's row, locked, while its claim is still the one that `run` holds; else None."""
    return (
        GradingRun.objects.select_for_update(of=("self",))
        .select_related("submission__entry", "submission__student")
        .filter(pk=run.pk, claim=run.claim, state=RunState.RUNNING)
        .first()
    )


def release_claim(run: GradingRun, state: RunState) -> None:
    """Let go of a run in memory; a state that ends it gets its time."""
    run.state = state
    run.claim = None
    run.lease_expires_at = None
    if not run.is_active:
        run.finished_at = timezone.now()


def backoff_seconds(attempts: int) -> float:
    """Seconds to wait after the given number of attempts: doubled each time, with jitter.

    "Full jitter" between half and all of the exponential step, capped, so that many failed runs do
    not come back at the same moment.
    """
    step = min(settings.GRADING_RETRY_SECONDS * 2 ** (attempts - 1), MAX_BACKOFF_SECONDS)
    return step * random.uniform(0.5, 1.0)  # noqa: S311 (no secret depends on it)


def _lease() -> timedelta:
    return timedelta(seconds=settings.GRADING_LEASE_SECONDS)


def _end_if_used_up(run: GradingRun) -> bool:
    if run.state != RunState.RUNNING or run.attempts < settings.GRADING_MAX_ATTEMPTS:
        return False
    run.error_code = ErrorCode.WORKER_LOST
    run.error_message = f"the worker was lost {run.attempts} times"
    release_claim(run, RunState.FAILED)
    run.save()
    return True
