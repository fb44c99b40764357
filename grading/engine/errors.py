"""What can go wrong between an answer and its evaluation. An error is never a grade."""

from enum import StrEnum


class ErrorCode(StrEnum):
    """The cause, as a stable word for programs; pages put it in a sentence."""

    RATE_LIMIT = "rate_limit"
    OVERLOADED = "overloaded"
    TIMEOUT = "timeout"
    CONNECTION = "connection"
    MALFORMED_REPLY = "malformed_reply"
    INCOMPLETE_REPLY = "incomplete_reply"
    SAFETY_BLOCK = "safety_block"
    TOO_LONG = "too_long"
    BAD_KEY = "bad_key"
    BAD_REQUEST = "bad_request"
    NO_RUBRIC = "no_rubric"
    WORKER_LOST = "worker_lost"
    INTERNAL = "internal"


TRANSIENT = frozenset(
    {
        ErrorCode.RATE_LIMIT,
        ErrorCode.OVERLOADED,
        ErrorCode.TIMEOUT,
        ErrorCode.CONNECTION,
        ErrorCode.MALFORMED_REPLY,
        ErrorCode.INCOMPLETE_REPLY,
        ErrorCode.WORKER_LOST,
        ErrorCode.INTERNAL,
    }
)
"""Causes that another attempt may cure; all others end the run at once."""


class GradingError(Exception):
    """An answer could not be graded.

    Attributes:
        code: the cause.
        message: a technical detail for staff, without keys or personal data.
        raw_reply: what the provider answered, as far as anything came.
    """

    def __init__(self, code: ErrorCode, message: str, *, raw_reply: str = "") -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.raw_reply = raw_reply

    @property
    def is_transient(self) -> bool:
        return self.code in TRANSIENT
