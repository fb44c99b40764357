"""How a username and password become a user."""

from django.conf import settings
from django.contrib.auth.backends import ModelBackend

from accounts.models import User


class AccountBackend(ModelBackend):
    """Django's own, except that demo accounts exist for development only."""

    def user_can_authenticate(self, user: User | None) -> bool:  # type: ignore[override]
        if user is None or (user.is_demo and not settings.DEBUG):
            return False
        return super().user_can_authenticate(user)
