"""Who is graded next: runs are claimed fairly, within what providers and budgets allow."""

from __future__ import annotations

import heapq
import uuid
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import DatabaseError, connection, transaction
from django.db.models import Count, F, Min, Q
from django.db.models.functions import Coalesce
from django.utils import timezone

from grading import queue
from grading.engine.errors import ErrorCode
from grading.enums import RunState
from grading.models import GradingRun, ProviderGate, ProviderProfile
from grading.models.providers import SITE_KEY
from grading.models.runs import due_or_lost
from grading.providers import ProviderConfig, config_of
from grading.services.budgets import count_calls, estimate_tokens, rooms_in_budget
from grading.services.gates import lock_gates
from grading.services.runs import lease, release_claim

STUCK_AFTER = timedelta(minutes=1)
"""Work that could have begun so long ago means that the cluster is stuck; it was woken since."""


@dataclass(frozen=True)
class Lane:
    """The runs of one component that wait for one provider.

    Attributes:
        waiting: how many could be claimed.
        in_flight: how many are being graded.
    """

    component: uuid.UUID
    profile: uuid.UUID | None
    waiting: int
    in_flight: int

    @property
    def gate_key(self) -> str:
        return str(self.profile) if self.profile else SITE_KEY


def claim_runs(limit: int | None = None) -> list[GradingRun]:
    """Take runs that are due for one worker; each stands for one call that begins now.

    No more than the provider's limits, its breaker and the component's budget let through, one
    component after the other, in each the oldest first. Another worker can take a run only after
    its lease ran out. A run whose attempts are used up ends as failed instead: something about it
    kills its worker.

    Args:
        limit: the most to take; None for as many as may begin.
    """
    now = timezone.now()
    profiles = set(GradingRun.objects.claimable(now).order_by().values_list("profile", flat=True))
    if not profiles:
        return []  # spares an idle database the write lock
    with transaction.atomic():
        keys = [str(pk) if pk else SITE_KEY for pk in profiles]
        gates = lock_gates(keys)  # first: nobody else begins calls until this is counted
        lanes = [lane for lane in _lanes(now) if lane.gate_key in gates]
        budgets = _budgets(lanes, now)
        claimed: list[GradingRun] = []
        for key, gate in gates.items():
            own = [lane for lane in lanes if lane.gate_key == key]
            left = None if limit is None else limit - len(claimed)
            claimed += _claim_through(gate, own, budgets, left, now)
    return claimed


def share(room: int, lanes: Iterable[tuple[Lane, int]]) -> dict[Lane, int]:
    """Give out `room` calls, each to the lane that has the fewest in flight by then.

    Args:
        lanes: with the most that each can take.
    """
    shares: dict[Lane, int] = defaultdict(int)
    line = [(lane.in_flight, place, lane, most) for place, (lane, most) in enumerate(lanes) if most]
    heapq.heapify(line)
    while room > 0 and line:
        in_flight, place, lane, most = heapq.heappop(line)
        shares[lane] += 1
        room -= 1
        if shares[lane] < most:
            heapq.heappush(line, (in_flight + 1, place, lane, most))
    return dict(shares)


def seconds_until_due() -> float | None:
    """Seconds until a run may be claimable (0 for now), or None where none is on its way."""
    now = timezone.now()
    times = [_opens_at(row, now) for row in _due_times()]
    return max(0.0, (min(times) - now).total_seconds()) if times else None


def oldest_due() -> datetime | None:
    """Since when the run that waits longest could have been claimed; None where none waits."""
    return GradingRun.objects.claimable(timezone.now()).aggregate(oldest=Min("due_at"))["oldest"]


def is_stuck() -> bool:
    """Whether work that may begin lies there for a minute and no worker has anything in hand.

    Where it lies, the cluster is woken once more, so that a lost wake-up is not taken for more.
    """
    now = timezone.now()
    try:
        in_hand = GradingRun.objects.filter(state=RunState.RUNNING, lease_expires_at__gt=now)
        if in_hand.exists() or not _could_begin(now):
            return False
        queue.wake_worker()
        return _could_begin(now - STUCK_AFTER)
    except DatabaseError:
        return False  # the database's trouble, and nothing to judge the worker by


def _lanes(now: datetime) -> list[Lane]:
    rows = (
        GradingRun.objects.active()
        .order_by()
        .values("component", "profile")
        .annotate(
            waiting=Count("pk", filter=due_or_lost(now)),
            in_flight=Count("pk", filter=Q(state=RunState.RUNNING, lease_expires_at__gte=now)),
        )
    )
    return [Lane(**row) for row in rows]


