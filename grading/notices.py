"""What staff are told while a provider is down."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.utils import timezone

from grading.models import ProviderGate, ProviderProfile
from grading.models.providers import SITE_KEY
from grading.providers import site_config
from grading.services.gates import closed_gates


@dataclass(frozen=True)
class ProviderNotice:
    """One provider whose queue waits.

    Attributes:
        provider: its name.
        next_at: when it is tried again; None where that waits for nothing but an answer to grade.
    """

    gate: ProviderGate
    provider: str
    next_at: datetime | None


def provider_notices() -> list[ProviderNotice]:
    """The providers that are down; one query, and one more while one of them is an admin's own.

    What a provider that was deleted left behind is no news.
    """
    gates = closed_gates()
    names = provider_names(gates)
    now = timezone.now()
    return [
        ProviderNotice(gate, names[gate.key], _later(gate.probe_at, now))
        for gate in gates
        if gate.key in names
    ]


def provider_names(gates: Iterable[ProviderGate]) -> dict[str, str]:
    """The names of the providers that these gates belong to, by key; none for deleted ones."""
    own = [UUID(gate.key) for gate in gates if gate.key != SITE_KEY]
    profiles = ProviderProfile.objects.filter(pk__in=own).only("name") if own else ()
    return {SITE_KEY: site_config().name} | {str(each.pk): each.name for each in profiles}


def _later(time: datetime | None, now: datetime) -> datetime | None:
    return time if time is not None and time > now else None
