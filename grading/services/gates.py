"""How far each provider may be asked: what calls came to, and who may try again."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.errors import ForbiddenError, MissingError
from accounts.models import User
from accounts.text import storable_text
from grading import queue
from grading.engine.errors import GradingError
from grading.models import ProviderGate, ProviderProfile
from grading.models.providers import SITE_KEY
from grading.providers import ProviderConfig, config_of

PAUSE_SHARE = 5
"""The first pause after a slow-down is this part of the wait after a failed attempt."""


@dataclass(frozen=True)
class CallReport:
    """What one call came to.

    Attributes:
        begun_at: when it began.
        error: None where it went well.
        token_difference: tokens used, less those estimated when it began.
    """

    begun_at: datetime
    error: GradingError | None
    token_difference: int = 0


def lock_gates(keys: Iterable[str]) -> dict[str, ProviderGate]:
    """The gates of these keys, held until the transaction ends, in one order for everybody."""
    wanted = sorted(set(keys))
    gates = _locked(wanted)
    missing = [ProviderGate(key=key) for key in wanted if key not in gates]
    if missing:
        ProviderGate.objects.bulk_create(missing, ignore_conflicts=True)
        gates = _locked(wanted)
    return gates


@transaction.atomic
def report_calls(config: ProviderConfig, reports: list[CallReport]) -> ProviderGate:
    """Have a provider's gate learn from calls that ended.

    Returns:
        The gate as it is after that.
    """
    gate = lock_gates([config.key])[config.key]
    before = _state(gate)
    now = timezone.now()
    successes = sum(report.error is None for report in reports)
    if successes:
        gate.note_successes(successes, config.limits)
    for report in reports:
        if report.error is not None:
            _note_error(gate, now, config, report, report.error)
    difference = sum(report.token_difference for report in reports)
    if difference and config.limits.tokens is not None:
        gate.note_tokens(now, difference)
    if _state(gate) != before:
        gate.save()
    return gate


def closed_gates(keys: Iterable[str] | None = None) -> list[ProviderGate]:
    """The gates whose breaker is open: their queue waits. All of them, or of these keys."""
    broken = ProviderGate.objects.exclude(breaker_code="")
    return list(broken if keys is None else broken.filter(key__in=keys))


@transaction.atomic
def try_again_now(key: str, *, by: User) -> ProviderGate:
    """Let one call try at once whether a provider is well again.

    Raises:
        DomainError: `forbidden` or `provider_missing`.
    """
    if not by.is_admin:
        raise ForbiddenError("forbidden", _("Only an admin may do that."))
    gate = _locked([key]).get(key)
    if gate is None:
        raise MissingError("provider_missing", _("This provider was never asked."))
    if gate.is_open:
        gate.probe_at = timezone.now()
    gate.paused_until = None
    gate.save()
    transaction.on_commit(queue.wake_worker, robust=True)
    return gate


def probe_all_now() -> None:
    """Let each provider be tried at once: a new start may have come with a new key."""
    ProviderGate.objects.exclude(breaker_code="").update(probe_at=timezone.now())


def config_of_gate(gate: ProviderGate) -> ProviderConfig | None:
    """The provider that a gate belongs to; None where an admin removed it."""
    if gate.key == SITE_KEY:
        return config_of(None)
    profile = ProviderProfile.objects.filter(pk=UUID(gate.key)).first()
    return config_of(profile) if profile else None


def _locked(keys: list[str]) -> dict[str, ProviderGate]:
    gates = ProviderGate.objects.select_for_update().filter(key__in=keys).order_by("key")
    return {gate.key: gate for gate in gates}


def _note_error(
    gate: ProviderGate,
    now: datetime,
    config: ProviderConfig,
    report: CallReport,
    error: GradingError,
) -> None:
    gate.note_error(
        now,
        error.code,
        error.remedy,
        begun_at=report.begun_at,
        detail=storable_text(error.message),
        retry_after=error.retry_after,
        pause=settings.GRADING_RETRY_SECONDS / PAUSE_SHARE,
        limits=config.limits,
    )


def _state(gate: ProviderGate) -> tuple[object, ...]:
    return tuple(getattr(gate, field.attname) for field in gate._meta.concrete_fields)
