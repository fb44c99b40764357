"""Filters that say what is wrong with a value, where Django's would look away."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

import django_filters
from django import forms
from django.db.models import F, QuerySet
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext_lazy as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field

UNENCODED_PLUS = re.compile(r" (?=\d\d:?\d\d$)")
"""The sign of an offset, as it arrives from clients that do not percent-encode it."""


class MomentField(forms.CharField):
    """A time with its offset, such as 2026-01-31T12:00:00Z."""

    default_error_messages = {
        "invalid": _("Must be a time with an offset, such as 2026-01-31T12:00:00Z.")
    }

    def clean(self, value: Any) -> datetime | None:
        text = UNENCODED_PLUS.sub("+", super().clean(value))
        if not text:
            return None
        try:
            moment = parse_datetime(text)
            if moment is not None and moment.tzinfo is not None:
                return moment.astimezone(UTC)
        except (ValueError, OverflowError):
            pass
        raise forms.ValidationError(self.error_messages["invalid"], code="invalid")


@extend_schema_field(OpenApiTypes.DATETIME)
class MomentFilter(django_filters.Filter):
    field_class = MomentField


@extend_schema_field(OpenApiTypes.BOOL)
class FlagFilter(django_filters.TypedChoiceFilter):
    """`true` or `false`."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        choices = [("true", "true"), ("false", "false")]
        super().__init__(
            *args, choices=choices, coerce=lambda text: text == "true", empty_value=None, **kwargs
        )


class Ordering(django_filters.OrderingFilter):
    """Orders by one of the named columns, `-` for descending; rows that tie keep one order.

    Rows without a value of a column named in `nullable` come last, whatever the database.
    """

    def __init__(self, *args: Any, nullable: tuple[str, ...] = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.nullable = nullable

    def filter(self, queryset: QuerySet[Any], value: list[str] | None) -> QuerySet[Any]:
        if not value:
            return queryset
        return queryset.order_by(*map(self._column, value), "pk")

    def _column(self, asked: str) -> Any:
        column = self.get_ordering_value(asked)
        name = column.removeprefix("-")
        if name not in self.nullable:
            return column
        ordered = F(name)
        is_descending = column.startswith("-")
        return ordered.desc(nulls_last=True) if is_descending else ordered.asc(nulls_last=True)


class ListFilters(django_filters.FilterSet):
    """What every filtered list understands."""

    updated_since = MomentFilter(
        field_name="updated_at", lookup_expr="gte", help_text=_("Changed at this time or later.")
    )
    search = django_filters.CharFilter(method="find", help_text=_("Part of a text."))

    def find(self, queryset: Any, name: str, value: str) -> Any:
        return queryset.search(value)
