"""The view that every endpoint is made of."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from functools import partial
from http import HTTPStatus
from typing import Any, ClassVar, TypeVar, cast
from uuid import UUID

from django.conf import settings
from django.db.models import Model, QuerySet
from django.http import Http404, HttpRequest
from django.utils.cache import get_conditional_response
from django.utils.http import parse_etags, quote_etag
from django.utils.translation import gettext_lazy as _
from django_filters.rest_framework import DjangoFilterBackend
from rest_framework import serializers
from rest_framework.exceptions import Throttled, ValidationError
from rest_framework.generics import GenericAPIView
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer

from accounts.api.errors import BodyTooLargeError, PreconditionFailedError
from accounts.api.pages import SkipLimitPagination
from accounts.api.wire import JSONRenderer
from accounts.errors import DomainError
from accounts.http import whole_number
from accounts.models import User
from accounts.rules import can_configure, can_study
from accounts.throttles import Throttle, seconds_to_wait

M = TypeVar("M", bound=Model)


class MayConfigure(IsAuthenticated):
    message = _("Only configurators and admins may do this.")

    def has_permission(self, request: Request, view: Any) -> bool:
        return super().has_permission(request, view) and can_configure(cast(User, request.user))


class MayStudy(IsAuthenticated):
    message = _("Only students may do this.")

    def has_permission(self, request: Request, view: Any) -> bool:
        return super().has_permission(request, view) and can_study(cast(User, request.user))


class ApiView(GenericAPIView):
    """One address. A method fetches from `visible_to`, binds a serializer, calls one service.

    Every answer to a GET carries an ETag, and `If-None-Match` is answered with 304, unless
    `has_etag` says that it is streamed.
    """

    http_method_names = ["get", "head", "post", "put", "delete"]
    serializer_class: Any = None
    filterset_class: Any = None
    filter_backends: Any = []
    pagination_class: Any = None
    throttle: ClassVar[type[Throttle]] = Throttle
    has_etag: ClassVar[bool] = True
    cache_control: ClassVar[str] = "private, no-cache"

    @property
    def user(self) -> User:
        """The user of a request that got past the permissions."""
        return cast(User, self.request.user)

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        if whole_number(request.META.get("CONTENT_LENGTH"), 0) > settings.API_MAX_BODY:
            raise BodyTooLargeError
        super().initial(request, *args, **kwargs)
        if request.method == "PUT" and hasattr(self, "put"):
            _ = request.data  # read before anything is locked: a client may send it slowly

    def check_throttles(self, request: Request) -> None:
        wait = seconds_to_wait(self.throttle(), request)
        if wait is not None:
            raise Throttled(wait)

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Any:
        response = super().finalize_response(request, response, *args, **kwargs)
        # Revalidated each time, and by nobody but the browser itself; tokens are kept by nobody.
        response.headers.setdefault("Cache-Control", self.cache_control)
        if isinstance(response, Response) and response.status_code == HTTPStatus.OK:
            response.add_post_render_callback(partial(_tag, request._request))
        return response

    def found(self, queryset: QuerySet[M], key: str) -> M:
        """The object with this id.

        Raises:
            Http404: it is no id, there is none, or it is not among those of the queryset.
        """
        found = queryset.filter(pk=parsed_id(key)).first()
        if found is None:
            raise Http404
        return found

    def listed(self, queryset: QuerySet[Any]) -> Response:
        """A page of the queryset, filtered and ordered as the query says."""
        return self.get_paginated_response(self.serializer_class.rows(self.page_of(queryset)))

    def listed_by_key(self, queryset: QuerySet[Any]) -> Response:
        """The same in two queries: the ids of the page, then what is read of them.

        However long the list is, the tables that make wide rows are joined for one page of it.
        """
        keys = list(self.page_of(queryset).values_list("pk", flat=True))
        return self.get_paginated_response(self.serializer_class.rows_of(queryset, keys))

    def page_of(self, queryset: QuerySet[M]) -> QuerySet[M]:
        """A page of the queryset, filtered and ordered as the query says, not yet read."""
        return cast("QuerySet[M]", self.paginate_queryset(self.filter_queryset(queryset)))

    def one(self, read: Callable[[User, UUID], Any], key: str | UUID) -> Any:
        """The object with this id as `read` (see :class:`accounts.api.rows.OneRow`) gives it.

        Raises:
            Http404: it is no id, or there is none that the user may read.
        """
        found = read(self.user, parsed_id(str(key)))
        if found is None:
            raise Http404
        return found

    def bound(self, instance: Any = None, **kwargs: Any) -> BaseSerializer[Any]:
        """The serializer with what the request sent, valid."""
        serializer = self.get_serializer(instance, data=self.request.data, **kwargs)
        serializer.is_valid(raise_exception=True)
        return serializer

    def require_match(self, data: Any) -> None:
        """Refuse a change that started from something else than `data`, the representation of now.

        Without `If-Match` every change goes through. Where the row is not locked, somebody may
        still be quicker between this and the change.

        Raises:
            PreconditionFailedError: `If-Match` names another ETag.
        """
        header = self.request.headers.get("If-Match")
        if header is None:
            return
        current = etag_of(JSONRenderer().render(data))
        if header.strip() != "*" and current not in parse_etags(header):
            raise PreconditionFailedError


class ListView(ApiView):
    """An address whose GET is a list."""

    filter_backends = [DjangoFilterBackend]
    pagination_class = SkipLimitPagination


class ServiceSerializer(serializers.Serializer):
    """Saves through services; what they refuse is said of the field as the client calls it."""

    def save(self, **kwargs: Any) -> Any:
        try:
            return super().save(**kwargs)
        except DomainError as error:
            path = self.path_to(error.field)
            if type(error) is not DomainError or not path:
                raise
            problems: Any = [error.message]
            for name in reversed(path):
                problems = {name: problems}
            raise ValidationError(problems) from error

    def path_to(self, source: str) -> list[str]:
        """The names that lead to the field that writes to `source`; empty where there is none."""
        return next(
            ([name] for name, field in self.fields.items() if source in {name, field.source}), []
        )


def parsed_id(key: str) -> UUID:
    """The id that a part of an address is.

    Raises:
        Http404: it is none.
    """
    try:
        return UUID(key)
    except ValueError:
        raise Http404 from None


def etag_of(content: bytes) -> str:
    """The strong ETag of a representation: a hash of its bytes."""
    return quote_etag(hashlib.blake2b(content, digest_size=16).hexdigest())


def _tag(request: HttpRequest, response: Any) -> Any:
    response["ETag"] = etag_of(response.content)
    if request.method not in {"GET", "HEAD"} or "If-None-Match" not in request.headers:
        return None
    asked = HttpRequest()  # without the conditions that are for changes
    asked.method = request.method
    asked.META["HTTP_IF_NONE_MATCH"] = request.headers["If-None-Match"]
    return get_conditional_response(asked, etag=response["ETag"], response=response)
