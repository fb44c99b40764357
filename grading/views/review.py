"""What a configurator sees and does with submissions: the list, one of them, override, release."""

from http import HTTPStatus
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from accounts.errors import ConflictError, DomainError
from accounts.http import is_htmx, signed_in, whole_number
from accounts.models import User
from components.forms import show_error
from components.http import require_configurator
from components.models import Entry
from grading.enums import SubmissionStatus
from grading.forms import OverrideForm, ReviewAnswerForm
from grading.models import ReviewRequest, Submission
from grading.rules import can_release
from grading.selectors import (
    Question,
    counts_by_status,
    hidden_texts,
    highlighted,
    judgements,
    questions_of,
    result_rows,
)
from grading.services.grading import request_regrade
from grading.services.outcomes import override_outcome, release_outcome, rubric_in_force
from grading.services.reviews import answer_review
from grading.services.runs import resume_run, stop_run

PAGE_SIZE = 50


def submission_list(request: HttpRequest, entry_pk: UUID) -> HttpResponse:
    """An entry's submissions, filtered by status and by student; the address keeps the filter."""
    user = require_configurator(request)
    entries = Entry.objects.managed_by(user).select_related("component")
    entry = get_object_or_404(entries, pk=entry_pk)
    submissions = Submission.objects.filter(entry=entry).with_latest_run()
    counts = counts_by_status(submissions)
    status = request.GET.get("status", "")
    search = request.GET.get("q", "").strip()
    if status in SubmissionStatus:
        submissions = submissions.in_status(status)
    if search:
        submissions = submissions.filter(student__in=User.objects.search(search))
    submissions = submissions.select_related("student").with_outcome().newest_first()
    context = {
        "entry": entry,
        "component": entry.component,
        "page": Paginator(submissions, PAGE_SIZE).get_page(request.GET.get("page")),
        "statuses": [(item, counts[item.value]) for item in SubmissionStatus],
        "total": sum(counts.values()),
        "status": status,
        "search": search,
    }
    return render(request, "grading/submission_list.html", context)


