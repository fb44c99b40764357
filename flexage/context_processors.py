"""What every page may read."""

from functools import partial
from typing import Any

from django.conf import settings
from django.http import HttpRequest

from accounts.rules import can_configure
from grading.notices import ProviderNotice, provider_notices


def site(request: HttpRequest) -> dict[str, Any]:
    """The nonce for htmx's script tag, whether any AI model grades, and what is down.

    `closed_gates` is asked for when a page shows it: a query for staff, none for others.
    """
    return {
        "csp_nonce": getattr(request, "csp_nonce", ""),
        "grading_provider": settings.GRADING_PROVIDER,
        "is_debug": settings.DEBUG,
        "closed_gates": partial(_closed_gates, request),
    }


def _closed_gates(request: HttpRequest) -> list[ProviderNotice]:
    user: Any = getattr(request, "user", None)
    return provider_notices() if user is not None and _is_staff(user) else []


def _is_staff(user: Any) -> bool:
    return user.is_authenticated and can_configure(user)
