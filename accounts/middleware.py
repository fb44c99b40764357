"""Signing in is required everywhere, unless a page says otherwise."""

from http import HTTPStatus
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.middleware import LoginRequiredMiddleware
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _

from accounts.http import is_htmx


class SignInRequiredMiddleware(LoginRequiredMiddleware):
    """Django's own, for people whose session ended while a page was open.

    A fragment's place in a page is not taken by the sign-in page: htmx is told 401, and the page
    says what to do. After a form, which cannot be sent again by a redirect, signing in leads home.
    """

    def handle_no_permission(self, request: HttpRequest, view_func: Any) -> Any:
        if is_htmx(request):
            return HttpResponse(status=HTTPStatus.UNAUTHORIZED)
        if request.method == "POST":
            text = _("You were signed out before this was saved. Sign in, then go back to find it.")
            messages.warning(request, text)
            return redirect(settings.LOGIN_URL)
        return super().handle_no_permission(request, view_func)
