"""What the worker is woken for."""

from django.utils import timezone

from grading.services.runs import forget_raw_texts
from grading.worker import drain_runs, process_providers


def drain_queue() -> int:
    """Grade what is queued. Safe to call at any time, any number of times."""
    return drain_runs(process_providers())


def tidy_up() -> int:
    """Remove raw texts that were kept long enough; a part of them each time."""
    return forget_raw_texts(timezone.now())
