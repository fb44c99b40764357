"""Who guessed passwords too often is locked out for a while, unless an admin lifts that."""

from http import HTTPStatus
from typing import Any

from axes.models import AccessAttempt
from axes.utils import reset
from django.conf import settings
from django.db.models import Sum
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import ngettext

from accounts.models import User

MAX_NAME = AccessAttempt._meta.get_field("username").max_length


def attempted_username(request: HttpRequest | None, credentials: dict[str, Any] | None) -> str:
    """The name that somebody tries to sign in with, as attempts are counted."""
    name = str((credentials or {}).get("username", "")).lower()
    return name[:MAX_NAME]  # cut last: lower case may be longer


def locked_out_response(request: HttpRequest, *_args: Any, **_kwargs: Any) -> HttpResponse:
    """What somebody who is locked out reads, on a page or from the API."""
    minutes = settings.LOCKOUT_MINUTES
    text = ngettext(
        "Too many wrong passwords. Try again in %d minute, or ask an admin.",
        "Too many wrong passwords. Try again in %d minutes, or ask an admin.",
        minutes,
    )
    status = HTTPStatus.TOO_MANY_REQUESTS
    response: HttpResponse
    if request.path.startswith("/api/"):
        response = JsonResponse({"detail": text % minutes, "code": "locked_out"}, status=status)
    else:
        context = {"message": text % minutes}
        response = render(request, "accounts/locked_out.html", context, status=status)
    response["Retry-After"] = str(minutes * 60)
    return response


def locked_out_usernames() -> set[str]:
    """The names, in lower case, that are locked out from some address now."""
    if not settings.AXES_ENABLED:
        return set()
    # There is a row for each browser that was used; they count together.
    attempts = (
        AccessAttempt.objects.filter(attempt_time__gte=timezone.now() - settings.AXES_COOLOFF_TIME)
        .order_by()
        .values("username", "ip_address")
        .annotate(failures=Sum("failures_since_start"))
        .filter(failures__gte=settings.AXES_FAILURE_LIMIT)
    )
    return {attempt["username"] for attempt in attempts if attempt["username"]}


def lift_lockout(user: User) -> bool:
    """Let somebody try again at once; whether there was anything to lift."""
    return bool(reset(username=user.username.lower()))
