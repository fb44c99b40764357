"""What a student sees and does: components, entries, an answer, its outcome."""

import math
from http import HTTPStatus
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from accounts.errors import ConflictError, DomainError
from accounts.http import signed_in
from accounts.models import User
from accounts.rules import can_study
from accounts.throttles import SubmitThrottle, seconds_to_wait
from components.forms import show_error
from components.models import Component, Entry
from components.rubrics import RubricSpec, without_descriptions
from grading.forms import AnswerForm, ReviewRequestForm
from grading.models import OutcomeRevision, Submission
from grading.rules import can_ask_for_review
from grading.selectors import (
    components_of,
    entries_with_progress,
    highlighted,
    judgements,
    questions_of,
    result_rows,
)
from grading.services.reviews import ask_for_review
from grading.services.submissions import submit_answer


def home(request: HttpRequest) -> HttpResponse:
    student = _student(request)
    context = {"components": components_of(student)}
    return render(request, "grading/student_home.html", context)


def component(request: HttpRequest, pk: UUID) -> HttpResponse:
    student = _student(request)
    found = get_object_or_404(Component.objects.visible_to(student), pk=pk)
    context = {"component": found, "items": entries_with_progress(found, student)}
    return render(request, "grading/student_component.html", context)


def entry(request: HttpRequest, pk: UUID) -> HttpResponse:
    """An entry with its rubric, the student's attempts, and the form to hand in another one."""
    student = _student(request)
    entries = Entry.objects.visible_to(student).select_related("component", "rubric")
    found = get_object_or_404(entries, pk=pk)
    form = AnswerForm(request.POST or None)
    wait = None
    if request.method == "POST" and form.is_valid():
        wait = seconds_to_wait(SubmitThrottle(), request)
        submission = _handed_in(form, found, student) if wait is None else None
        if submission is not None:
            messages.success(request, _("Your answer is handed in."))
            return redirect("grading:student_submission", submission.pk)
    attempts = Submission.objects.visible_to(student).filter(entry=found).with_outcome()
    context = {
        "entry": found,
        "component": found.component,
        "attempts": attempts.newest_first(),
        "form": form,
    }
    if wait is None:
        return render(request, "grading/student_entry.html", context)
    return _too_often(request, context, math.ceil(wait))


def submission(request: HttpRequest, pk: UUID) -> HttpResponse:
    """One attempt: its progress, then its outcome."""
    found = _own_submission(request, pk)
    return render(request, "grading/student_submission.html", _outcome_context(request, found))


@require_POST
def ask(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Ask a person to look at the outcome again. What was typed comes back with an error."""
    found = _own_submission(request, pk)
    revision = found.released_revision
    if revision is None:
        messages.error(request, _("There is no outcome to ask about yet."))
        return redirect("grading:student_submission", pk)
    form = ReviewRequestForm(revision, request.POST)
    if form.is_valid():
        try:
            ask_for_review(found, **form.cleaned_data, by=signed_in(request))
        except DomainError as error:
            show_error(form, error)
        else:
            messages.success(request, _("A person will look at it. The answer will stand here."))
            return redirect("grading:student_submission", pk)
    context = {**_outcome_context(request, found), "form": form}
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    return render(request, "grading/student_submission.html", context, status=status)


def submission_status(request: HttpRequest, pk: UUID) -> HttpResponse:
    """The part of the page that changes by itself.

    It asks rarely while grading is late, and never again once there is an outcome.
    """
    found = _own_submission(request, pk)
    return render(request, "grading/_student_outcome.html", _outcome_context(request, found))


def _handed_in(form: AnswerForm, entry: Entry, student: User) -> Submission | None:
    """The answer of a valid form, handed in; None where it is refused, and the form says why."""
    try:
        return submit_answer(entry, **form.cleaned_data, by=student)
    except DomainError as error:
        show_error(form, error)
        if isinstance(error, ConflictError):
            form.renew_key()
        return None


def _too_often(request: HttpRequest, context: dict[str, Any], seconds: int) -> HttpResponse:
    """The entry's page with all that was typed, and how long to wait."""
    text = _("You hand in too often. Your answer is still below; submit it in %d seconds.")
    context["form"].add_error(None, text % seconds)
    response = render(
        request, "grading/student_entry.html", context, status=HTTPStatus.TOO_MANY_REQUESTS
    )
    response["Retry-After"] = str(seconds)
    return response


def _student(request: HttpRequest) -> User:
    user = signed_in(request)
    if not can_study(user):
        raise PermissionDenied
    return user


def _own_submission(request: HttpRequest, pk: UUID) -> Submission:
    submissions = Submission.objects.visible_to(_student(request)).with_outcome()
    related = submissions.select_related(
        "entry__component", "outcome__released__run", "outcome__released__rubric"
    )
    return get_object_or_404(related, pk=pk)


def _outcome_context(request: HttpRequest, submission: Submission) -> dict[str, object]:
    revision = submission.released_revision
    run = submission.runs.order_by("-created_at").first()
    is_waiting = revision is None
    spec = _shown_rubric(submission.entry, revision)
    can_ask = can_ask_for_review(signed_in(request), submission)
    return {
        "submission": submission,
        "entry": submission.entry,
        "component": submission.entry.component,
        "revision": revision,
        "spec": spec,
        "rows": result_rows(spec, revision),
        "judgements": judgements(revision),
        "segments": highlighted(submission.text, revision),
        "is_late": is_waiting and (run is None or run.is_late or not run.is_active),
        "polls": is_waiting,
        "questions": questions_of(submission),
        "form": ReviewRequestForm(revision) if revision and can_ask else None,
        "is_regrading": revision is not None
        and not revision.is_by_person
        and run is not None
        and run.is_active,
    }


def _shown_rubric(entry: Entry, revision: OutcomeRevision | None) -> RubricSpec | None:
    """The rubric of an outcome, as far as the entry shows it to students."""
    if revision is None or revision.rubric is None:
        return None
    spec = revision.rubric.spec
    return without_descriptions(spec) if entry.is_rubric_hidden else spec
