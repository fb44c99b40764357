"""Guards that views open with."""

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest

from accounts.http import signed_in
from accounts.models import User
from components.rules import can_configure


def require_configurator(request: HttpRequest) -> User:
    """The signed-in configurator or admin.

    Raises:
        PermissionDenied: for everybody else.
    """
    user = signed_in(request)
    if not can_configure(user):
        raise PermissionDenied
    return user
