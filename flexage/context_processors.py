"""What every page may read."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest


def site(request: HttpRequest) -> dict[str, Any]:
    """The nonce for htmx's script tag, and whether any AI model is configured to grade."""
    return {
        "csp_nonce": getattr(request, "csp_nonce", ""),
        "grading_provider": settings.GRADING_PROVIDER,
        "is_debug": settings.DEBUG,
    }
