"""Many answers of an entry graded at once: what it would take, how far it is, stop and go on."""

from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from accounts.errors import DomainError
from accounts.http import is_htmx, signed_in
from components.http import require_configurator
from components.models import Entry
from grading.models import GradingBatch
from grading.reports import batches_of, budget_today, failed_runs, progress_of
from grading.services.grading import estimate_batch, resume_batch, start_batch, stop_batch

CHOICES = {"missing": False, "all": True}
"""What a bulk run grades, as the page sends it: whether also what has an outcome."""
EARLIER_SHOWN = 20
FAILED_SHOWN = 50


def bulk_run(request: HttpRequest, entry_pk: UUID) -> HttpResponse:
    """What a bulk run would use and cost. A POST starts one."""
    user = require_configurator(request)
    related = ("rubric", "grading__profile", "component__grading__profile")
    entries = Entry.objects.managed_by(user).select_related(*related)
    entry = get_object_or_404(entries, pk=entry_pk)
    if request.method == "POST":
        return _start(request, entry)
    context = {
        "entry": entry,
        "component": entry.component,
        "estimates": [
            (name, estimate_batch(entry, again=again)) for name, again in CHOICES.items()
        ],
        "budget": budget_today(entry.component),
        "batches": batches_of(entry)[:EARLIER_SHOWN],
        "currency": settings.GRADING_CURRENCY,
    }
    return render(request, "grading/bulk_run.html", context)


def batch_detail(request: HttpRequest, pk: int) -> HttpResponse:
    """How far a bulk run is, and what failed."""
    return render(request, "grading/batch_detail.html", _context(_managed(request, pk)))


def batch_progress(request: HttpRequest, pk: int) -> HttpResponse:
    """The part of the page that follows a bulk run; it asks no more once nothing moves."""
    context = _context(_managed(request, pk))
    response = render(request, "grading/_batch_progress.html", context)
    if is_htmx(request) and not context["progress"].is_active:
        response["HX-Trigger"] = "run-ended"  # reloads the page
    return response


@require_POST
def batch_stop(request: HttpRequest, pk: int) -> HttpResponse:
    batch = _managed(request, pk)
    try:
        stopped = stop_batch(batch, by=signed_in(request))
    except DomainError as error:
        messages.error(request, error.message)
    else:
        text = ngettext("Stopped: %d answer waits.", "Stopped: %d answers wait.", stopped)
        messages.success(request, text % stopped)
    return redirect("grading:batch_detail", pk)


@require_POST
def batch_resume(request: HttpRequest, pk: int) -> HttpResponse:
    batch = _managed(request, pk)
    try:
        resumed = resume_batch(batch, by=signed_in(request))
    except DomainError as error:
        messages.error(request, error.message)
    else:
        text = ngettext("%d answer is queued again.", "%d answers are queued again.", resumed)
        messages.success(request, text % resumed)
    return redirect("grading:batch_detail", pk)


def _start(request: HttpRequest, entry: Entry) -> HttpResponse:
    again = CHOICES.get(request.POST.get("which", ""))
    if again is None:
        messages.error(request, _("Choose which answers to grade."))
        return redirect("grading:bulk_run", entry.pk)
    try:
        batch = start_batch(entry, again=again, by=signed_in(request))
    except DomainError as error:
        messages.error(request, error.message)
        return redirect("grading:bulk_run", entry.pk)
    messages.success(request, _("The bulk run has begun."))
    return redirect("grading:batch_detail", batch.pk)


def _managed(request: HttpRequest, pk: int) -> GradingBatch:
    user = require_configurator(request)
    batches = GradingBatch.objects.filter(entry__in=Entry.objects.managed_by(user))
    related = ("entry__component__grading", "requested_by", "stopped_by")
    return get_object_or_404(batches.select_related(*related), pk=pk)


def _context(batch: GradingBatch) -> dict[str, Any]:
    return {
        "batch": batch,
        "entry": batch.entry,
        "component": batch.entry.component,
        "progress": progress_of(batch),
        "budget": budget_today(batch.entry.component),
        "failed": failed_runs(batch)[:FAILED_SHOWN],
        "currency": settings.GRADING_CURRENCY,
    }
