"""What the worker is woken for."""

from django.conf import settings

from grading.worker import configured_provider, drain_runs


def drain_queue() -> int:
    """Grade what is queued. Safe to call at any time, any number of times."""
    return drain_runs(configured_provider(), concurrency=settings.GRADING_CONCURRENCY)
