"""Forms about how answers are graded, and how much that may use."""

from __future__ import annotations

from typing import Any

from django import forms
from django.conf import settings
from django.db.models import Q
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from components.forms import CrispyModelForm
from components.models import Component, Entry
from grading.models import ComponentGrading, EntryGrading, ProviderProfile
from grading.models.policies import MAX_OPINIONS
from grading.providers import config_of

PER_CRITERION = [("yes", _("Yes")), ("no", _("No"))]
ANSWERS: dict[Any, str] = {None: "", True: "yes", False: "no"}


class EntryGradingForm(CrispyModelForm):
    """How an entry's answers are graded, and what its students see of the rubric."""

    per_criterion = forms.TypedChoiceField(
        label=_("One call per criterion"),
        help_text=EntryGrading._meta.get_field("per_criterion").help_text,
        choices=PER_CRITERION,
        required=False,
        coerce=lambda answer: answer == "yes",
        empty_value=None,
    )
    is_rubric_hidden = forms.BooleanField(
        label=_("Keep the rubric's descriptions from students"),
        help_text=Entry._meta.get_field("is_rubric_hidden").help_text,
        required=False,
    )

    class Meta:
        model = EntryGrading
        fields = ["profile", "opinions", "second_profile", "per_criterion", "min_words"]

    def __init__(self, entry: Entry, data: QueryDict | None = None) -> None:
        own = EntryGrading.objects.filter(entry=entry).first() or EntryGrading(entry=entry)
        initial = {
            "is_rubric_hidden": entry.is_rubric_hidden,
            "per_criterion": ANSWERS[own.per_criterion],
        }
        super().__init__(data, instance=own, initial=initial)
        shared: ComponentGrading | None = getattr(entry.component, "grading", None)
        inherited = config_of(shared.profile if shared else None).name
        _offer(self, "profile", own.profile_id, _("As in the component: %s") % inherited)
        _offer(self, "second_profile", own.second_profile_id, _("The same provider"))
        self.fields["second_profile"].help_text = _("Counts where there are several opinions.")
        self.fields["opinions"].widget.attrs.update(min=1, max=MAX_OPINIONS)
        per_criterion: Any = self.fields["per_criterion"]
        default = _("yes") if settings.GRADING_PER_CRITERION else _("no")
        per_criterion.choices = [("", _("As on this site: %s") % default), *PER_CRITERION]

    def changes(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """What was typed, for the entry's grading and for the entry itself."""
        grading = dict(self.cleaned_data)
        return grading, {"is_rubric_hidden": grading.pop("is_rubric_hidden")}


class ComponentGradingForm(CrispyModelForm):
    """Who grades a component's answers, and how much that may use in a day."""

    class Meta:
        model = ComponentGrading
        fields = ["profile", "calls_per_day", "cost_per_day"]

    def __init__(self, component: Component, data: QueryDict | None = None) -> None:
        own = ComponentGrading.objects.filter(component=component).first()
        own = own or ComponentGrading(component=component)
        super().__init__(data, instance=own)
        default = config_of(None).name
        _offer(self, "profile", own.profile_id, _("This site's: %s") % default)
        cost = self.fields["cost_per_day"]
        cost.label = _("Cost per day (%s)") % settings.GRADING_CURRENCY


def _offer(form: forms.ModelForm, name: str, chosen: Any, empty_label: Any) -> None:
    """Let a field take the providers on offer, and the one that is chosen now."""
    field: Any = form.fields[name]
    field.queryset = ProviderProfile.objects.filter(Q(is_active=True) | Q(pk=chosen))
    field.empty_label = empty_label
