"""The queue of what a person must look at, over all components that somebody manages."""

from __future__ import annotations

from typing import cast
from uuid import UUID

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from accounts.models import User
from components.http import require_configurator
from components.models import Component, Entry
from grading.enums import ReviewKind
from grading.models import Submission, SubmissionQuerySet
from grading.selectors import counts_by_reason, review_items

PAGE_SIZE = 50


def review_queue(request: HttpRequest) -> HttpResponse:
    """What needs a person, oldest first; the address keeps the filters."""
    user = require_configurator(request)
    entries = _entries(user)
    component = _chosen(request, "component", {entry.component_id for entry in entries})
    entry = _chosen(request, "entry", {entry.pk for entry in entries})
    submissions = Submission.objects.managed_by(user).to_review()
    if component:
        submissions = submissions.filter(entry__component=component)
    if entry:
        submissions = submissions.filter(entry=entry)
    counts = counts_by_reason(submissions)
    kind = request.GET.get("reason", "")
    if kind in ReviewKind:
        submissions = submissions.for_reason(kind)
    submissions = submissions.order_by("submitted_at", "pk")
    page = Paginator(submissions, PAGE_SIZE).get_page(request.GET.get("page"))
    context = {
        "page": page,
        "items": review_items(cast(SubmissionQuerySet, page.object_list)),
        "kinds": [(item, counts[item.value]) for item in ReviewKind],
        "total": counts["total"],
        "kind": kind if kind in ReviewKind else "",
        "entries": entries,
        "components": _components_of(entries),
        "component": component,
        "entry": entry,
    }
    return render(request, "grading/review_queue.html", context)


def _entries(user: User) -> list[Entry]:
    entries = Entry.objects.managed_by(user).select_related("component")
    return list(entries.order_by("component__name", "component", "title"))


def _components_of(entries: list[Entry]) -> list[Component]:
    return list({entry.component_id: entry.component for entry in entries}.values())


def _chosen(request: HttpRequest, name: str, allowed: set[UUID]) -> UUID | None:
    """The id in the address where it is one of those offered; anything else filters nothing."""
    return next((key for key in allowed if str(key) == request.GET.get(name)), None)