def _budgets(lanes: list[Lane], now: datetime) -> dict[uuid.UUID, int]:
    in_flight: dict[uuid.UUID, int] = defaultdict(int)
    for lane in lanes:
        in_flight[lane.component] += lane.in_flight
    return rooms_in_budget([lane.component for lane in lanes if lane.waiting], in_flight, now)


def _claim_through(
    gate: ProviderGate,
    lanes: list[Lane],
    budgets: dict[uuid.UUID, int],
    limit: int | None,
    now: datetime,
) -> list[GradingRun]:
    """Claim what one provider lets through; `budgets` shrink by what is taken."""
    config = _config(gate.key)
    room = gate.room(now, sum(lane.in_flight for lane in lanes), config.limits)
    room = room if limit is None else min(room, limit)
    most = [(lane, min(lane.waiting, budgets.get(lane.component, lane.waiting))) for lane in lanes]
    runs: list[GradingRun] = []
    tokens = 0
    for lane, count in share(room, most).items():
        for run in _oldest(lane, count, now):
            estimate = estimate_tokens(run) if config.limits.tokens is not None else 0
            if not gate.fits(now, estimate, config.limits, pending=tokens):
                break
            run.estimated_tokens = estimate
            tokens += estimate
            runs.append(run)
    taken = _take(runs, now)
    for component in {run.component_id for run in taken}:
        calls = sum(run.component_id == component for run in taken)
        count_calls(component, calls, now)
        if component in budgets:
            budgets[component] -= calls
    if taken:
        gate.note_calls(now, len(taken), tokens)
        gate.save()
    return taken


def _oldest(lane: Lane, count: int, now: datetime) -> list[GradingRun]:
    due = (
        GradingRun.objects.claimable(now)
        .filter(component=lane.component, profile=lane.profile)
        .select_related("submission__entry__grading", "rubric", "profile")
        .defer("log", "prompt")
        .order_by("created_at")
    )
    if connection.features.has_select_for_update_skip_locked:
        due = due.select_for_update(skip_locked=True, of=("self",))
    return [run for run in due[:count] if not _end_if_used_up(run)]


def _take(runs: list[GradingRun], now: datetime) -> list[GradingRun]:
    """Put a claim on runs that are locked."""
    if not runs:
        return []
    claim, until = uuid.uuid4(), now + lease()
    GradingRun.objects.filter(pk__in=[run.pk for run in runs]).update(
        state=RunState.RUNNING,
        claim=claim,
        lease_expires_at=until,
        started_at=Coalesce(F("started_at"), now),
        attempts=F("attempts") + 1,
        calls=F("calls") + 1,
    )
    for run in runs:
        run.state, run.claim, run.lease_expires_at = RunState.RUNNING, claim, until
        run.started_at = run.started_at or now
        run.attempts += 1
        run.calls += 1
    return runs


def _end_if_used_up(run: GradingRun) -> bool:
    if run.state != RunState.RUNNING or run.attempts < settings.GRADING_MAX_ATTEMPTS:
        return False
    run.error_code = ErrorCode.WORKER_LOST
    run.error_message = f"the worker was lost {run.attempts} times"
    release_claim(run, RunState.FAILED)
    run.save()
    return True


def _could_begin(since: datetime) -> bool:
    """Whether some run may begin, and might have begun at this time already."""
    lanes = [lane for lane in _lanes(since) if lane.waiting]
    gates = {gate.key: gate for gate in ProviderGate.objects.all()} if lanes else {}
    budgets = rooms_in_budget([lane.component for lane in lanes], {}, since)
    return any(
        budgets.get(lane.component, 1) > 0
        and gates.get(lane.gate_key, ProviderGate()).room(since, 0, _config(lane.gate_key).limits)
        for lane in lanes
    )


def _due_times() -> list[Any]:
    return list(
        GradingRun.objects.active()
        .order_by()
        .values("profile")
        .annotate(
            queued=Min("due_at", filter=Q(state=RunState.QUEUED)), running=Min("lease_expires_at")
        )
    )


def _opens_at(row: dict[str, Any], now: datetime) -> datetime:
    key = str(row["profile"]) if row["profile"] else SITE_KEY
    gate = ProviderGate.objects.filter(key=key).first() or ProviderGate(key=key)
    times = [time for time in (row["queued"], row["running"]) if time is not None]
    return max(min(times), gate.opens_at(now, _config(key).limits))


def _config(key: str) -> ProviderConfig:
    profile = None if key == SITE_KEY else ProviderProfile.objects.filter(pk=key).first()
    return config_of(profile)
