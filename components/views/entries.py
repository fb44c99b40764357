"""Entries and their rubrics."""

from http import HTTPStatus
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _

from accounts.errors import DomainError
from accounts.http import is_htmx, signed_in, whole_number
from components import services
from components.forms import EntryForm, show_error
from components.grid import RubricGrid
from components.http import require_configurator
from components.models import Component, Entry

SAVE = "save"


def entry_create(request: HttpRequest, component_pk: UUID) -> HttpResponse:
    user = require_configurator(request)
    component = get_object_or_404(Component.objects.managed_by(user), pk=component_pk)
    form = EntryForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            entry = services.create_entry(component, **form.cleaned_data, by=user)
        except DomainError as error:
            show_error(form, error)
        else:
            messages.success(request, _("The entry is made. Now give it a rubric."))
            return redirect("components:rubric_edit", entry.pk)
    context = {"form": form, "component": component, "title": _("New entry")}
    return render(request, "components/entry_form.html", context)


def entry_detail(request: HttpRequest, pk: UUID) -> HttpResponse:
    entry = _managed(request, pk)
    context = {"entry": entry, "component": entry.component}
    return render(request, "components/entry_detail.html", context)


def entry_edit(request: HttpRequest, pk: UUID) -> HttpResponse:
    entry = _managed(request, pk)
    form = EntryForm(request.POST or None, instance=entry)
    if request.method == "POST" and form.is_valid():
        try:
            services.update_entry(entry, by=signed_in(request), **form.cleaned_data)
        except DomainError as error:
            show_error(form, error)
        else:
            messages.success(request, _("The entry is saved."))
            return redirect("components:entry_detail", pk)
    context = {
        "form": form,
        "entry": entry,
        "component": entry.component,
        "title": _("Edit entry"),
    }
    return render(request, "components/entry_form.html", context)


def entry_delete(request: HttpRequest, pk: UUID) -> HttpResponse:
    entry = _managed(request, pk)
    if request.method == "POST":
        services.delete_entry(entry, by=signed_in(request))
        messages.success(request, _("“%s” is deleted.") % entry.title)
        return redirect("components:component_detail", entry.component_id)
    context = {
        "object": entry,
        "component": entry.component,
        "losses": [_("everything that was submitted to it, with all outcomes")],
    }
    return render(request, "components/confirm_delete.html", context)


def rubric_edit(request: HttpRequest, pk: UUID) -> HttpResponse:
    """The grid editor. Its add and remove buttons post the whole grid and get it back changed."""
    entry = _managed(request, pk)
    if request.method != "POST":
        grid = RubricGrid.from_definition(entry.rubric_definition)
        if entry.rubric:
            grid.check()
        return _rubric_page(request, entry, grid, entry.rubric_revision)
    grid = RubricGrid.from_post(request.POST)
    revision = whole_number(request.POST.get("revision"), -1)
    action = request.POST.get("action", SAVE)
    if action != SAVE:
        grid.apply(action)
        return _rubric_page(request, entry, grid, revision)
    spec = grid.check()
    grid.refuse_accidents(may_be_empty=entry.rubric is not None)
    if grid.has_errors:
        return _rubric_page(request, entry, grid, revision, status=HTTPStatus.UNPROCESSABLE_ENTITY)
    try:
        services.set_rubric(
            entry, grid.definition(), expected_revision=revision, by=signed_in(request)
        )
    except DomainError as error:
        grid.errors.append(error.message)
        entry.refresh_from_db()
        return _rubric_page(request, entry, grid, entry.rubric_revision, status=HTTPStatus.CONFLICT)
    text = _("The rubric is saved.") if spec else _("The rubric is taken away.")
    messages.success(request, text)
    return redirect("components:entry_detail", pk)


def _managed(request: HttpRequest, pk: UUID) -> Entry:
    user = require_configurator(request)
    entries = Entry.objects.managed_by(user).select_related("component", "rubric")
    return get_object_or_404(entries, pk=pk)


def _rubric_page(
    request: HttpRequest,
    entry: Entry,
    grid: RubricGrid,
    revision: int,
    *,
    status: HTTPStatus = HTTPStatus.OK,
) -> HttpResponse:
    context = {
        "entry": entry,
        "component": entry.component,
        "grid": grid,
        "revision": revision,
        "is_stale": status == HTTPStatus.CONFLICT,
    }
    template = "components/_rubric_grid.html" if is_htmx(request) else "components/rubric_edit.html"
    return render(request, template, context, status=status)
