"""What grading used, what of a day's budget is left, how far bulk runs are: reads for pages."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

from django.db.models import Count, Q, QuerySet, Sum
from django.utils import timezone

from components.models import Component, Entry
from grading.enums import OPEN_STATES, RunState
from grading.models import ComponentGrading, DayUsage, GradingBatch, GradingRun
from grading.services.budgets import rooms_in_budget


@dataclass(frozen=True)
class Budget:
    """What a component may use in a day, and used today. Costs are in the site's currency.

    Attributes:
        calls_limit: None for no limit.
        cost_limit: None for no limit.
        is_spent: whether what waits now waits for tomorrow.
    """

    calls: int
    cost: Decimal
    calls_limit: int | None
    cost_limit: Decimal | None
    is_spent: bool

    @property
    def calls_left(self) -> int | None:
        return None if self.calls_limit is None else max(0, self.calls_limit - self.calls)

    @property
    def cost_left(self) -> Decimal | None:
        return None if self.cost_limit is None else max(Decimal(0), self.cost_limit - self.cost)


@dataclass(frozen=True)
class BatchProgress:
    """How far the runs of a bulk run are, and what they used.

    Attributes:
        to_review: how many of the succeeded ones wait for a person's look.
    """

    queued: int
    running: int
    paused: int
    succeeded: int
    failed: int
    to_review: int
    calls: int
    tokens: int
    cost: Decimal

    @property
    def total(self) -> int:
        return self.queued + self.running + self.paused + self.ended

    @property
    def ended(self) -> int:
        return self.succeeded + self.failed

    @property
    def is_active(self) -> bool:
        return bool(self.queued or self.running)


def budget_today(component: Component) -> Budget:
    """A component's limits, and what it used of them today."""
    policy: ComponentGrading = getattr(component, "grading", None) or ComponentGrading()
    now = timezone.now()
    used = DayUsage.objects.filter(component=component, day=timezone.localdate(now)).first()
    return Budget(
        calls=used.calls if used else 0,
        cost=used.cost if used else Decimal(0),
        calls_limit=policy.calls_per_day,
        cost_limit=policy.cost_per_day,
        is_spent=rooms_in_budget([component.pk], {}, now).get(component.pk) == 0,
    )


def usage_by_day(component: Component, *, days: int) -> QuerySet[DayUsage]:
    """A component's usage of the last days, today's among them; the newest first."""
    since = timezone.localdate() - timedelta(days=days)
    return DayUsage.objects.filter(component=component, day__gt=since).order_by("-day")


def usage_by_entry(component: Component) -> QuerySet[Entry]:
    """A component's entries, each with the sums of :class:`grading.services.budgets.Usage`."""
    return (
        Entry.objects.filter(component=component)
        .annotate(
            runs=Count("submissions__runs"),
            calls=Sum("submissions__runs__calls", default=0),
            input_tokens=Sum("submissions__runs__input_tokens", default=0),
            output_tokens=Sum("submissions__runs__output_tokens", default=0),
            cost=Sum("submissions__runs__cost", default=Decimal(0)),
        )
        .order_by("created_at")
    )


def progress_of(batch: GradingBatch) -> BatchProgress:
    """How far a bulk run is; one query."""
    states = {state.value: Count("pk", filter=Q(state=state)) for state in RunState}
    in_review = Q(state=RunState.SUCCEEDED, submission__outcome__needs_review=True)
    sums = GradingRun.objects.filter(batch=batch).aggregate(
        **states,
        to_review=Count("pk", filter=in_review),
        calls_in_all=Sum("calls", default=0),
        tokens_read=Sum("input_tokens", default=0),
        tokens_written=Sum("output_tokens", default=0),
        cost_in_all=Sum("cost", default=Decimal(0)),
    )
    return BatchProgress(
        **{state: sums[state] for state in states},
        to_review=sums["to_review"],
        calls=sums["calls_in_all"],
        tokens=sums["tokens_read"] + sums["tokens_written"],
        cost=sums["cost_in_all"],
    )


def failed_runs(batch: GradingBatch) -> QuerySet[GradingRun]:
    """The runs of a bulk run that a person has to see to; the latest first."""
    failed = GradingRun.objects.filter(batch=batch, state=RunState.FAILED)
    texts = ("log", "prompt", "progress")
    return failed.select_related("submission__student").defer(*texts).order_by("-finished_at")


def batches_of(entry: Entry) -> QuerySet[GradingBatch]:
    """An entry's bulk runs, the newest first, each with `total`, `open`, `failed` and `cost`."""
    return (
        GradingBatch.objects.filter(entry=entry)
        .select_related("requested_by")
        .annotate(
            total=Count("runs"),
            open=Count("runs", filter=Q(runs__state__in=OPEN_STATES)),
            failed=Count("runs", filter=Q(runs__state=RunState.FAILED)),
            cost=Sum("runs__cost", default=Decimal(0)),
        )
        .order_by("-created_at")
    )
