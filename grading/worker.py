"""The drain: one loop that keeps many provider calls in flight and settles what comes back.

Calls are awaited in one event loop, which runs in a thread of its own and lives as long as the
process, with its connections. Whatever touches the database runs in the drain's thread. A drain
ends when nothing can begin soon, when it is asked to stop, or when its time is up (then it wakes
its successor). A database in trouble ends no drain: what came back is kept until it is recorded.
"""

from __future__ import annotations

import asyncio
import logging
import multiprocessing
import threading
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from queue import Empty, SimpleQueue
from typing import Any

from django.conf import settings
from django.db import InterfaceError, OperationalError, connection
from django.utils import timezone

from grading import queue
from grading.engine.asks import next_ask
from grading.engine.errors import OUTAGE, ErrorCode, GradingError
from grading.engine.evaluate import conclude
from grading.engine.prompt import build_prompt
from grading.engine.reply import Progress, absorb
from grading.engine.types import Completion, Evaluation, GradingRequest, Plan, Provider
from grading.enums import GraderKind
from grading.models import GradingRun
from grading.providers import ProviderConfig, config_of, make_provider
from grading.selectors import plan_of, request_of
from grading.services.claims import claim_runs, seconds_until_due
from grading.services.gates import CallReport, report_calls
from grading.services.outcomes import record_evaluation
from grading.services.runs import Call, record_failure, record_progress, renew_leases

logger = logging.getLogger(__name__)

stop_requested = multiprocessing.get_context("fork").Event()
"""Set by the worker command when it is told to stop; its forked processes share it."""

DATABASE_TROUBLE = (OperationalError, InterfaceError)
TROUBLE_SECONDS = 0.5
POLL_SECONDS = 0.25
SETTLED_AT_ONCE = 8
"""Calls that end together are settled so many at a time, so that others begin in between."""
LINGER_SECONDS = 90.0
"""A run due within this time is waited for; the schedule, once a minute, takes care of the rest."""
IDLE_LOOKS = 40
"""So many looks in a row that find due runs and may begin none of them end a drain."""
MAX_SECONDS = 600.0
"""Well under the task's timeout: django-q2 kills what runs past that."""

ProviderFor = Callable[[ProviderConfig], Provider]


@dataclass(frozen=True)
class Step:
    """How one attempt at one call ended.

    Attributes:
        call: None where it never came to one.
        evaluation: where nothing is left to ask.
    """

    run: GradingRun
    config: ProviderConfig
    begun_at: datetime
    grader: GraderKind
    call: Call | None = None
    progress: Progress | None = None
    evaluation: Evaluation | None = None
    next_opinion: int = 0
    error: GradingError | None = None

    @property
    def report(self) -> CallReport:
        """What the provider's gate learns from it."""
        used = sum(self.call.tokens) if self.call else 0
        return CallReport(self.begun_at, self.error, used - self.run.estimated_tokens)


class Providers:
    """The providers of this process, made when they are needed first, and anew once changed."""

    def __init__(self, make: ProviderFor = make_provider) -> None:
        self._make = make
        self._made: dict[str, tuple[ProviderConfig, Provider]] = {}

    def __call__(self, config: ProviderConfig) -> Provider:
        known = self._made.get(config.key)
        if known is None or known[0] != config:
            self._made[config.key] = known = (config, self._make(config))
        return known[1]


@cache
def process_providers() -> Providers:
    """Those that all drains of this process share, with their connections."""
    return Providers()


@cache
def event_loop() -> asyncio.AbstractEventLoop:
    """The loop of this process's provider calls; made after the fork, ends with the process."""
    loop = asyncio.new_event_loop()
    threading.Thread(target=loop.run_forever, name="provider-calls", daemon=True).start()
    return loop


def drain_runs(provider_for: ProviderFor) -> int:
    """Grade what is queued, with as many provider calls in flight as providers and budgets allow.

    Returns:
        How many calls were settled.
    """
    return _Drain(provider_for).run()


