"""What grading uses and costs: counted per component and day, held to limits, estimated ahead."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db.models import Avg, Count, F, Q, QuerySet, Sum
from django.db.models.functions import Coalesce
from django.utils import timezone

from components.models import Entry
from grading.engine.asks import calls_left
from grading.engine.reply import Progress
from grading.engine.types import Plan
from grading.enums import RunState
from grading.models import ComponentGrading, DayUsage, GradingRun
from grading.providers import ProviderConfig

CHARS_PER_TOKEN = 4
"""A cautious figure for European languages, for estimates only."""
PROMPT_TOKENS = 700
"""About what the instructions to the grader take."""
TOKENS_PER_CRITERION = 180
"""About what a model writes for one criterion."""
FEEDBACK_TOKENS = 250
RECENT_RUNS = 200
"""An estimate goes by so many runs at most."""


MANY = 10_000
"""More calls than are ever claimed at once."""


@dataclass(frozen=True)
class Usage:
    """What runs used together. Costs are in the site's currency."""

    runs: int
    calls: int
    input_tokens: int
    output_tokens: int
    cost: Decimal


@dataclass(frozen=True)
class Estimate:
    """What grading so many submissions is likely to use.

    Attributes:
        from_runs: of how many earlier runs the figures are the mean; 0 where they come from the
            length of the texts.
    """

    submissions: int
    calls: int
    input_tokens: int
    output_tokens: int
    cost: Decimal
    from_runs: int


def usage_of(runs: QuerySet[GradingRun]) -> Usage:
    """The sums over runs."""
    sums = runs.order_by().aggregate(
        runs=Count("pk"),
        calls=Sum("calls", default=0),
        input_tokens=Sum("input_tokens", default=0),
        output_tokens=Sum("output_tokens", default=0),
        cost=Sum("cost", default=Decimal(0)),
    )
    return Usage(**sums)


def rooms_in_budget(
    components: Collection[UUID], in_flight: dict[UUID, int], now: datetime
) -> dict[UUID, int]:
    """How many calls each component may begin today, for those that have a limit.

    What is in flight has no cost yet: it is taken to cost what calls of today cost on average.
    """
    limited = ComponentGrading.objects.filter(
        Q(calls_per_day__isnull=False) | Q(cost_per_day__isnull=False), component__in=components
    )
    policies = list(limited)
    if not policies:
        return {}
    today = DayUsage.objects.filter(component__in=[p.pk for p in policies], day=_day(now))
    used = {usage.component_id: usage for usage in today}
    return {p.pk: _room(p, used.get(p.pk), in_flight.get(p.pk, 0)) for p in policies}


def count_calls(component: UUID, calls: int, now: datetime) -> None:
    """Count calls that begin. Call it in the transaction that claims them."""
    if not _today(component, now).update(calls=F("calls") + calls):
        DayUsage.objects.get_or_create(component_id=component, day=_day(now))
        _today(component, now).update(calls=F("calls") + calls)


def count_tokens(run: GradingRun, input_tokens: int, output_tokens: int, cost: Decimal) -> None:
    """Count what a call used. Call it in the transaction that records the call."""
    if input_tokens or output_tokens or cost:
        _today(run.component_id, timezone.now()).update(
            input_tokens=F("input_tokens") + input_tokens,
            output_tokens=F("output_tokens") + output_tokens,
            cost=F("cost") + cost,
        )


def estimate_tokens(run: GradingRun) -> int:
    """Tokens that the next call of a claimed run is likely to read and write."""
    criteria = len(run.rubric.spec.criteria) if run.rubric else 0
    read = len(run.submission.content) + _task_chars(run.submission.entry)
    return PROMPT_TOKENS + read // CHARS_PER_TOKEN + _written(criteria)


def estimate_runs(
    entry: Entry, plan: Plan, config: ProviderConfig, *, submissions: int, mean_chars: int
) -> Estimate:
    """What grading so many submissions of an entry is likely to use.

    By the mean per call of the entry's last successful runs with the same rubric, where there
    are any; else from the length of the texts. Retries come on top.

    Args:
        mean_chars: characters of an answer, on average.
    """
    calls = calls_left(entry.rubric.spec, plan, Progress()) if entry.rubric else 0
    means = _means_per_call(entry)
    if means["runs"]:
        read, written = calls * means["read"], calls * means["written"]
    else:
        criteria = len(entry.rubric.spec.criteria) if entry.rubric else 0
        read = calls * (PROMPT_TOKENS + (mean_chars + _task_chars(entry)) // CHARS_PER_TOKEN)
        written = _written(criteria) * plan.opinions
    input_tokens, output_tokens = round(read * submissions), round(written * submissions)
    return Estimate(
        submissions=submissions,
        calls=calls * submissions,
        input_tokens=input_tokens,
        output_tokens=output_tokens,
        cost=config.cost(input_tokens, output_tokens),
        from_runs=means["runs"],
    )


def _means_per_call(entry: Entry) -> dict[str, Any]:
    done = GradingRun.objects.filter(
        submission__entry=entry,
        rubric=entry.rubric,
        state=RunState.SUCCEEDED,
        input_tokens__isnull=False,
        calls__gt=0,
    )
    last = GradingRun.objects.filter(
        pk__in=done.order_by("-finished_at").values("pk")[:RECENT_RUNS]
    )
    return last.order_by().aggregate(
        runs=Count("pk"),
        read=Avg(F("input_tokens") * 1.0 / F("calls")),
        written=Avg(Coalesce("output_tokens", 0) * 1.0 / F("calls")),
    )


def _written(criteria: int) -> int:
    return criteria * TOKENS_PER_CRITERION + FEEDBACK_TOKENS


def _task_chars(entry: Entry) -> int:
    return len(entry.instructions) + (len(str(entry.rubric.definition)) if entry.rubric else 0)


def _room(policy: ComponentGrading, used: DayUsage | None, in_flight: int) -> int:
    rooms = []
    calls, cost = (used.calls, used.cost) if used else (0, Decimal(0))
    if policy.calls_per_day is not None:
        rooms.append(policy.calls_per_day - calls)
    # Tokens that cost nothing: the provider has no price, and a limit on cost means nothing.
    is_free = used is not None and used.input_tokens > 0 and not cost
    if policy.cost_per_day is not None and not is_free:
        ended = max(1, calls - in_flight)
        each = cost / ended
        left = policy.cost_per_day - cost - in_flight * each
        # Without a price so far, one at a time until there is one.
        rooms.append(int(left // each) if each else (1 if left > 0 and not in_flight else 0))
    return max(0, min(rooms, default=MANY))


def _today(component: UUID, now: datetime) -> QuerySet[DayUsage]:
    return DayUsage.objects.filter(component=component, day=_day(now))


def _day(now: datetime) -> date:
    return timezone.localdate(now)
