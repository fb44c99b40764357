"""How entries and components are graded, what that used, and a provider that is down."""

from http import HTTPStatus
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from accounts.errors import DomainError, ForbiddenError
from accounts.http import signed_in
from accounts.models import User
from components.forms import show_error
from components.http import require_configurator
from components.models import Component, Entry
from components.services import update_entry
from grading.forms_policies import ComponentGradingForm, EntryGradingForm
from grading.models import GradingRun
from grading.reports import budget_today, usage_by_day, usage_by_entry
from grading.services.budgets import usage_of
from grading.services.gates import try_again_now
from grading.services.policies import set_component_grading, set_entry_grading

DAYS = 30


def entry_grading(request: HttpRequest, entry_pk: UUID) -> HttpResponse:
    """How an entry is graded, and what its runs used so far."""
    user = require_configurator(request)
    entries = Entry.objects.managed_by(user).select_related("component__grading__profile")
    entry = get_object_or_404(entries, pk=entry_pk)
    form = EntryGradingForm(entry, request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            _save_entry(entry, form, user)
        except DomainError as error:
            show_error(form, error)
        else:
            messages.success(request, _("Saved. What waits to be graded follows it."))
            return redirect("grading:entry_grading", entry_pk)
    context = {
        "form": form,
        "entry": entry,
        "component": entry.component,
        "usage": usage_of(GradingRun.objects.filter(submission__entry=entry)),
        "currency": settings.GRADING_CURRENCY,
    }
    return render(request, "grading/entry_grading.html", context, status=_status(form))


def component_grading(request: HttpRequest, component_pk: UUID) -> HttpResponse:
    """Who grades a component, its budget of a day, and what it used of late."""
    user = require_configurator(request)
    components = Component.objects.managed_by(user).select_related("grading__profile")
    component = get_object_or_404(components, pk=component_pk)
    form = ComponentGradingForm(component, request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            set_component_grading(component, by=user, **form.cleaned_data)
        except DomainError as error:
            show_error(form, error)
        else:
            messages.success(request, _("Saved. What waits to be graded follows it."))
            return redirect("grading:component_grading", component_pk)
    context = {
        "form": form,
        "component": component,
        "budget": budget_today(component),
        "days": usage_by_day(component, days=DAYS),
        "number_of_days": DAYS,
        "entries": usage_by_entry(component),
        "currency": settings.GRADING_CURRENCY,
    }
    return render(request, "grading/component_grading.html", context, status=_status(form))


@require_POST
def provider_retry(request: HttpRequest, key: str) -> HttpResponse:
    """Let the next answer in a provider's queue try it at once; back to the page it came from."""
    try:
        try_again_now(key, by=signed_in(request))
    except ForbiddenError as error:
        raise PermissionDenied from error
    except DomainError as error:
        messages.error(request, error.message)
    else:
        messages.success(request, _("It is tried again now, with the next answer in its queue."))
    return redirect(_page_before(request))


@transaction.atomic
def _save_entry(entry: Entry, form: EntryGradingForm, user: User) -> None:
    """Save both halves of the form, or neither."""
    grading, shown = form.changes()
    set_entry_grading(entry, by=user, **grading)
    update_entry(entry, by=user, **shown)


def _status(form: EntryGradingForm | ComponentGradingForm) -> HTTPStatus:
    return HTTPStatus.UNPROCESSABLE_ENTITY if form.errors else HTTPStatus.OK


def _page_before(request: HttpRequest) -> str:
    page = request.POST.get("next", "")
    is_ours = url_has_allowed_host_and_scheme(
        page, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    return page if is_ours else "components:component_list"
