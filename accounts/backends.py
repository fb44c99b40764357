"""How a username and password become a user."""

from typing import Any

from axes.backends import AxesStandaloneBackend
from django.conf import settings
from django.contrib.auth.backends import ModelBackend
from django.http import HttpRequest

from accounts.models import User


class LockoutBackend(AxesStandaloneBackend):
    """Signs nobody in: it refuses who guessed too often. Without a request nobody guesses."""

    def authenticate(self, request: HttpRequest | None, **credentials: Any) -> None:
        if request is not None:
            super().authenticate(request, **credentials)


class AccountBackend(ModelBackend):
    """Django's own, except that demo accounts exist for development only."""

    def user_can_authenticate(self, user: User | None) -> bool:  # type: ignore[override]
        if user is None or (user.is_demo and not settings.DEBUG):
            return False
        return super().user_can_authenticate(user)
