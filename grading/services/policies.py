"""How components and entries want to be graded."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from accounts.errors import DomainError
from accounts.models import User
from components.models import Component, Entry
from components.services import require_manager
from grading import queue
from grading.engine.asks import next_ask
from grading.engine.reply import Progress
from grading.enums import RunState
from grading.models import ComponentGrading, EntryGrading, GradingRun
from grading.selectors import plan_of
from grading.services.runs import profile_for


@transaction.atomic
def set_entry_grading(entry: Entry, *, by: User, **changes: Any) -> EntryGrading:
    """Change how an entry's answers are graded; what waits in the queue follows.

    Args:
        changes: fields of :class:`EntryGrading`.

    Raises:
        DomainError: `forbidden` or `invalid`.
    """
    require_manager(by, entry.component)
    policy = EntryGrading.objects.filter(entry=entry).first() or EntryGrading(entry=entry)
    _save(policy, changes)
    _requeue(Entry.objects.filter(pk=entry.pk).select_related("component__grading", "grading"))
    return policy


@transaction.atomic
def set_component_grading(component: Component, *, by: User, **changes: Any) -> ComponentGrading:
    """Change how a component's answers are graded, and its budget; what waits follows.

    Raises:
        DomainError: `forbidden` or `invalid`.
    """
    require_manager(by, component)
    policy = ComponentGrading.objects.filter(component=component).first()
    policy = policy or ComponentGrading(component=component)
    _save(policy, changes)
    entries = Entry.objects.filter(component=component)
    _requeue(entries.select_related("component__grading", "grading"))
    return policy


def _save(policy: EntryGrading | ComponentGrading, changes: dict[str, Any]) -> None:
    for name, value in changes.items():
        setattr(policy, name, value)
    try:
        policy.full_clean()
    except ValidationError as error:
        name, messages = next(iter(error.message_dict.items()))
        raise DomainError("invalid", messages[0], field=name) from error
    policy.save()


def _next_opinion(entry: Entry, run: GradingRun) -> int:
    """Which opinion a run that has begun is asked for next."""
    if run.rubric is None:
        return 0
    ask = next_ask(run.rubric.spec, plan_of(entry), Progress.model_validate(run.progress))
    return ask.opinion if ask else 0


def _requeue(entries: Any) -> None:
    """Let what waits go to the provider of now; more may begin, too."""
    for entry in entries:
        waiting = GradingRun.objects.filter(
            submission__entry=entry, state__in=[RunState.QUEUED, RunState.PAUSED]
        )
        # Due at once: what a provider had trouble with need not wait at another one.
        waiting.update(profile=profile_for(entry, opinion=0), due_at=timezone.now())
        for run in waiting.exclude(progress={}).select_related("rubric"):
            run.profile = profile_for(entry, opinion=_next_opinion(entry, run))
            run.save(update_fields=["profile"])
    transaction.on_commit(queue.wake_worker, robust=True)
