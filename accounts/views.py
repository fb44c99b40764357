"""Signing in and out, the password, and the way home."""

import math
from http import HTTPStatus
from typing import Any

from django.contrib.auth.views import LoginView, PasswordChangeView
from django.contrib.messages.views import SuccessMessageMixin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse_lazy
from django.utils.translation import gettext_lazy as _

from accounts.enums import Role
from accounts.forms import ChangePasswordForm, SignInForm

HOME_BY_ROLE = {
    Role.STUDENT: "grading:student_home",
    Role.CONFIGURATOR: "components:component_list",
    Role.ADMIN: "admin:index",
}


class SignInView(LoginView):
    template_name = "accounts/sign_in.html"
    authentication_form = SignInForm
    redirect_authenticated_user = True

    def form_invalid(self, form: Any) -> HttpResponse:
        response = super().form_invalid(form)
        if form.wait is not None:
            response.status_code = HTTPStatus.TOO_MANY_REQUESTS
            response["Retry-After"] = str(math.ceil(form.wait))
        return response


class ChangePasswordView(SuccessMessageMixin, PasswordChangeView):
    template_name = "accounts/password_change.html"
    form_class = ChangePasswordForm
    success_url = reverse_lazy("accounts:home")
    success_message = _("Your password is changed.")


def home(request: HttpRequest) -> HttpResponse:
    """Send each role to its own place."""
    return redirect(HOME_BY_ROLE[Role(request.user.role)])  # type: ignore[union-attr]
