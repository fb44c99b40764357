"""The drain: one loop that keeps many provider calls in flight and settles what comes back.

The loop and everything that touches the database run in one thread; the threads of the pool only
call the provider. A drain ends when nothing is due soon, when it is asked to stop, or when its
time is up (then it wakes its successor).
"""

from __future__ import annotations

import logging
import multiprocessing
import time
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from functools import cache

from django.conf import settings

from components.html import html_to_text
from grading import queue
from grading.engine.errors import ErrorCode, GradingError
from grading.engine.evaluate import evaluate
from grading.engine.providers.gemini import GeminiProvider
from grading.engine.providers.simulator import SimulatorProvider
from grading.engine.types import Evaluation, GradingRequest, Provider
from grading.models import GradingRun
from grading.services.outcomes import record_evaluation
from grading.services.runs import claim_runs, record_failure, renew_leases, seconds_until_due

logger = logging.getLogger(__name__)

stop_requested = multiprocessing.get_context("fork").Event()
"""Set by the worker command when it is told to stop; its forked processes share it."""

POLL_SECONDS = 0.25
LINGER_SECONDS = 90.0
"""A run due within this time is waited for; the schedule, once a minute, takes care of the rest."""
MAX_SECONDS = 600.0
"""Well under the task's timeout: django-q2 kills what runs past that."""


@cache
def configured_provider() -> Provider:
    """The provider that the settings name."""
    if settings.GRADING_PROVIDER == "gemini":
        return GeminiProvider(
            api_key=settings.GOOGLE_API_KEY,
            model=settings.GRADING_MODEL,
            endpoint=settings.GOOGLE_API_ENDPOINT,
            timeout=settings.GRADING_TIMEOUT,
            temperature=settings.GRADING_TEMPERATURE,
        )
    return SimulatorProvider()


def drain_runs(provider: Provider, *, concurrency: int) -> int:
    """Grade what is queued, with at most `concurrency` provider calls in flight.

    Returns:
        How many attempts were settled.
    """
    with ThreadPoolExecutor(concurrency, thread_name_prefix="provider") as pool:
        return _Drain(provider, pool, concurrency).run()


class _Drain:
    def __init__(self, provider: Provider, pool: ThreadPoolExecutor, concurrency: int) -> None:
        self.provider = provider
        self.pool = pool
        self.concurrency = concurrency
        self.flights: dict[Future[Evaluation], GradingRun] = {}
        self.ends_at = time.monotonic() + MAX_SECONDS
        self.renew_at = 0.0
        self.settled = 0

    def run(self) -> int:
        while True:
            if self._may_claim():
                self._claim()
            if self.flights:
                self._settle_finished()
                self._renew()
            elif not self._waits_for_more():
                return self.settled

    def _may_claim(self) -> bool:
        return not stop_requested.is_set() and time.monotonic() < self.ends_at

    def _claim(self) -> None:
        free = self.concurrency - len(self.flights)
        for run in claim_runs(free, self.provider) if free else ():
            self.flights[self.pool.submit(self._evaluate, run)] = run

    def _evaluate(self, run: GradingRun) -> Evaluation:
        request = request_for(run)  # here, so that what is wrong with one run fails no other
        if request is None:
            raise GradingError(ErrorCode.NO_RUBRIC, "the entry has no rubric")
        return evaluate(request, self.provider, review_below=settings.GRADING_REVIEW_BELOW)

    def _settle_finished(self) -> None:
        finished, _pending = wait(self.flights, POLL_SECONDS, return_when=FIRST_COMPLETED)
        for flight in finished:
            settle(self.flights.pop(flight), flight)
            self.settled += 1

    def _renew(self) -> None:
        """Keep the leases three times as fresh as they need to be."""
        if time.monotonic() >= self.renew_at:
            renew_leases([run.claim for run in self.flights.values() if run.claim])
            self.renew_at = time.monotonic() + settings.GRADING_LEASE_SECONDS / 3

    def _waits_for_more(self) -> bool:
        due_in = seconds_until_due()
        if due_in is None or stop_requested.is_set():
            return False
        if time.monotonic() >= self.ends_at:
            queue.wake_worker()
            return False
        if due_in > LINGER_SECONDS:
            return False
        time.sleep(min(due_in, POLL_SECONDS))
        return True


def request_for(run: GradingRun) -> GradingRequest | None:
    """What the provider gets to know of a run's submission; None where there is no rubric.

    Everything it reads came with the claim: it asks the database nothing.
    """
    if run.rubric is None:
        return None
    return GradingRequest(
        rubric=run.rubric.spec,
        instructions=html_to_text(run.submission.entry.instructions),
        answer=run.submission.text,
    )


def settle(run: GradingRun, flight: Future[Evaluation]) -> None:
    """Record how one attempt ended. Whatever went wrong is a failure with a cause, not a grade."""
    try:
        record_evaluation(run, flight.result())
    except GradingError as error:
        logger.warning("Run %s, attempt %d: %s", run.pk, run.attempts, error.code)
        record_failure(run, error)
    except Exception as error:
        logger.exception("Run %s, attempt %d", run.pk, run.attempts)
        record_failure(run, GradingError(ErrorCode.INTERNAL, type(error).__name__))
