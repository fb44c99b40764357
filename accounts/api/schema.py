"""How the OpenAPI schema is drawn from the views: what every operation has in common."""

from __future__ import annotations

import re
from http import HTTPStatus
from typing import Any

from django.urls import resolve
from django.utils.translation import gettext_lazy as _
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.plumbing import ResolvedComponent
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import (
    OpenApiExample,
    OpenApiParameter,
    OpenApiResponse,
    extend_schema_serializer,
)
from rest_framework import serializers

PLACEHOLDER = re.compile(r"{\w+}")
VERBS = {"GET": "read", "POST": "create", "PUT": "update", "DELETE": "delete"}
WITH_BODY = {"POST", "PUT", "DELETE"}

IF_MATCH = OpenApiParameter(
    "If-Match",
    OpenApiTypes.STR,
    OpenApiParameter.HEADER,
    description="The ETag that you read; the change is refused (412) where it is not that of now.",
)


@extend_schema_serializer(
    examples=[
        OpenApiExample("Error", value={"detail": "There is nothing at this address."}),
    ]
)
class ErrorSerializer(serializers.Serializer):
    """What is wrong, in a sentence; `code` is a stable word for programs where there is one."""

    detail = serializers.CharField()
    code = serializers.CharField(required=False)


INVALID = {
    "description": "A list of messages per field, or one `detail` about the whole request.",
    "type": "object",
    "additionalProperties": True,
    "examples": [{"username": ["This field is required."]}],
}
SENTENCES = {
    HTTPStatus.NOT_MODIFIED: _("Not modified: `If-None-Match` names the ETag of now."),
    HTTPStatus.BAD_REQUEST: _("Something in the request is wrong; the body says what."),
    HTTPStatus.UNAUTHORIZED: _("Sign in: the token is missing, ran out, or its user may not."),
    HTTPStatus.FORBIDDEN: _("You may not do this."),
    HTTPStatus.NOT_FOUND: _("It does not exist, or is not yours to see."),
    HTTPStatus.CONFLICT: _("Somebody else changed or deleted this at the same moment."),
    HTTPStatus.PRECONDITION_FAILED: _("It changed since you read it: `If-Match` is stale."),
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: _("The body is too large."),
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE: _("The content type is not one of those listed."),
    HTTPStatus.TOO_MANY_REQUESTS: _("Too many requests; `Retry-After` says how long to wait."),
}
ETAG = {"ETag": {"schema": {"type": "string"}, "description": "For `If-(None-)Match`."}}
LIST_HEADERS = {
    "X-Total-Count": {"schema": {"type": "integer"}, "description": "Length of the whole list."},
    "Link": {
        "schema": {"type": "string"},
        "description": "RFC 8288 links to the `next` and the `prev` page.",
    },
}
RETRY_AFTER = {
    "Retry-After": {"schema": {"type": "integer"}, "description": "Seconds to wait."},
}


REFUSED_SIGN_IN = OpenApiResponse(
    ErrorSerializer, description="What was sent proves nobody who may sign in."
)
NAMED_IS_MISSING = OpenApiResponse(
    ErrorSerializer, description="What the body names does not exist, or is not yours to see."
)


