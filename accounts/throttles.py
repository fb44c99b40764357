"""How often somebody may ask: a setting per scope, for pages and the API alike.

Counted in the default cache: by each web process on its own, unless `CACHE_URL` names a cache that
they share.
"""

from __future__ import annotations

import hashlib
from typing import Any, cast

from django.conf import settings
from django.http import HttpRequest
from rest_framework.request import Request
from rest_framework.throttling import SimpleRateThrottle
from rest_framework.views import APIView

from accounts.http import client_address


class Throttle(SimpleRateThrottle):
    """`settings.THROTTLES[scope]` such as `30/min`, or None for no limit; by user, else address."""

    scope = "default"

    def get_rate(self) -> str | None:
        return settings.THROTTLES[self.scope]

    def get_cache_key(self, request: Request | HttpRequest, view: Any) -> str:
        user = request.user
        who = f"user-{user.pk}" if user.is_authenticated else f"address-{client_address(request)}"
        return self.cache_format % {"scope": self.scope, "ident": who}

    def allows(self, request: Request | HttpRequest) -> bool:
        """Whether this is not too often, for pages as well: a limit looks at nothing else."""
        return self.allow_request(cast(Request, request), cast(APIView, None))


class SubmitThrottle(Throttle):
    scope = "submit"


class _NameThrottle(Throttle):
    """Counts attempts to sign in with one username from all addresses together.

    It allows ten addresses' worth, so that nobody keeps somebody else out from a single one.
    """

    scope = "sign_in"
    addresses = 10

    def __init__(self, username: str) -> None:
        super().__init__()
        self.username = username

    def parse_rate(self, rate: str | None) -> Any:
        requests, seconds = super().parse_rate(rate)
        return (None if requests is None else requests * self.addresses), seconds

    def get_cache_key(self, request: Request | HttpRequest, view: Any) -> str:
        name = hashlib.sha256(self.username.lower().encode(errors="replace")).hexdigest()
        return self.cache_format % {"scope": self.scope, "ident": f"name-{name}"}


class _FailureThrottle(Throttle):
    """Counts failed attempts from one address; a whole class may sign in from it at once."""

    scope = "sign_in"

    def get_cache_key(self, request: Request | HttpRequest, view: Any) -> str:
        ident = f"address-{client_address(request)}"
        return self.cache_format % {"scope": self.scope, "ident": ident}

    def throttle_success(self) -> bool:
        return True  # counted by `count_failed_sign_in`, once it is known how it ended


def seconds_to_wait(throttle: Throttle, request: Request | HttpRequest) -> float | None:
    """Count one more; the seconds to wait where that is too often, else None."""
    return None if throttle.allows(request) else throttle.wait() or 1.0


def seconds_to_wait_for_sign_in(request: HttpRequest, username: str) -> float | None:
    """Count an attempt to sign in; the seconds to wait where there were too many, else None.

    What is refused to an address does not count for the name.
    """
    for throttle in (_FailureThrottle(), _NameThrottle(username)):
        wait = seconds_to_wait(throttle, request)
        if wait is not None:
            return wait
    return None


def count_failed_sign_in(request: HttpRequest) -> None:
    """Count a failed attempt to sign in from the address of this request."""
    throttle = _FailureThrottle()
    if throttle.rate is not None and throttle.allows(request):
        SimpleRateThrottle.throttle_success(throttle)
