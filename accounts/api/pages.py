"""Lists are bare arrays, paged by `skip` and `limit`; the headers say what there is besides."""

from __future__ import annotations

import re
from typing import Any

from django.utils.translation import gettext_lazy as _
from rest_framework.exceptions import ValidationError
from rest_framework.pagination import LimitOffsetPagination
from rest_framework.request import Request
from rest_framework.response import Response

WHOLE_NUMBER = re.compile(r"[0-9]+")
DIGITS_THAT_FIT = 12
"""A larger number is past the end of every list, and past what a database counts with."""


class SkipLimitPagination(LimitOffsetPagination):
    """`X-Total-Count` is the length of the whole list; `Link` (RFC 8288) leads on and back."""

    default_limit = 100
    max_limit = 1000
    limit_query_param = "limit"
    offset_query_param = "skip"
    limit_query_description = "How many to answer; more than 1000 are cut down to that."
    offset_query_description = "How many to leave out at the start."

    def get_limit(self, request: Request) -> int:
        asked = _whole_number(request, self.limit_query_param, self.default_limit)
        return min(asked, self.max_limit)

    def get_offset(self, request: Request) -> int:
        return _whole_number(request, self.offset_query_param, 0)

    def paginate_queryset(self, queryset: Any, request: Request, view: Any = None) -> Any:
        """The page as a queryset that nobody has read yet."""
        self.request = request
        self.limit = self.get_limit(request)
        self.offset = self.get_offset(request)
        self.count = self.get_count(queryset)
        return queryset[self.offset : self.offset + self.limit]

    def get_paginated_response(self, data: Any) -> Response:
        response = Response(data, headers={"X-Total-Count": str(self.count)})
        addresses = {"next": self.get_next_link(), "prev": self.get_previous_link()}
        links = [f'<{address}>; rel="{rel}"' for rel, address in addresses.items() if address]
        if links and self.limit:
            response["Link"] = ", ".join(links)
        return response

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        return schema

    def get_schema_operation_parameters(self, view: Any) -> list[dict[str, Any]]:
        return [
            _parameter(self.offset_query_param, self.offset_query_description, 0),
            _parameter(self.limit_query_param, self.limit_query_description, self.default_limit),
        ]


def _whole_number(request: Request, name: str, default: int) -> int:
    text = request.query_params.get(name)
    if text is None:
        return default
    if not WHOLE_NUMBER.fullmatch(text):
        raise ValidationError({name: [_("Must be a whole number from 0 on.")]})
    return int(text) if len(text) <= DIGITS_THAT_FIT else 10**DIGITS_THAT_FIT


def _parameter(name: str, description: Any, default: int) -> dict[str, Any]:
    schema = {"type": "integer", "minimum": 0, "default": default}
    return {"name": name, "in": "query", "description": str(description), "schema": schema}