def submission_detail(request: HttpRequest, pk: UUID) -> HttpResponse:
    """One submission: answer, outcome, override, history. A POST is the override."""
    submission = _managed(request, pk)
    form = OverrideForm(submission, request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            override_outcome(
                submission,
                decisions=form.decisions(),
                feedback=form.cleaned_data["feedback"],
                reason=form.cleaned_data["reason"],
                expected_revision=form.cleaned_data["revision"],
                expected_rubric=form.cleaned_data["rubric"],
                by=signed_in(request),
            )
        except DomainError as error:
            show_error(form, error)
            if isinstance(error, ConflictError):
                submission = _managed(request, pk)
                form.follow(submission)
        else:
            messages.success(request, _("Your decision is in force, and the student can see it."))
            return redirect("grading:submission_detail", pk)
    status = HTTPStatus.UNPROCESSABLE_ENTITY if form.errors else HTTPStatus.OK
    context = {**_context(submission), "form": form}
    return render(request, "grading/submission_detail.html", context, status=status)


def submission_progress(request: HttpRequest, pk: UUID) -> HttpResponse:
    """The part of the page that follows a run; once that ended, it has the page show the result."""
    submission = _managed(request, pk)
    context = _context(submission)
    has_ended = is_htmx(request) and context["run"] is not None and context["run"].has_ended
    response = render(request, "grading/_run_status.html", {**context, "has_ended": has_ended})
    if has_ended:
        response["HX-Trigger"] = "run-ended"  # reloads the page unless something is typed in it
    return response


@require_POST
def submission_regrade(request: HttpRequest, pk: UUID) -> HttpResponse:
    submission = _managed(request, pk)
    try:
        request_regrade(submission, by=signed_in(request))
    except DomainError as error:
        messages.error(request, error.message)
    else:
        messages.success(request, _regrade_notice(submission))
    return redirect("grading:submission_detail", pk)


@require_POST
def submission_release(request: HttpRequest, pk: UUID) -> HttpResponse:
    submission = _managed(request, pk)
    revision = whole_number(request.POST.get("revision"), -1)
    try:
        release_outcome(submission, expected_revision=revision, by=signed_in(request))
    except DomainError as error:
        messages.error(request, error.message)
    else:
        messages.success(request, _("Released: the student can see the outcome now."))
    return redirect("grading:submission_detail", pk)


@require_POST
def submission_stop(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Take a run that has not begun out of the queue."""
    submission = _managed(request, pk)
    try:
        is_stopped = stop_run(submission, by=signed_in(request))
    except DomainError as error:
        messages.error(request, error.message)
    else:
        if is_stopped:
            messages.success(request, _("Stopped. It waits until somebody lets it go on."))
        else:
            messages.info(request, _("There was nothing to stop: it has begun, or ended."))
    return redirect("grading:submission_detail", pk)


@require_POST
def submission_resume(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Put a stopped run back into the queue."""
    submission = _managed(request, pk)
    try:
        is_resumed = resume_run(submission, by=signed_in(request))
    except DomainError as error:
        messages.error(request, error.message)
    else:
        if is_resumed:
            messages.success(request, _("It goes on."))
        else:
            messages.info(request, _("There was nothing that waits to go on."))
    return redirect("grading:submission_detail", pk)


@require_POST
def review_answer(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Answer a student who asked. What was typed comes back with an error."""
    user = require_configurator(request)
    asked = ReviewRequest.objects.filter(submission__in=Submission.objects.managed_by(user))
    found = get_object_or_404(asked.select_related("submission__entry__component"), pk=pk)
    form = ReviewAnswerForm(found, request.POST)
    if form.is_valid():
        try:
            answer_review(found, answer=form.cleaned_data["answer"], by=user)
        except DomainError as error:
            show_error(form, error)
        else:
            messages.success(request, _("Your answer stands beside the student's outcome now."))
            return redirect("grading:submission_detail", found.submission_id)
    submission = _managed(request, found.submission_id)
    context = {**_context(submission, answering=(pk, form)), "form": OverrideForm(submission)}
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    return render(request, "grading/submission_detail.html", context, status=status)


def _regrade_notice(submission: Submission) -> str:
    outcome = submission.current_outcome
    if outcome and outcome.current.is_by_person:
        return _("Queued. The person's decision stays in force; the result joins the history.")
    return _("Queued. The outcome that is there stays until it is done.")


def _managed(request: HttpRequest, pk: UUID) -> Submission:
    user = require_configurator(request)
    submissions = Submission.objects.managed_by(user).with_latest_run().with_outcome()
    related = submissions.select_related(
        "student", "entry__component", "entry__rubric", "outcome__current__run"
    )
    return get_object_or_404(related, pk=pk)


def _context(
    submission: Submission, *, answering: tuple[UUID, ReviewAnswerForm] | None = None
) -> dict[str, Any]:
    """What the page shows; `answering` is a request's id with its form that had errors."""
    outcome = submission.current_outcome
    revision = outcome.current if outcome else None
    runs = list(submission.runs.select_related("requested_by").order_by("-created_at"))
    rubric = rubric_in_force(submission)
    if revision is not None:
        revision.rubric = rubric  # the same one, which was just read
    questions = questions_of(submission)
    forms = _forms(questions, answering)
    history = (
        list(outcome.revisions.select_related("created_by", "run").order_by("-number"))
        if outcome
        else []
    )
    return {
        "submission": submission,
        "entry": submission.entry,
        "component": submission.entry.component,
        "outcome": outcome,
        "revision": revision,
        "history": history,
        "runs": runs,
        "run": runs[0] if runs else None,
        "polls": bool(runs) and runs[0].is_active,
        "currency": settings.GRADING_CURRENCY,
        "rubric": rubric,
        "rows": result_rows(rubric.spec if rubric else None, revision),
        "judgements": judgements(revision),
        "segments": highlighted(submission.text, revision),
        "hidden_texts": hidden_texts(submission),
        "asked": [(q, forms[q.request.pk]) for q in questions if q.request.pk in forms],
        "answered": [q for q in questions if q.request.pk not in forms],
        "can_release": can_release(outcome),
        "is_rubric_stale": bool(rubric) and rubric != submission.entry.rubric,
    }


def _forms(
    questions: list[Question], answering: tuple[UUID, ReviewAnswerForm] | None
) -> dict[UUID, ReviewAnswerForm]:
    """The forms to answer what is open, by the request's id; and the one that had errors."""
    forms = {q.request.pk: ReviewAnswerForm(q.request) for q in questions if q.request.is_open}
    return forms | dict([answering] if answering else [])
