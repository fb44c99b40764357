"""The providers in the Django admin; the rest of grading has its own pages.

What django-q2 registers is taken away again: its admin would let anybody who gets into an admin's
session run any function by schedule.
"""

import os
from typing import Any
from urllib.parse import urlsplit

from django import forms
from django.apps import apps
from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.db import models, transaction
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from accounts.http import signed_in
from grading.enums import ProviderKind
from grading.models import ProviderGate, ProviderProfile
from grading.notices import provider_names
from grading.services.gates import try_again_now

for model in apps.get_app_config("django_q").get_models():
    if admin.site.is_registered(model):
        admin.site.unregister(model)

GOOGLES = {ProviderKind.GEMINI, ProviderKind.GENAI}


class ProviderProfileForm(forms.ModelForm):
    """A provider, with what its kind cannot do without."""

    def clean_endpoint(self) -> str:
        endpoint: str = self.cleaned_data["endpoint"]
        if endpoint and urlsplit(endpoint).scheme not in {"http", "https"}:
            raise ValidationError(_("The address begins with https:// or http://."))
        return endpoint

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        kind = cleaned.get("kind")
        if kind and kind != ProviderKind.SIMULATOR and not cleaned.get("model", "x"):
            self.add_error("model", _("Name the model; only the simulator needs none."))
        if kind in GOOGLES and not cleaned.get("key_variable", "x"):
            self.add_error("key_variable", _("Google answers nobody without a key."))
        return cleaned


@admin.register(ProviderProfile)
class ProviderProfileAdmin(admin.ModelAdmin):
    """Who may be chosen to grade. Keys stay in the environment."""

    form = ProviderProfileForm
    formfield_overrides = {models.URLField: {"assume_scheme": "https"}}
    list_display = ("name", "kind", "model", "is_active", "has_key", "state", "limits", "prices")
    list_filter = ("is_active",)
    search_fields = ("name", "model")
    fieldsets = (
        (None, {"fields": ("name", "kind", "model", "endpoint", "key_variable", "is_active")}),
        (_("How it is asked"), {"fields": ("temperature",)}),
        (
            _("Limits"),
            {"fields": ("max_in_flight", "requests_per_minute", "tokens_per_minute")},
        ),
        (_("Prices"), {"fields": ("input_price", "output_price")}),
    )
    delete_confirmation_template = "admin/delete_provider.html"
    delete_selected_confirmation_template = "admin/delete_providers.html"

    @admin.display(description=_("limits"))
    def limits(self, profile: ProviderProfile) -> str:
        parts = [
            (_("%d at once"), profile.max_in_flight),
            (_("%d calls/min"), profile.requests_per_minute),
            (_("%d tokens/min"), profile.tokens_per_minute),
        ]
        return ", ".join(text % number for text, number in parts if number is not None)

    @admin.display(description=_("prices"))
    def prices(self, profile: ProviderProfile) -> str:
        """Of input and output, per million tokens."""
        return f"{profile.input_price.normalize():f} / {profile.output_price.normalize():f}"

    @admin.display(boolean=True, description=_("key is set"))
    def has_key(self, profile: ProviderProfile) -> bool | None:
        """Whether this process sees the key; None where the provider needs none."""
        return bool(os.environ.get(profile.key_variable)) if profile.key_variable else None

    @admin.display(description=_("state"))
    def state(self, profile: ProviderProfile) -> str:
        return getattr(profile, "gate_state", "")

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        page = super().get_changelist_instance(request)
        keys = [str(profile.pk) for profile in page.result_list]
        gates = ProviderGate.objects.in_bulk(keys)
        for profile in page.result_list:
            profile.gate_state = state_of(gates.get(str(profile.pk)))
        return page

    def delete_model(self, request: HttpRequest, obj: ProviderProfile) -> None:
        self.delete_queryset(request, ProviderProfile.objects.filter(pk=obj.pk))

    @transaction.atomic
    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[ProviderProfile]) -> None:
        keys = [str(pk) for pk in queryset.values_list("pk", flat=True)]
        super().delete_queryset(request, queryset)
        ProviderGate.objects.filter(key__in=keys).delete()


@admin.register(ProviderGate)
class ProviderGateAdmin(admin.ModelAdmin):
    """How each provider is doing; to look at, and to try again."""

    list_display = ("provider", "state", "breaker_detail", "allowed", "outages", "slowdowns")
    list_display_links = None
    actions = ["try_again"]

    @admin.action(description=_("Try again now"), permissions=["view"])
    def try_again(self, request: HttpRequest, queryset: QuerySet[ProviderGate]) -> None:
        gates = list(queryset)
        for gate in gates:
            try_again_now(gate.key, by=signed_in(request))
        text = ngettext("%d provider is tried again.", "%d providers are tried again.", len(gates))
        self.message_user(request, text % len(gates), messages.SUCCESS)

    @admin.display(description=_("provider"))
    def provider(self, gate: ProviderGate) -> str:
        return getattr(gate, "provider_name", gate.key)

    @admin.display(description=_("state"))
    def state(self, gate: ProviderGate) -> str:
        return state_of(gate)

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        page = super().get_changelist_instance(request)
        names = provider_names(page.result_list)
        for gate in page.result_list:
            gate.provider_name = names.get(gate.key, gettext("(deleted)"))
        return page

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: ProviderGate | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: ProviderGate | None = None) -> bool:
        return False


def state_of(gate: ProviderGate | None) -> str:
    """How a provider is doing, in words; `gate` is None for one that was never asked."""
    if gate is None:
        return gettext("never asked")
    if gate.breaker_since is not None:
        since = date_format(localtime(gate.breaker_since), "DATETIME_FORMAT")
        return gettext("waits since %(since)s: %(cause)s") % {"since": since, "cause": gate.cause}
    return gettext("well") if gate.allowed is None else gettext("asked less: it slows us down")
