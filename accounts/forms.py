"""Forms about accounts."""

import math
from typing import Any

from crispy_forms.helper import FormHelper
from crispy_forms.layout import Submit
from django.contrib.admin.forms import AdminAuthenticationForm
from django.contrib.auth.forms import AuthenticationForm, PasswordChangeForm
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from accounts.throttles import count_failed_sign_in, seconds_to_wait_for_sign_in


class LimitedForm(AuthenticationForm):
    """Username and password, not too often.

    Attributes:
        wait: seconds to wait after too many attempts, else None.
    """

    wait: float | None = None

    def clean(self) -> dict[str, Any]:
        name = self.cleaned_data.get("username", "")
        self.wait = seconds_to_wait_for_sign_in(self.request, name) if self.request else None
        if self.wait is not None:
            text = _("Too many attempts to sign in. Try again in %d seconds.")
            raise ValidationError(text % math.ceil(self.wait), code="throttled")
        try:
            return super().clean()
        except ValidationError:
            if self.request:
                count_failed_sign_in(self.request)
            raise


class AdminSignInForm(LimitedForm, AdminAuthenticationForm):
    pass


class SignInForm(LimitedForm):
    error_messages = {
        **AuthenticationForm.error_messages,
        "invalid_login": _(
            "That username and password do not belong together. Check both; the password "
            "minds upper and lower case."
        ),
    }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.helper = FormHelper()
        self.helper.form_tag = False  # the page's own form carries `next` along
        self.helper.disable_csrf = True
        self.helper.add_input(Submit("submit", _("Sign in"), css_class="w-100"))


class ChangePasswordForm(PasswordChangeForm):
    """The old password once, the new one twice."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.helper = FormHelper()
        self.helper.add_input(Submit("submit", _("Change password")))
