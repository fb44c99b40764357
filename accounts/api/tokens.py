"""Bearer tokens: JWT, HS256, the user's id as `sub`."""

from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _
from drf_spectacular.contrib.rest_framework_simplejwt import SimpleJWTScheme
from rest_framework_simplejwt.authentication import JWTAuthentication
from rest_framework_simplejwt.exceptions import InvalidToken, TokenError
from rest_framework_simplejwt.tokens import RefreshToken

from accounts.models import User


class BearerAuthentication(JWTAuthentication):
    """Each request looks the user up: a deactivated user or a changed password ends a token."""

    def get_user(self, validated_token: Any) -> Any:
        try:
            return super().get_user(validated_token)
        except ValidationError as error:  # our signature, and no id of ours
            raise InvalidToken(str(_("The token names nobody."))) from error


class BearerScheme(SimpleJWTScheme):
    target_class = "accounts.api.tokens.BearerAuthentication"
    name = "bearer"


def tokens_for(user: User) -> dict[str, Any]:
    """A fresh pair for a user who just proved who they are; lifetimes are seconds."""
    refresh = RefreshToken.for_user(user)
    return {**_access(refresh), "refresh_token": str(refresh)}


def renewed_access(token: str) -> dict[str, Any]:
    """A fresh access token for the bearer of a refresh token.

    Raises:
        InvalidToken: it ran out, was never ours, or its user may not sign in any more.
    """
    try:
        refresh = RefreshToken(token)  # type: ignore[arg-type]
    except TokenError as error:
        raise InvalidToken(str(error)) from error
    BearerAuthentication().get_user(refresh)
    return _access(refresh)


def _access(refresh: RefreshToken) -> dict[str, Any]:
    return {
        "access_token": str(refresh.access_token),
        "token_type": "bearer",
        "expires_in": int(refresh.access_token.lifetime.total_seconds()),
    }
