"""What can go wrong between an answer and its evaluation. An error is never a grade."""

from __future__ import annotations

from enum import StrEnum, auto
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from grading.engine.reply import Progress


class ErrorCode(StrEnum):
    """The cause, as a stable word for programs; pages put it in a sentence."""

    RATE_LIMIT = "rate_limit"
    QUOTA_SPENT = "quota_spent"
    OVERLOADED = "overloaded"
    TIMEOUT = "timeout"
    CONNECTION = "connection"
    MALFORMED_REPLY = "malformed_reply"
    INCOMPLETE_REPLY = "incomplete_reply"
    SAFETY_BLOCK = "safety_block"
    TOO_LONG = "too_long"
    BAD_KEY = "bad_key"
    NO_MODEL = "no_model"
    BAD_REQUEST = "bad_request"
    NO_RUBRIC = "no_rubric"
    WORKER_LOST = "worker_lost"
    INTERNAL = "internal"


class Remedy(StrEnum):
    """What to do about an error."""

    RETRY = auto()
    """Another attempt may cure it; after so many attempts a person is asked."""
    SLOW_DOWN = auto()
    """Everybody asks this provider less; the run tries again, and that costs it no attempt."""
    WAIT = auto()
    """The whole account's trouble: the queue of this provider waits until a probe goes through."""
    END = auto()
    """Nothing will change: a person is asked at once."""


REMEDIES = {
    ErrorCode.RATE_LIMIT: Remedy.SLOW_DOWN,
    ErrorCode.QUOTA_SPENT: Remedy.WAIT,
    ErrorCode.OVERLOADED: Remedy.RETRY,
    ErrorCode.TIMEOUT: Remedy.RETRY,
    ErrorCode.CONNECTION: Remedy.RETRY,
    ErrorCode.MALFORMED_REPLY: Remedy.RETRY,
    ErrorCode.INCOMPLETE_REPLY: Remedy.RETRY,
    ErrorCode.SAFETY_BLOCK: Remedy.END,
    ErrorCode.TOO_LONG: Remedy.END,
    ErrorCode.BAD_KEY: Remedy.WAIT,
    ErrorCode.NO_MODEL: Remedy.WAIT,
    ErrorCode.BAD_REQUEST: Remedy.END,
    ErrorCode.NO_RUBRIC: Remedy.END,
    ErrorCode.WORKER_LOST: Remedy.RETRY,
    ErrorCode.INTERNAL: Remedy.RETRY,
}

OUTAGE = frozenset({ErrorCode.OVERLOADED, ErrorCode.TIMEOUT, ErrorCode.CONNECTION})
"""Many of these in a row, with nothing good between them, mean that the provider is down."""


class GradingError(Exception):
    """An answer could not be graded.

    Attributes:
        code: the cause.
        message: a technical detail for staff, without keys or personal data.
        raw_reply: what the provider answered, as far as anything came.
        retry_after: seconds that the provider asks to wait, where it says so.
        progress: what is known all the same, where a reply was usable in part.
    """

    def __init__(
        self,
        code: ErrorCode,
        message: str,
        *,
        raw_reply: str = "",
        retry_after: float | None = None,
        progress: Progress | None = None,
    ) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.raw_reply = raw_reply
        self.retry_after = retry_after
        self.progress = progress

    @property
    def remedy(self) -> Remedy:
        return REMEDIES[self.code]
