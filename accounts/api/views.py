"""Signing in, and the people that configurators and admins look after."""

from __future__ import annotations

from typing import Any

import django_filters
from django.contrib.auth import authenticate, user_logged_in
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema
from rest_framework.exceptions import AuthenticationFailed, Throttled
from rest_framework.permissions import AllowAny, IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.base import ApiView, ListView, MayConfigure
from accounts.api.bulk import ResultsSerializer, RowsSerializer, answer_rows
from accounts.api.filters import FlagFilter, ListFilters, Ordering
from accounts.api.schema import REFUSED_SIGN_IN
from accounts.api.serializers import (
    USER,
    AccessSerializer,
    RefreshSerializer,
    RegisterSerializer,
    SignInSerializer,
    TokensSerializer,
    UserSerializer,
)
from accounts.api.tokens import renewed_access, tokens_for
from accounts.api.wire import StrictFormParser, StrictJSONParser
from accounts.enums import Role
from accounts.models import User
from accounts.throttles import count_failed_sign_in, seconds_to_wait_for_sign_in

SIGNED_IN = {200: TokensSerializer, 401: REFUSED_SIGN_IN}


class PublicView(ApiView):
    """Open to everybody; who a request comes from does not matter."""

    authentication_classes = []
    permission_classes = [AllowAny]
    cache_control = "no-store"

    def get_authenticate_header(self, request: Request) -> str:
        return "Bearer"


class SignIn(PublicView):
    parser_classes = [StrictFormParser]
    serializer_class = SignInSerializer

    @extend_schema(request=SignInSerializer, responses=SIGNED_IN, auth=[])
    def post(self, request: Request) -> Response:
        """Sign in with a form.

        Too many attempts are answered with 429. After several wrong passwords this username is
        locked out from this address for a while; an admin can lift that.
        """
        credentials = self.bound().validated_data
        wait = seconds_to_wait_for_sign_in(request._request, credentials["username"])
        if wait is not None:
            raise Throttled(wait)
        user = authenticate(request._request, **credentials)
        if user is None:
            count_failed_sign_in(request._request)
            raise AuthenticationFailed(_("That username and password do not belong together."))
        # As on the page: wrong passwords of before are forgotten, and the time is noted.
        user_logged_in.send(sender=type(user), request=request._request, user=user)
        return Response(tokens_for(user))


class SignInJson(SignIn):
    parser_classes = [StrictJSONParser]

    @extend_schema(request=SignInSerializer, responses=SIGNED_IN, auth=[])
    def post(self, request: Request) -> Response:
        """Sign in with JSON."""
        return super().post(request)


class Refresh(PublicView):
    serializer_class = RefreshSerializer

    @extend_schema(
        request=RefreshSerializer,
        responses={200: AccessSerializer, 401: REFUSED_SIGN_IN},
        auth=[],
    )
    def post(self, request: Request) -> Response:
        """Get a new access token."""
        return Response(renewed_access(self.bound().validated_data["refresh_token"]))


class Me(ApiView):
    permission_classes = [IsAuthenticated]
    serializer_class = UserSerializer

    @extend_schema(responses=UserSerializer)
    def get(self, request: Request) -> Response:
        """Who you are."""
        return Response(UserSerializer.row(self.user))


class Registering(ApiView):
    permission_classes = [MayConfigure]

    def register(self, row: Any) -> Any:
        serializer = RegisterSerializer(data=row, context=self.get_serializer_context())
        serializer.is_valid(raise_exception=True)
        return self.one(USER, serializer.save(by=self.user).pk)


class Register(Registering):
    serializer_class = RegisterSerializer

    @extend_schema(request=RegisterSerializer, responses={201: UserSerializer})
    def post(self, request: Request) -> Response:
        """Make an account.

        Configurators make students and configurators; only an admin makes an admin.
        """
        return Response(self.register(request.data), status=201)


class RegisterBulk(Registering):
    serializer_class = RowsSerializer

    @extend_schema(request=RowsSerializer, responses={200: ResultsSerializer})
    def post(self, request: Request) -> Response:
        """Make many accounts; each row is what a single request takes."""
        return answer_rows(request.data, self.register)


class UserFilters(ListFilters):
    role = django_filters.ChoiceFilter(choices=Role.choices)
    is_active = FlagFilter()
    ordering = Ordering(fields=["username", "full_name", "created_at", "updated_at"])


class Users(ListView):
    permission_classes = [MayConfigure]
    serializer_class = UserSerializer
    filterset_class = UserFilters
    queryset = User.objects.none()

    @extend_schema(responses=UserSerializer(many=True))
    def get(self, request: Request, **kwargs: Any) -> Response:
        """List users."""
        return self.listed(User.objects.visible_to(self.user))
