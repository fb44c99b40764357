"""What a student sees and does: components, entries, an answer, its outcome."""

from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _

from accounts.errors import ConflictError, DomainError
from accounts.http import signed_in
from accounts.models import User
from accounts.rules import can_study
from components.forms import show_error
from components.models import Component, Entry
from grading.forms import AnswerForm
from grading.models import Submission
from grading.selectors import components_of, entries_with_progress, highlighted, result_rows
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
    if request.method == "POST" and form.is_valid():
        try:
            submission = submit_answer(found, **form.cleaned_data, by=student)
        except DomainError as error:
            show_error(form, error)
            if isinstance(error, ConflictError):
                form.renew_key()
        else:
            messages.success(request, _("Your answer is handed in."))
            return redirect("grading:student_submission", submission.pk)
    attempts = Submission.objects.visible_to(student).filter(entry=found).with_outcome()
    context = {
        "entry": found,
        "component": found.component,
        "attempts": attempts.newest_first(),
        "form": form,
    }
    return render(request, "grading/student_entry.html", context)


def submission(request: HttpRequest, pk: UUID) -> HttpResponse:
    """One attempt: its progress, then its outcome."""
    found = _own_submission(request, pk)
    return render(request, "grading/student_submission.html", _outcome_context(request, found))


def submission_status(request: HttpRequest, pk: UUID) -> HttpResponse:
    """The part of the page that changes by itself.

    It asks rarely while grading is late, and never again once there is an outcome.
    """
    found = _own_submission(request, pk)
    return render(request, "grading/_student_outcome.html", _outcome_context(request, found))


def _student(request: HttpRequest) -> User:
    user = signed_in(request)
    if not can_study(user):
        raise PermissionDenied
    return user


def _own_submission(request: HttpRequest, pk: UUID) -> Submission:
    submissions = Submission.objects.visible_to(_student(request)).with_outcome()
    return get_object_or_404(submissions.select_related("entry__component"), pk=pk)


def _outcome_context(request: HttpRequest, submission: Submission) -> dict[str, object]:
    revision = submission.released_revision
    run = submission.runs.order_by("-created_at").first()
    is_waiting = revision is None
    rubric = revision.rubric if revision else None
    return {
        "submission": submission,
        "entry": submission.entry,
        "component": submission.entry.component,
        "revision": revision,
        "rubric": rubric,
        "rows": result_rows(rubric, revision),
        "segments": highlighted(submission.text, revision),
        "is_late": is_waiting and (run is None or run.is_late or not run.is_active),
        "polls": is_waiting,
        "is_regrading": revision is not None
        and not revision.is_by_person
        and run is not None
        and run.is_active,
    }
