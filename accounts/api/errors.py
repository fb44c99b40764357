"""Every refusal as JSON with a `detail`, or with a list of messages per field."""

import logging
from http import HTTPStatus
from typing import Any

from django.core.exceptions import NON_FIELD_ERRORS, SuspiciousOperation
from django.db import IntegrityError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.translation import gettext_lazy as _
from rest_framework.exceptions import APIException, ValidationError
from rest_framework.response import Response
from rest_framework.settings import api_settings
from rest_framework.views import exception_handler

from accounts.errors import ConflictError, DomainError, ForbiddenError, MissingError
from accounts.retry import is_deadlock

logger = logging.getLogger(__name__)

STATUS_OF: dict[type[DomainError], HTTPStatus] = {
    ForbiddenError: HTTPStatus.FORBIDDEN,
    MissingError: HTTPStatus.NOT_FOUND,
    ConflictError: HTTPStatus.CONFLICT,
}
SENTENCES = {
    HTTPStatus.BAD_REQUEST: _("The request cannot be understood."),
    HTTPStatus.FORBIDDEN: _("You may not do this."),
    HTTPStatus.NOT_FOUND: _("There is nothing at this address."),
    HTTPStatus.METHOD_NOT_ALLOWED: _("This address can only be read."),
    HTTPStatus.INTERNAL_SERVER_ERROR: _("Something went wrong here; it is in the server's log."),
}


class SomebodyElseError(APIException):
    status_code = HTTPStatus.CONFLICT
    default_detail = _("Somebody else changed or deleted this at the same moment. Try again.")
    default_code = "at_the_same_moment"


class BodyTooLargeError(APIException):
    status_code = HTTPStatus.REQUEST_ENTITY_TOO_LARGE
    default_detail = _("The body is too large.")
    default_code = "body_too_large"


class PreconditionFailedError(APIException):
    status_code = HTTPStatus.PRECONDITION_FAILED
    default_detail = _(
        "This changed since you read it. Read it again, and send your change with the new ETag."
    )
    default_code = "stale"


def answer_error(error: Exception, context: dict[str, Any]) -> Response | None:
    """REST framework's handler, for our services' refusals as well."""
    if isinstance(error, DomainError):
        return _refusal(error)
    if isinstance(error, IntegrityError) or is_deadlock(error):
        logger.warning("Refused, as if somebody else was quicker", exc_info=error)
        error = SomebodyElseError()
    elif isinstance(error, SuspiciousOperation):
        error = ValidationError({"detail": [str(SENTENCES[HTTPStatus.BAD_REQUEST])]})
    response = exception_handler(error, context)
    if isinstance(error, ValidationError) and response is not None:
        response.data = _with_detail(_with_names(response.data))
    return response


def json_error(request: HttpRequest, status: HTTPStatus) -> HttpResponse:
    """An error that no endpoint answered, as the API says it."""
    return JsonResponse({"detail": str(SENTENCES[status])}, status=status)


def _refusal(error: DomainError) -> Response:
    status = STATUS_OF.get(type(error), HTTPStatus.BAD_REQUEST)
    if error.field not in {"", NON_FIELD_ERRORS} and status == HTTPStatus.BAD_REQUEST:
        return Response({error.field: [error.message]}, status=status)
    return Response({"detail": error.message, "code": error.code}, status=status)


def _with_names(data: Any) -> Any:
    """A list names its wrong items by number; in JSON every name is a text."""
    if isinstance(data, dict):
        return {str(name): _with_names(about) for name, about in data.items()}
    return data


def _with_detail(data: Any) -> Any:
    """What is wrong with the whole request is one text, as in every other error."""
    key = api_settings.NON_FIELD_ERRORS_KEY
    if isinstance(data, list):
        data = {key: data}
    if isinstance(data, dict) and isinstance(data.get(key), list):
        data[key] = " ".join(str(message) for message in data[key])
    return data
