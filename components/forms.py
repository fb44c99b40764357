"""Forms about components, entries and people."""

import re
from typing import Any

from crispy_forms.helper import FormHelper
from crispy_forms.layout import Submit
from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.errors import DomainError
from components.html import as_typed, typed_to_html
from components.models import Component, Entry

RICH_TEXT_HELP = _("Plain text, or simple HTML such as <strong>, <ul> and <li>.")


def guarded_helper(submit_label: Any) -> FormHelper:
    """Renders a form that warns before what was typed is left behind."""
    helper = FormHelper()
    helper.attrs = {"data-guard": ""}
    helper.add_input(Submit("submit", submit_label))
    return helper


class CrispyModelForm(forms.ModelForm):
    """A model form that renders itself with a submit button; services do the saving."""

    submit_label = _("Save")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.helper = guarded_helper(self.submit_label)


def show_error(form: forms.BaseForm, error: DomainError) -> None:
    """Put a service's refusal beside the field it speaks of, or above the form."""
    form.add_error(error.field if error.field in form.fields else None, error.message)


class RichTextField(forms.CharField):
    """A text area that takes plain text or simple HTML, and gives back safe HTML.

    What was typed as plain text is shown as plain text again.
    """

    widget = forms.Textarea

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{"required": False, "help_text": RICH_TEXT_HELP, **kwargs})

    def prepare_value(self, value: Any) -> Any:
        return as_typed(value) if isinstance(value, str) else value

    def clean(self, value: Any) -> str:
        return typed_to_html(super().clean(value))


class ComponentForm(CrispyModelForm):
    general_instructions = RichTextField(label=_("General instructions"))

    class Meta:
        model = Component
        fields = ["name", "general_instructions"]


class EntryForm(CrispyModelForm):
    instructions = RichTextField(label=_("Instructions"))

    class Meta:
        model = Entry
        fields = ["title", "instructions"]


class EnrollForm(forms.Form):
    """A list of people, one per line or separated by commas."""

    people = forms.CharField(
        label=_("Enroll students"),
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text=_("Usernames or e-mail addresses, one per line or separated by commas."),
        max_length=200_000,
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.helper = guarded_helper(_("Enroll"))

    def names(self) -> list[str]:
        """The names entered, in order."""
        return [name for name in re.split(r"[\s,;]+", self.cleaned_data["people"]) if name]


class AddConfiguratorForm(forms.Form):
    """One more person in charge."""

    username = forms.CharField(label=_("Add a configurator"), help_text=_("Their username."))