class _Drain:
    def __init__(self, provider_for: ProviderFor) -> None:
        self.provider_for = provider_for
        self.flights: dict[Any, GradingRun] = {}
        self.landed: SimpleQueue[Step] = SimpleQueue()
        self.unsettled: list[Step] = []
        self.ends_at = time.monotonic() + MAX_SECONDS
        self.renew_at = 0.0
        self.idle_looks = 0
        self.settled = 0

    def run(self) -> int:
        while True:
            try:
                if not self._turn():
                    return self.settled
            except DATABASE_TROUBLE as error:
                logger.warning("The database is in trouble; trying again: %s", error)
                connection.close_if_unusable_or_obsolete()
                time.sleep(TROUBLE_SECONDS)

    def _turn(self) -> bool:
        """One round: settle some, begin others in their places. False where the drain is over."""
        is_waiting = bool(self.flights) and not self.unsettled
        self.unsettled += self._collect(wait=is_waiting)
        self._settle(self.unsettled[:SETTLED_AT_ONCE])
        begun = self._begin() if self._may_begin() else 0
        if self.flights:
            self._renew()
            return True
        return bool(begun) or self._waits_for_more()

    def _may_begin(self) -> bool:
        return not stop_requested.is_set() and time.monotonic() < self.ends_at

    def _begin(self) -> int:
        runs = claim_runs()
        for run in runs:
            config = config_of(run.profile)
            begun = take_step(run, config, self.provider_for(config))
            future = asyncio.run_coroutine_threadsafe(begun, event_loop())
            self.flights[run.pk] = run
            future.add_done_callback(lambda done: self.landed.put(done.result()))
        return len(runs)

    def _collect(self, *, wait: bool) -> list[Step]:
        """All steps that ended; `wait` a moment for the first."""
        steps: list[Step] = []
        try:
            steps.append(self.landed.get(timeout=POLL_SECONDS) if wait else self.landed.get(False))
            while True:
                steps.append(self.landed.get(block=False))
        except Empty:
            return steps

    def _settle(self, steps: list[Step]) -> None:
        """Record how steps ended; what the database does not take now stays for the next turn."""
        down = self._report(steps)
        for step in steps:
            settle(step, is_outage=step.config.key in down)
            self.unsettled.remove(step)
            self.flights.pop(step.run.pk, None)
            self.settled += 1

    def _report(self, steps: list[Step]) -> set[str]:
        """Tell the gates; the keys of those whose provider is down."""
        by_key: dict[str, list[Step]] = defaultdict(list)
        for step in steps:
            if step.call is not None or step.error is not None:
                by_key[step.config.key].append(step)
        down = set()
        for key, own in by_key.items():
            gate = report_calls(own[0].config, [step.report for step in own])
            if gate.is_open:
                down.add(key)
        return down

    def _renew(self) -> None:
        """Keep the leases three times as fresh as they need to be."""
        if time.monotonic() >= self.renew_at:
            renew_leases(list(self.flights.values()))
            self.renew_at = time.monotonic() + settings.GRADING_LEASE_SECONDS / 3

    def _waits_for_more(self) -> bool:
        due_in = seconds_until_due()
        if due_in is None or stop_requested.is_set():
            return False
        if time.monotonic() >= self.ends_at:
            queue.wake_worker()
            return False
        self.idle_looks = self.idle_looks + 1 if due_in == 0 else 0
        if due_in > LINGER_SECONDS or self.idle_looks > IDLE_LOOKS:
            return False
        time.sleep(min(max(due_in, 0.02), POLL_SECONDS))
        return True


async def take_step(run: GradingRun, config: ProviderConfig, provider: Provider) -> Step:
    """Make the next call of a claimed run, and check what comes back.

    It asks the database nothing: everything it reads came with the claim. Whatever went wrong is
    an error with a cause.
    """
    grader = GraderKind.AI if provider.uses_ai else GraderKind.SIMULATOR
    step = _Step(run, config, provider, grader)
    try:
        return await step.take()
    except GradingError as error:
        return step.failed(error)
    except Exception as error:
        logger.exception("Run %s, attempt %d", run.pk, run.attempts)
        return step.failed(GradingError(ErrorCode.INTERNAL, type(error).__name__))


class _Step:
    """One attempt under way; keeps what is known of its call, for when it fails."""

    def __init__(
        self, run: GradingRun, config: ProviderConfig, provider: Provider, grader: GraderKind
    ) -> None:
        self.run, self.config, self.provider, self.grader = run, config, provider, grader
        self.begun_at = timezone.now()
        self.call: Call | None = None

    async def take(self) -> Step:
        request = request_of(self.run.submission, self.run.rubric)
        if request is None:
            raise GradingError(ErrorCode.NO_RUBRIC, "the entry has no rubric")
        plan = plan_of(self.run.submission.entry)
        progress = Progress.model_validate(self.run.progress)
        ask = next_ask(request.rubric, plan, progress)
        if ask is not None:
            prompt = build_prompt(request, ask, progress)
            completion = await self._complete(request, ask, prompt)
            progress = absorb(completion.text, request.rubric, ask, progress)
        return self._ended(request, plan, progress)

    def failed(self, error: GradingError) -> Step:
        return Step(self.run, self.config, self.begun_at, self.grader, call=self.call, error=error)

    def _ended(self, request: GradingRequest, plan: Plan, progress: Progress) -> Step:
        after = next_ask(request.rubric, plan, progress)
        evaluation = None
        if after is None:
            evaluation = conclude(request, progress, review_below=settings.GRADING_REVIEW_BELOW)
        return Step(
            self.run,
            self.config,
            self.begun_at,
            self.grader,
            call=self.call,
            progress=progress,
            evaluation=evaluation,
            next_opinion=after.opinion if after else 0,
        )

    async def _complete(self, request: GradingRequest, ask: Any, prompt: Any) -> Completion:
        started = time.monotonic()
        completion: Completion | None = None
        try:
            completion = await self.provider.complete(request, prompt)
        finally:
            self.call = Call(
                begun_at=self.begun_at,
                config=self.config,
                provider=self.provider.name,
                ask=ask,
                prompt=prompt,
                parameters={**self.provider.parameters, "opinion": ask.opinion},
                completion=completion,
                latency_ms=round(1000 * (time.monotonic() - started)),
            )
        return completion


def settle(step: Step, *, is_outage: bool = False) -> None:
    """Record how one attempt ended.

    Args:
        is_outage: whether its provider is known to be down.
    """
    run, error = step.run, step.error
    try:
        if error is None and step.progress is not None:
            _record_success(step, step.progress)
            return
    except DATABASE_TROUBLE:
        raise
    except Exception as fault:
        logger.exception("Run %s, attempt %d", run.pk, run.attempts)
        error = GradingError(ErrorCode.INTERNAL, type(fault).__name__)
    error = error or GradingError(ErrorCode.INTERNAL, "nothing came of it")
    logger.warning("Run %s, attempt %d: %s", run.pk, run.attempts, error.code)
    record_failure(run, error, step.call, is_outage=is_outage and error.code in OUTAGE)


def _record_success(step: Step, progress: Progress) -> None:
    if step.evaluation is not None:
        record_evaluation(
            step.run, step.evaluation, grader=step.grader, call=step.call, progress=progress
        )
    elif step.call is not None:
        record_progress(step.run, progress, step.call, opinion=step.next_opinion)