class Schema(AutoSchema):
    """Adds the errors, the headers and the names that follow from what a view is."""

    def get_summary(self) -> str | None:
        return self._doc().partition("\n")[0].strip().rstrip(".") or None

    def get_description(self, path: str = "", method: str = "") -> str:
        return self._doc().partition("\n")[2].strip()

    def get_tags(self) -> list[str]:
        return [self._tokenize_path()[0]]

    def get_operation_id(self) -> str:
        """The name of the route and what is done there, such as `configure_entry_update`."""
        match = resolve(PLACEHOLDER.sub("x", self.path))
        places = [part for part in match.view_name.split(":") if part != "api"]
        verb = "list" if self._is_list_view() else VERBS[self.method]
        return "_".join([*places, verb])

    def _doc(self) -> str:
        method = getattr(self.view, self.method.lower())
        return "\n".join(line.strip() for line in (method.__doc__ or "").splitlines())

    def _get_request_body(self, direction: Any = "request") -> Any:
        if self.method != "DELETE" or not self.get_request_serializer():
            return super()._get_request_body(direction)
        self.method = "POST"  # the contract has a DELETE with a body, which OpenAPI 3.1 can say
        try:
            return super()._get_request_body(direction)
        finally:
            self.method = "DELETE"

    def get_request_serializer(self) -> Any:
        """Only what a view says: a DELETE that names no request has none."""
        return None if self.method == "DELETE" else super().get_request_serializer()

    def _map_serializer_field(
        self, field: Any, direction: Any, bypass_extensions: bool = False
    ) -> Any:
        mapped = super()._map_serializer_field(field, direction, bypass_extensions)
        if direction != "request" or not mapped:
            return mapped
        return {**mapped, **getattr(field, "limits", {})}

    def _get_filter_parameters(self) -> list[dict[str, Any]]:
        """Filters without a value, as an empty field of a form is sent, filter nothing."""
        return [
            {**parameter, "allowEmptyValue": True} for parameter in super()._get_filter_parameters()
        ]

    def _get_response_bodies(self, direction: Any = "response") -> Any:
        bodies = super()._get_response_bodies(direction)
        for code, body in bodies.items():
            if code.startswith("2"):
                body["description"] = body["description"] or str(self.get_summary() or "")
                body.setdefault("headers", {}).update(self._headers())
        for status in self._errors():
            bodies.setdefault(str(status.value), self._error(status))
        return dict(sorted(bodies.items()))

    def _has_etag(self) -> bool:
        return getattr(self.view, "has_etag", True)

    def _headers(self) -> dict[str, Any]:
        if self.method != "GET" or not self._has_etag():
            return {}
        return {**ETAG, **(LIST_HEADERS if self._get_paginator() else {})}

    def _errors(self) -> list[HTTPStatus]:
        takes_input = self.method in WITH_BODY or self._get_parameters_in("query")
        needs_sign_in = bool(self.get_auth()) and {} not in self.get_auth()
        found = {
            HTTPStatus.NOT_MODIFIED: self.method == "GET" and self._has_etag(),
            HTTPStatus.BAD_REQUEST: takes_input,
            HTTPStatus.UNAUTHORIZED: needs_sign_in,
            HTTPStatus.FORBIDDEN: needs_sign_in,
            HTTPStatus.NOT_FOUND: "{" in self.path,
            HTTPStatus.CONFLICT: needs_sign_in and self.method in WITH_BODY,
            HTTPStatus.PRECONDITION_FAILED: self._get_parameters_in("header", "If-Match"),
            HTTPStatus.REQUEST_ENTITY_TOO_LARGE: self.method in WITH_BODY,
            HTTPStatus.UNSUPPORTED_MEDIA_TYPE: self.method in WITH_BODY,
            HTTPStatus.TOO_MANY_REQUESTS: True,
        }
        return [status for status, is_possible in found.items() if is_possible]

    def _get_parameters_in(self, place: str, name: str = "") -> bool:
        return any(
            parameter["in"] == place and name in {"", parameter["name"]}
            for parameter in self._get_parameters()
        )

    def _error(self, status: HTTPStatus) -> dict[str, Any]:
        """A reference to the answer that every operation with this status has in common."""
        component = ResolvedComponent(
            name=status.phrase.title().replace(" ", ""),
            type=ResolvedComponent.RESPONSE,
            schema=self._described(status),
            object=status,
        )
        self.registry.register_on_missing(component)
        return component.ref

    def _invalid(self) -> dict[str, Any]:
        component = ResolvedComponent(
            name="Invalid", type=ResolvedComponent.SCHEMA, schema=INVALID, object=INVALID
        )
        self.registry.register_on_missing(component)
        return component.ref

    def _described(self, status: HTTPStatus) -> dict[str, Any]:
        body: dict[str, Any] = {"description": str(SENTENCES[status])}
        if status == HTTPStatus.NOT_MODIFIED:
            return body
        error = self.resolve_serializer(ErrorSerializer, "response").ref
        schema = self._invalid() if status == HTTPStatus.BAD_REQUEST else error
        if status == HTTPStatus.TOO_MANY_REQUESTS:
            body["headers"] = RETRY_AFTER
        content: dict[str, Any] = {"schema": schema}
        if status != HTTPStatus.BAD_REQUEST:
            content["example"] = {"detail": str(SENTENCES[status]).replace("`", "")}
        return {**body, "content": {"application/json": content}}
