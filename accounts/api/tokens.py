"""Bearer tokens: JWT, HS256, the user's id as `sub`."""

from typing import Any, cast
from uuid import UUID

from django.utils.translation import gettext_lazy as _
from drf_spectacular.contrib.rest_framework_simplejwt import SimpleJWTScheme
from rest_framework_simplejwt.authentication import JWTAuthentication
from rest_framework_simplejwt.exceptions import AuthenticationFailed, InvalidToken, TokenError
from rest_framework_simplejwt.settings import api_settings
from rest_framework_simplejwt.tokens import RefreshToken
from rest_framework_simplejwt.utils import get_md5_hash_password

from accounts.api.statements import OneUser
from accounts.backends import AccountBackend
from accounts.models import User

read_user = OneUser()


class BearerAuthentication(JWTAuthentication):
    """Each request looks the user up: a deactivated user or a changed password ends a token."""

    def get_user(self, validated_token: Any) -> Any:
        try:
            user = read_user(UUID(validated_token[api_settings.USER_ID_CLAIM]))
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise InvalidToken(str(_("The token names nobody."))) from error
        if user is None or not AccountBackend().user_can_authenticate(user):
            raise AuthenticationFailed(str(_("This user may not sign in.")), code="user_inactive")
        signed_for = validated_token.get(api_settings.REVOKE_TOKEN_CLAIM)
        if signed_for != get_md5_hash_password(user.password):
            raise AuthenticationFailed(
                str(_("The password changed; sign in again.")), code="revoked"
            )
        return user


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
        refresh = RefreshToken(cast(Any, token))  # a text, whatever its annotation says
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
