"""The errors that no view answered: a page for people, JSON for the API."""

from collections.abc import Callable
from functools import wraps
from http import HTTPStatus
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.views import defaults

from accounts.api.errors import json_error

Handler = Callable[..., HttpResponse]


def _for_both(page: Handler, status: HTTPStatus) -> Handler:
    @wraps(page)
    def handle(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if request.path.startswith("/api/"):
            return json_error(request, status)
        return page(request, *args, **kwargs)

    return handle


bad_request = _for_both(defaults.bad_request, HTTPStatus.BAD_REQUEST)
permission_denied = _for_both(defaults.permission_denied, HTTPStatus.FORBIDDEN)
page_not_found = _for_both(defaults.page_not_found, HTTPStatus.NOT_FOUND)
server_error = _for_both(defaults.server_error, HTTPStatus.INTERNAL_SERVER_ERROR)
