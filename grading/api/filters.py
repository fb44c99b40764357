"""How the configurator's lists of submissions and states can be narrowed and ordered."""

from __future__ import annotations

from typing import Any

import django_filters
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema_field

from accounts.api.filters import FlagFilter, ListFilters, MomentFilter, Ordering
from grading.enums import EntryStatus, SubmissionStatus
from grading.models import SubmissionQuerySet

MAX_SCORE = 10**9
MAX_DIGITS = 40
"""More than a fraction of a point needs; a database takes no number of any length."""
SCORE = "outcome__current__score"
UPDATED = "state__updated_at"


@extend_schema_field({"type": "number", "minimum": 0, "maximum": MAX_SCORE})
class ScoreFilter(django_filters.NumberFilter):
    """Compares with the score in force."""

    def __init__(self, lookup: str) -> None:
        super().__init__(
            SCORE,
            lookup_expr=lookup,
            min_value=0,
            max_value=MAX_SCORE,
            max_digits=MAX_DIGITS,
            decimal_places=MAX_DIGITS // 2,
        )


class SubmissionFilters(ListFilters):
    entry_id = django_filters.UUIDFilter(field_name="entry_id")
    student_user_id = django_filters.UUIDFilter(field_name="student_id")
    status = django_filters.ChoiceFilter(choices=SubmissionStatus.choices, method="in_status")
    needs_review = FlagFilter(
        field_name="outcome__needs_review", help_text=_("Whether an outcome waits for a person.")
    )
    submitted_after = MomentFilter(field_name="submitted_at", lookup_expr="gte")
    submitted_before = MomentFilter(field_name="submitted_at", lookup_expr="lt")
    min_score = ScoreFilter("gte")
    max_score = ScoreFilter("lte")
    updated_since = MomentFilter(
        method="changed_since",
        help_text=_("Handed in, graded, decided on, released or failed at this time or later."),
    )
    ordering = Ordering(
        fields={
            "submitted_at": "submitted_at",
            "title": "submission_title",
            "student__full_name": "student_name",
            "attempt": "attempt",
            SCORE: "score",
        },
        nullable=(SCORE,),
    )

    def in_status(self, queryset: SubmissionQuerySet, name: str, value: str) -> Any:
        return queryset.in_status(value)

    def changed_since(self, queryset: SubmissionQuerySet, name: str, value: Any) -> Any:
        return queryset.changed_since(value)


class StateFilters(django_filters.FilterSet):
    """Of students, each with the `entry_status` of one entry."""

    status = django_filters.ChoiceFilter(choices=EntryStatus.choices, field_name="entry_status")
    ordering = Ordering(
        fields={
            "username": "username",
            "full_name": "student_name",
            "state__updated_at": "updated_at",
        },
        nullable=(UPDATED,),
    )
