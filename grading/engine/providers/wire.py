"""What providers that answer over HTTP have in common: which status means which cause."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus

from grading.engine.errors import ErrorCode, GradingError

MAX_DETAIL = 300
"""Characters of an error's detail; what the endpoint said in full is the raw reply."""
MAX_ERROR_BODY = 10_000
MAX_WAIT = 86_400.0

HTTP_CODES = {
    400: ErrorCode.BAD_REQUEST,
    401: ErrorCode.BAD_KEY,
    402: ErrorCode.QUOTA_SPENT,
    403: ErrorCode.BAD_KEY,
    404: ErrorCode.NO_MODEL,
    408: ErrorCode.TIMEOUT,
    413: ErrorCode.TOO_LONG,
    429: ErrorCode.RATE_LIMIT,
}
"""Causes by HTTP status; any other 4xx is a bad request, and every 5xx an overload."""
BAD_KEY = re.compile(
    r"API_KEY_INVALID|API key (?:not valid|expired|not found)|invalid_api_key", re.IGNORECASE
)
TOO_LONG = re.compile(
    r"exceeds the (?:maximum number of tokens|limit)|context_length_exceeded"
    r"|maximum context length|exceeds the available context size",
    re.IGNORECASE,
)
QUOTA_SPENT = re.compile(r"insufficient_quota|billing_|PerDay|credit balance", re.IGNORECASE)
"""Quotas of a day or of an account: waiting a minute changes nothing."""
NO_MODEL = re.compile(r"model_not_found|model .{0,80} does not exist", re.IGNORECASE)
RETRY_DELAY = re.compile(r'"retryDelay":\s*"(\d{1,6}(?:\.\d{1,9})?)s"')
STATUS_WORD = re.compile(r'"(?:status|reason|code|type)":\s*"([A-Za-z][A-Za-z0-9_]{2,62})"')


def http_error(
    status: int, headers: Mapping[str, str], body: bytes, *, secrets: tuple[str, ...]
) -> GradingError:
    """The cause behind an HTTP error, in the words of the protocol only.

    Its sentences may quote the request, and with it the answer: they go to the raw reply.

    Args:
        secrets: texts that must not be told, such as the key.
    """
    text = without(body.decode(errors="replace"), secrets)[:MAX_ERROR_BODY]
    words = dict.fromkeys(STATUS_WORD.findall(text))
    return GradingError(
        http_code(status, text),
        " ".join([f"HTTP {status}", *words])[:MAX_DETAIL],
        raw_reply=text,
        retry_after=retry_after(headers, text),
    )


def http_code(status: int, body: str) -> ErrorCode:
    """The cause by status, and by what the body says where the status alone is ambiguous."""
    if status == HTTPStatus.BAD_REQUEST:
        for pattern, code in (
            (BAD_KEY, ErrorCode.BAD_KEY),
            (TOO_LONG, ErrorCode.TOO_LONG),
            (NO_MODEL, ErrorCode.NO_MODEL),
        ):
            if pattern.search(body):
                return code
    if status == HTTPStatus.TOO_MANY_REQUESTS and QUOTA_SPENT.search(body):
        return ErrorCode.QUOTA_SPENT
    is_theirs = status >= HTTPStatus.INTERNAL_SERVER_ERROR
    return HTTP_CODES.get(status, ErrorCode.OVERLOADED if is_theirs else ErrorCode.BAD_REQUEST)


def retry_after(headers: Mapping[str, str], body: str = "") -> float | None:
    """Seconds that a provider asks to wait, at most a day; None where it does not say.

    Read from `retry-after-ms`, `Retry-After` in seconds or as a date (RFC 9110), or the
    `retryDelay` in the details of Google's errors.
    """
    milliseconds = _seconds(headers.get("retry-after-ms"))
    if milliseconds is not None:
        return min(milliseconds / 1000, MAX_WAIT)
    told = headers.get("retry-after") or headers.get("Retry-After")
    seconds = _seconds(told)
    if seconds is None and told:
        seconds = _seconds_until(told)
    if seconds is None and (delay := RETRY_DELAY.search(body)):
        seconds = float(delay[1])
    return None if seconds is None else min(seconds, MAX_WAIT)


def without(text: str, secrets: tuple[str, ...]) -> str:
    """A text in which no secret stands."""
    for secret in secrets:
        text = text.replace(secret, "(API key)") if secret else text
    return text


def checked_key(key: str) -> str:
    """A key that can go into a header.

    Raises:
        GradingError: `bad_key`.
    """
    if not re.fullmatch(r"[!-~]+", key):
        raise GradingError(ErrorCode.BAD_KEY, "the API key is empty or has odd characters")
    return key


def silence(timeout: float) -> GradingError:
    """No answer came in time."""
    return GradingError(ErrorCode.TIMEOUT, f"no answer within {timeout:g} s")


def _seconds(text: str | None) -> float | None:
    try:
        value = float(text or "")
    except ValueError:
        return None
    return value if math.isfinite(value) and value >= 0 else None


def _seconds_until(text: str) -> float | None:
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, TypeError, OverflowError):
        return None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return max(0.0, (moment - datetime.now(UTC)).total_seconds())
