"""Grading begins: at hand-in, again at a person's request, or for many answers at once."""

from __future__ import annotations

from django.db import transaction
from django.db.models import Avg
from django.db.models.functions import Length
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.errors import ConflictError, DomainError, ForbiddenError
from accounts.models import User
from components.models import Entry
from components.rubrics import RubricError
from components.rules import can_manage
from grading.engine.rules import decide_without_call
from grading.engine.types import Evaluation
from grading.enums import GraderKind
from grading.models import GradingBatch, GradingRun, Outcome, Submission, SubmissionQuerySet
from grading.providers import config_of
from grading.rules import can_review
from grading.selectors import plan_of, request_of
from grading.services.budgets import Estimate, estimate_runs
from grading.services.outcomes import record_evaluation
from grading.services.runs import (
    lock_submission,
    new_claim,
    pause_runs,
    profile_for,
    queue_run,
    resume_runs,
)


def start_run(
    submission: Submission, *, by: User | None, batch: GradingBatch | None = None
) -> GradingRun:
    """Queue the grading of a submission, or decide at once where no grader need be asked.

    Call it in the transaction that stored the answer, or with the submission locked.
    """
    run = queue_run(submission, by=by, batch=batch)
    evaluation = _decide(submission, run)
    if evaluation is not None:
        new_claim(run)
        record_evaluation(run, evaluation, grader=GraderKind.RULE)
        run.refresh_from_db()
    return run


def _decide(submission: Submission, run: GradingRun) -> Evaluation | None:
    try:
        request = request_of(submission, run.rubric)
    except RubricError:
        return None  # the worker will say so; the answer is stored all the same
    if request is None:
        return None
    own = getattr(submission.entry, "grading", None)
    return decide_without_call(request, min_words=own.min_words if own else 0)


@transaction.atomic
def request_regrade(
    submission: Submission, *, despite_outcome: bool = True, by: User
) -> GradingRun:
    """Grade a submission again with the entry's rubric of now.

    The outcome that is there stays in force until the new run ends well. A run that was stopped
    goes on.

    Args:
        despite_outcome: whether to do so where there is an outcome.

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
    stopped = submission.runs.open().first()
    if stopped is not None:
        resume_runs(submission.runs.open())
        stopped.refresh_from_db()
        return stopped
    return start_run(submission, by=by)


def gradable(entry: Entry, *, again: bool) -> SubmissionQuerySet:
    """The submissions that a bulk run would grade: those without an outcome, or all.

    A submission that is on its way already is left alone.
    """
    busy = GradingRun.objects.open().filter(submission__entry=entry).values("submission")
    submissions = Submission.objects.filter(entry=entry).exclude(pk__in=busy)
    return submissions if again else submissions.filter(outcome__isnull=True)


def estimate_batch(entry: Entry, *, again: bool) -> Estimate:
    """What a bulk run would use and cost."""
    submissions = gradable(entry, again=again)
    mean = submissions.order_by().aggregate(mean=Avg(Length("content")))["mean"]
    return estimate_runs(
        entry,
        plan_of(entry),
        config_of(profile_for(entry, opinion=0)),
        submissions=submissions.count(),
        mean_chars=round(mean or 0),
    )


@transaction.atomic
def start_batch(entry: Entry, *, again: bool, by: User) -> GradingBatch:
    """Grade many submissions of an entry with its rubric of now.

    Args:
        again: also those that have an outcome; that stays in force until a new one is there.

    Raises:
        DomainError: `forbidden`, `no_rubric` or `nothing_to_grade`.
    """
    _require_manager(by, entry)
    if entry.rubric is None:
        raise DomainError("no_rubric", _("Give the entry a rubric first."))
    batch = GradingBatch.objects.create(entry=entry, requested_by=by, created_at=timezone.now())
    # Locked, so that nobody starts a run for one of them meanwhile.
    submissions = gradable(entry, again=again).select_related("student")
    chosen = list(submissions.select_for_update(of=("self",)).order_by("submitted_at"))
    # Somebody may have started one of them while this waited for the locks.
    busy = set(
        GradingRun.objects.open()
        .filter(submission__entry=entry)
        .values_list("submission_id", flat=True)
    )
    chosen = [submission for submission in chosen if submission.pk not in busy]
    if not chosen:
        raise DomainError("nothing_to_grade", _("There is nothing to grade here."))
    for submission in chosen:
        submission.entry = entry  # one object for all: its rubric is read once
        start_run(submission, by=by, batch=batch)
    return batch


@transaction.atomic
def stop_batch(batch: GradingBatch, *, by: User) -> int:
    """Stop a bulk run: what has not begun waits until somebody resumes it. Returns how many.

    Raises:
        DomainError: `forbidden`.
    """
    _require_manager(by, batch.entry)
    stopped = pause_runs(GradingRun.objects.filter(batch=batch))
    batch.stopped_at, batch.stopped_by = timezone.now(), by
    batch.save(update_fields=["stopped_at", "stopped_by"])
    return stopped


@transaction.atomic
def resume_batch(batch: GradingBatch, *, by: User) -> int:
    """Let a stopped bulk run go on. Returns how many of its runs wait again.

    Raises:
        DomainError: `forbidden`.
    """
    _require_manager(by, batch.entry)
    resumed = resume_runs(GradingRun.objects.filter(batch=batch))
    batch.stopped_at = batch.stopped_by = None
    batch.save(update_fields=["stopped_at", "stopped_by"])
    return resumed


def _require_manager(user: User, entry: Entry) -> None:
    if not can_manage(user, entry.component):
        raise ForbiddenError("forbidden", _("You are not in charge of this component."))
