"""Who can grade besides the site's default, and how far each provider may be asked right now."""

from __future__ import annotations

import random
import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from grading.engine.errors import OUTAGE, ErrorCode, Remedy
from grading.enums import ERROR_SENTENCES, ProviderKind

SITE_KEY = "site"
"""The gate of the provider that the settings name."""
WINDOW_SECONDS = 60
OUTAGE_AFTER = 5
"""So many outages with no success between them open the breaker. More than one run has attempts."""
SLOWDOWNS_AFTER = 10
"""So many slow-downs with no success between them open it, too: the limit is not a passing one."""
FIRST_PROBE = timedelta(seconds=10)
LONGEST_PROBE_WAIT = timedelta(minutes=5)
LONGEST_PAUSE = timedelta(minutes=1)
GROWTH = 0.25
"""Calls in flight that are allowed again for each success after a slow-down."""


class ProviderProfile(models.Model):
    """A provider that entries and components may choose instead of the site's own.

    The key itself stays in the environment; here stands only the name of its variable.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(_("name"), max_length=100, unique=True)
    kind = models.CharField(_("provider"), max_length=20, choices=ProviderKind)
    model = models.CharField(_("model"), max_length=120, blank=True)
    endpoint = models.CharField(
        _("address"),
        max_length=200,
        blank=True,
        # Not a URLField: that refuses names without a dot, such as those in a container network.
        validators=[
            RegexValidator(r"^https?://[^\s/]+\S*$", _("An address such as https://host/v1."))
        ],
        help_text=_("Empty for the provider's own."),
    )
    key_variable = models.CharField(
        _("variable of the key"),
        max_length=80,
        blank=True,
        validators=[
            RegexValidator(r"^[A-Z][A-Z0-9_]*_API_KEY$", _("A name such as TEAM_B_API_KEY."))
        ],
        help_text=_("The environment variable that holds the key; its name ends in _API_KEY."),
    )
    temperature = models.FloatField(
        _("temperature"), default=0.0, validators=[MinValueValidator(0), MaxValueValidator(2)]
    )
    max_in_flight = models.PositiveSmallIntegerField(
        _("calls in flight"), default=8, validators=[MinValueValidator(1), MaxValueValidator(256)]
    )
    requests_per_minute = models.PositiveIntegerField(
        _("requests per minute"), null=True, blank=True, validators=[MinValueValidator(1)]
    )
    tokens_per_minute = models.PositiveIntegerField(
        _("tokens per minute"), null=True, blank=True, validators=[MinValueValidator(1)]
    )
    input_price = models.DecimalField(
        _("price of input"),
        max_digits=9,
        decimal_places=4,
        default=0,
        validators=[MinValueValidator(0)],
        help_text=_("Per million tokens."),
    )
    output_price = models.DecimalField(
        _("price of output"),
        max_digits=9,
        decimal_places=4,
        default=0,
        validators=[MinValueValidator(0)],
        help_text=_("Per million tokens."),
    )
    is_active = models.BooleanField(
        _("offered"), default=True, help_text=_("Whether it can be chosen for more entries.")
    )
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ["name"]
        verbose_name = _("provider")
        verbose_name_plural = _("providers")
        constraints = [
            models.CheckConstraint(
                condition=Q(max_in_flight__gte=1), name="profile_lets_some_through"
            ),
            models.CheckConstraint(
                condition=Q(input_price__gte=0, output_price__gte=0), name="profile_price_is_one"
            ),
        ]

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True)
class Limits:
    """What a provider allows, all workers together.

    Attributes:
        in_flight: calls at the same time.
        requests: calls begun within any 60 seconds; None for no limit.
        tokens: read and written within any 60 seconds; None for no limit.
    """

    in_flight: int
    requests: int | None = None
    tokens: int | None = None


class ProviderGate(models.Model):
    """How far one provider may be asked right now. Whoever claims runs locks its row first.

    Attributes:
        key: the id of a :class:`ProviderProfile`, or :data:`SITE_KEY`.
        allowed: calls in flight after it asked us to slow down; None for as many as its limit.
        cut_at: when `allowed` was cut last; errors of calls from before that say nothing new.
        window: `[second, calls, tokens]` of the last minute.
        outages: outages in a row, with nothing good between them.
        slowdowns: the same of slow-downs.
        breaker_code: why the breaker is open; empty while it is closed.
        probe_at: when the next single call may try whether it is over.
    """

    key = models.CharField(max_length=40, primary_key=True)
    allowed = models.FloatField(null=True)
    cut_at = models.DateTimeField(null=True)
    paused_until = models.DateTimeField(null=True)
    window = models.JSONField(default=list)
    outages = models.PositiveIntegerField(default=0)
    slowdowns = models.PositiveIntegerField(default=0)
    breaker_code = models.CharField(max_length=40, blank=True)
    breaker_detail = models.CharField(max_length=300, blank=True)
    breaker_since = models.DateTimeField(null=True)
    probe_at = models.DateTimeField(null=True)
    probe_wait = models.FloatField(default=0.0)

    class Meta:
        verbose_name = _("state of a provider")
        verbose_name_plural = _("states of providers")
        constraints = [
            models.CheckConstraint(
                condition=Q(breaker_code="", breaker_since__isnull=True, probe_at__isnull=True)
                | (~Q(breaker_code="") & Q(breaker_since__isnull=False, probe_at__isnull=False)),
                name="gate_open_breaker_has_times",
            )
        ]

    def __str__(self) -> str:
        return f"{self.key}: {self.breaker_code or 'ok'}"

    @property
    def is_open(self) -> bool:
        """Whether the breaker is open: the queue of this provider waits."""
        return bool(self.breaker_code)

    @property
    def cause(self) -> str:
        """Why the queue waits, in a sentence; empty where it does not."""
        return str(ERROR_SENTENCES[ErrorCode(self.breaker_code)]) if self.breaker_code else ""

    def room(self, now: datetime, in_flight: int, limits: Limits) -> int:
        """How many calls may begin now; tokens are looked at call by call, in :meth:`fits`."""
        if self.opens_at(now, limits) > now:
            return 0
        if self.is_open:
            return 1
        room = self._allowed(limits) - in_flight
        if limits.requests is not None:
            room = min(room, limits.requests - self._used(now, 1))
        return max(0, room)

    def fits(self, now: datetime, tokens: int, limits: Limits, *, pending: int = 0) -> bool:
        """Whether a call of so many tokens may begin now. One too big for any minute goes alone.

        Args:
            pending: tokens of calls that begin together with it.
        """
        used = self._used(now, 2) + pending
        return limits.tokens is None or used == 0 or used + tokens <= limits.tokens

    def opens_at(self, now: datetime, limits: Limits) -> datetime:
        """When to look again: `now`, or later while paused, full for this minute, or broken."""
        times = [now]
        if self.probe_at:
            times.append(self.probe_at)
        if self.paused_until:
            times.append(self.paused_until)
        is_full = limits.requests is not None and self._used(now, 1) >= limits.requests
        no_tokens = limits.tokens is not None and self._used(now, 2) >= limits.tokens
        if is_full or no_tokens:
            oldest = min(second for second, _calls, _tokens in self._recent(now))
            wait = oldest + WINDOW_SECONDS + 1 - now.timestamp()
            times.append(now + timedelta(seconds=wait))
        return max(times)

    def note_calls(self, now: datetime, calls: int, tokens: int) -> None:
        """Count calls that begin now. While the breaker is open, that is the probe."""
        self._add(now, calls, tokens)
        if self.is_open:
            self.probe_at = now + timedelta(seconds=self.probe_wait)
            longest = LONGEST_PROBE_WAIT.total_seconds()
            self.probe_wait = min(2 * self.probe_wait, longest)

    def note_tokens(self, now: datetime, tokens: int) -> None:
        """Correct what was estimated when calls began, by the difference."""
        self._add(now, 0, tokens)

    def note_successes(self, calls: int, limits: Limits) -> None:
        """Count calls that went well: the breaker closes, and more is allowed again."""
        self.outages = self.slowdowns = 0
        self.breaker_code = self.breaker_detail = ""
        self.breaker_since = self.probe_at = None
        if self.allowed is not None:
            self.allowed += GROWTH * calls
            if self.allowed >= limits.in_flight:
                self.allowed = None

    def note_error(
        self,
        now: datetime,
        code: ErrorCode,
        remedy: Remedy,
        *,
        begun_at: datetime,
        detail: str,
        retry_after: float | None,
        pause: float,
        limits: Limits,
    ) -> None:
        """Count a call that went wrong.

        Args:
            begun_at: when the call began.
            detail: a technical detail for staff.
            retry_after: seconds the provider asked to wait, if it did.
            pause: seconds to wait at the first slow-down where it did not; doubles each time.
        """
        if retry_after is not None:
            self._pause(now + timedelta(seconds=retry_after))
        if remedy is Remedy.SLOW_DOWN and (self.cut_at is None or begun_at >= self.cut_at):
            self._slow_down(now, pause if retry_after is None else 0.0, limits)
        self.outages += code in OUTAGE
        lasts = self.outages >= OUTAGE_AFTER or self.slowdowns >= SLOWDOWNS_AFTER
        if not self.is_open and (remedy is Remedy.WAIT or lasts):
            self._open(now, code, detail)

    def _slow_down(self, now: datetime, pause: float, limits: Limits) -> None:
        self.cut_at = now
        self.allowed = max(1.0, self._allowed(limits) / 2)
        seconds = min(pause * 2**self.slowdowns, LONGEST_PAUSE.total_seconds())
        self.slowdowns += 1
        # Jitter, so that two of our own clusters do not come back in step.
        self._pause(now + timedelta(seconds=seconds * random.uniform(0.5, 1.0)))  # noqa: S311

    def _open(self, now: datetime, code: ErrorCode, detail: str) -> None:
        self.breaker_code, self.breaker_detail = code, detail[:300]
        self.breaker_since = now
        self.probe_wait = FIRST_PROBE.total_seconds()
        self.probe_at = now + FIRST_PROBE

    def _pause(self, until: datetime) -> None:
        self.paused_until = max(until, self.paused_until or until)

    def _allowed(self, limits: Limits) -> int:
        return (
            limits.in_flight if self.allowed is None else min(limits.in_flight, int(self.allowed))
        )

    def _add(self, now: datetime, calls: int, tokens: int) -> None:
        second = int(now.timestamp())
        window = self._recent(now)
        if window and window[-1][0] == second:
            window[-1] = [second, window[-1][1] + calls, window[-1][2] + tokens]
        else:
            window.append([second, calls, tokens])
        self.window = window

    def _recent(self, now: datetime) -> list[list[int]]:
        since = now.timestamp() - WINDOW_SECONDS - 1
        return [list(item) for item in self.window if item[0] > since]

    def _used(self, now: datetime, column: int) -> int:
        return sum(item[column] for item in self._recent(now))
