"""What providers that speak HTTP know in common: limits, causes of failure, what may be shown."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from grading.engine.errors import ErrorCode, GradingError

if TYPE_CHECKING:
    import httpx2

KEPT_CONNECTIONS = 256
"""Connections per provider: as many as calls may be in flight."""
IDLE_SECONDS = 4.0
"""How long a connection is kept idle: many servers hang up after 5."""
MAX_REPLY = 1_000_000
"""Bytes of a reply. No evaluation comes near it."""
MAX_DETAIL = 300
"""Characters of an error's detail; what the endpoint said in full is the raw reply."""
MAX_ERROR_BODY = 10_000
MAX_WAIT = 86_400.0
"""Seconds. A wish for a longer pause counts as one for this."""
MAX_TOKENS = 2**31 - 1
MAX_MODEL = 200

HOST = re.compile(r"[\w.:%-]+", re.ASCII)
KEY = re.compile(r"[!-~]+")
NUMBER = re.compile(r"\d{1,12}(?:\.\d{1,12})?", re.ASCII)
WORD = re.compile(r"[A-Za-z][\w.\[\]-]{1,62}", re.ASCII)

STATUS_CODES = {
    401: ErrorCode.BAD_KEY,
    402: ErrorCode.QUOTA_SPENT,
    403: ErrorCode.BAD_KEY,
    404: ErrorCode.NO_MODEL,
    408: ErrorCode.TIMEOUT,
    413: ErrorCode.TOO_LONG,
    429: ErrorCode.RATE_LIMIT,
}
"""Causes by HTTP status; any other 4xx is a bad request, and every 5xx an overload."""
WORD_CODES = {
    "api_key_invalid": ErrorCode.BAD_KEY,
    "invalid_api_key": ErrorCode.BAD_KEY,
    "insufficient_quota": ErrorCode.QUOTA_SPENT,
    "billing_hard_limit_reached": ErrorCode.QUOTA_SPENT,
    "billing_not_active": ErrorCode.QUOTA_SPENT,
    "model_not_found": ErrorCode.NO_MODEL,
    "deploymentnotfound": ErrorCode.NO_MODEL,
    "context_length_exceeded": ErrorCode.TOO_LONG,
    "exceed_context_size_error": ErrorCode.TOO_LONG,
    "string_above_max_length": ErrorCode.TOO_LONG,
    "content_filter": ErrorCode.SAFETY_BLOCK,
    "content_policy_violation": ErrorCode.SAFETY_BLOCK,
}
"""Causes by an error's own word, in lower case; in a 4xx it says more than the status."""
BAD_KEY_SENTENCE = re.compile(r"API key (not valid|expired|not found)", re.IGNORECASE)
TOO_LONG_SENTENCE = re.compile(
    r"exceeds the (maximum number of tokens|limit)|maximum context length", re.IGNORECASE
)


@dataclass(frozen=True)
class Refusal:
    """An error body, as far as it is one.

    Attributes:
        words: the server's own names of the cause, such as `RESOURCE_EXHAUSTED`.
        sentence: its text, which may quote the request: never shown, only looked through.
        delay: seconds to wait, as Google writes it into the body.
        is_day_spent: whether a quota per day is used up, which no short pause brings back.
    """

    words: tuple[str, ...] = ()
    sentence: str = ""
    delay: str = ""
    is_day_spent: bool = False


# --- before a call -----------------------------------------------------------
def check_key(key: str) -> None:
    """Refuse a key that no header can carry, before an HTTP library quotes it in its error."""
    if not KEY.fullmatch(key):
        raise GradingError(ErrorCode.BAD_KEY, "the API key is empty or has odd characters")


def check_endpoint(url: str) -> None:
    """Refuse an address that HTTP libraries choke on, each in its own way."""
    try:
        parts = urlsplit(url)
        host = (parts.hostname or "").encode("idna").decode()
        is_sound = parts.scheme in {"http", "https"} and HOST.fullmatch(host) and parts.port != 0
    except ValueError:
        is_sound = False
    if not is_sound:
        raise GradingError(ErrorCode.BAD_REQUEST, "the endpoint's URL is wrong")


def without_key(text: str, key: str) -> str:
    return text.replace(key, "(API key)") if key else text


@asynccontextmanager
async def time_limit(seconds: float) -> AsyncIterator[None]:
    """End what is awaited inside after so many seconds, however busy the endpoint keeps us.

    Raises:
        GradingError: `timeout`.
    """
    try:
        async with asyncio.timeout(seconds):
            yield
    except TimeoutError:
        raise silence(seconds) from None


def silence(seconds: float) -> GradingError:
    return GradingError(ErrorCode.TIMEOUT, f"no answer within {seconds:g} s")


# --- a refusal -----------------------------------------------------------------
def refused(status: int, headers: Mapping[str, str], body: bytes, key: str) -> GradingError:
    """The error that an HTTP error status stands for.

    Args:
        headers: a mapping that does not mind upper and lower case.
        key: what must not be shown.
    """
    text = without_key(body.decode(errors="replace"), key)
    refusal = read_refusal(text)
    # Only the server's words for the cause: its sentences may quote the request.
    message = " ".join([f"HTTP {status}", *refusal.words])
    return GradingError(
        _status_code(status, refusal),
        message[:MAX_DETAIL],
        raw_reply=text[:MAX_ERROR_BODY],
        retry_after=retry_after(headers, refusal.delay),
    )


def sent_elsewhere() -> GradingError:
    """For a redirect: following it would hand key and answer to whoever is there."""
    return GradingError(ErrorCode.BAD_REQUEST, "the endpoint sends us elsewhere")


def too_big(start: bytes, key: str) -> GradingError:
    text = without_key(start[:MAX_ERROR_BODY].decode(errors="replace"), key)
    message = f"the reply has more than {MAX_REPLY} bytes"
    return GradingError(ErrorCode.MALFORMED_REPLY, message, raw_reply=text)


def read_refusal(text: str) -> Refusal:
    """What an error body says: Google's form, OpenAI's, and what others made of them.

    Only fields are read, never the text as a whole: it may quote an answer, and an answer that
    talks of keys or quotas must not stop anything.
    """
    error = _error_of(text)
    if error is None:
        return Refusal()
    details = [part for part in _list(error.get("details")) if isinstance(part, dict)]
    named = [error.get(name) for name in ("status", "type", "param", "code")]
    named += [part.get("reason") for part in details]
    words = [word for word in named if isinstance(word, str) and WORD.fullmatch(word)]
    delays = [part["retryDelay"] for part in details if isinstance(part.get("retryDelay"), str)]
    return Refusal(
        words=tuple(dict.fromkeys(words)),
        sentence=str(error.get("message", "")),
        delay=delays[0] if delays else "",
        is_day_spent=any("PerDay" in quota for part in details for quota in _quotas(part)),
    )


def _error_of(text: str) -> dict[str, Any] | None:
    try:
        data = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if isinstance(data, list) and data:
        data = data[0]
    if isinstance(data, dict):
        data = data.get("error", data)
    return data if isinstance(data, dict) else None


def _quotas(detail: dict[str, Any]) -> Iterator[str]:
    for violation in _list(detail.get("violations")):
        if isinstance(violation, dict):
            yield str(violation.get("quotaId", ""))


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _status_code(status: int, refusal: Refusal) -> ErrorCode:
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return ErrorCode.OVERLOADED
    if status == HTTPStatus.TOO_MANY_REQUESTS and refusal.is_day_spent:
        return ErrorCode.QUOTA_SPENT
    by_word = [WORD_CODES[word.lower()] for word in refusal.words if word.lower() in WORD_CODES]
    return by_word[0] if by_word else STATUS_CODES.get(status) or _sentence_code(refusal.sentence)


def _sentence_code(sentence: str) -> ErrorCode:
    # From its start: an answer that is quoted further on may say the same.
    if BAD_KEY_SENTENCE.match(sentence):
        return ErrorCode.BAD_KEY
    return ErrorCode.TOO_LONG if TOO_LONG_SENTENCE.search(sentence) else ErrorCode.BAD_REQUEST


def retry_after(headers: Mapping[str, str], delay: str = "") -> float | None:
    """Seconds that the endpoint asks to wait, a day at most; None where it says nothing sensible.

    Args:
        headers: `retry-after-ms` (OpenAI), then `Retry-After` in seconds or as a date.
        delay: Google's `retryDelay`, such as `12.5s`.
    """
    milliseconds = _number(headers.get("retry-after-ms", ""))
    told = headers.get("retry-after", "")
    wishes = (
        None if milliseconds is None else milliseconds / 1000,
        _number(told),
        _seconds_until(told),
        _number(delay.removesuffix("s")),
    )
    return next((min(wish, MAX_WAIT) for wish in wishes if wish is not None), None)


def _number(text: str) -> float | None:
    return float(text) if NUMBER.fullmatch(text.strip()) else None


def _seconds_until(date: str) -> float | None:
    try:
        moment = parsedate_to_datetime(date)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return max(0.0, (moment - datetime.now(UTC)).total_seconds())


# --- over httpx2 -----------------------------------------------------------------
def connections() -> dict[str, Any]:
    """The options of an `httpx2.AsyncClient`.

    It has no time limits of its own: :func:`time_limit` ends everything, and costs less than a
    timer for each read.
    """
    import httpx2

    limits = httpx2.Limits(
        max_connections=KEPT_CONNECTIONS,
        max_keepalive_connections=KEPT_CONNECTIONS,
        keepalive_expiry=IDLE_SECONDS,
    )
    return {"limits": limits, "timeout": None, "follow_redirects": False}


async def exchange(
    send: Callable[..., Awaitable[httpx2.Response]], request: httpx2.Request, key: str
) -> httpx2.Response:
    """Send a request and read the whole reply.

    Args:
        send: an `httpx2.AsyncClient`'s.

    Raises:
        GradingError: no reply came, one that refuses, or one that is too big.
    """
    import httpx2

    # A compressed megabyte could be a gigabyte.
    request.headers["accept-encoding"] = "identity"
    try:
        response = await send(request, stream=True, follow_redirects=False)
        try:
            body = await _start_of(response)
        finally:
            await response.aclose()
    except (httpx2.HTTPError, httpx2.InvalidURL) as error:
        # `from None`: the library's errors hold the request, and with it key and answer.
        raise _network_error(error, key) from None
    if response.has_redirect_location:
        raise sent_elsewhere()
    if not response.is_success:
        raise refused(response.status_code, response.headers, body, key)
    if len(body) > MAX_REPLY:
        raise too_big(body, key)
    return httpx2.Response(response.status_code, content=body, request=request)


async def _start_of(response: httpx2.Response) -> bytes:
    """The body, or a little more of it than is allowed."""
    body = bytearray()
    async for chunk in response.aiter_bytes():
        body += chunk
        if len(body) > MAX_REPLY:
            break
    return bytes(body)


def _network_error(error: Exception, key: str) -> GradingError:
    import httpx2

    if isinstance(error, httpx2.TimeoutException):
        return GradingError(ErrorCode.TIMEOUT, "no answer in time")
    if isinstance(error, httpx2.RemoteProtocolError):
        return GradingError(ErrorCode.CONNECTION, "the connection broke off")
    if isinstance(error, httpx2.DecodingError):
        return GradingError(ErrorCode.MALFORMED_REPLY, "the reply cannot be decoded")
    is_network = isinstance(error, httpx2.NetworkError | httpx2.ProxyError)
    code = ErrorCode.CONNECTION if is_network else ErrorCode.BAD_REQUEST
    detail = without_key(str(error), key) or type(error).__name__
    return GradingError(code, detail[:MAX_DETAIL])


# --- a reply -------------------------------------------------------------------------
def reported_model(value: Any, asked: str) -> str:
    """The model that the provider names, or the one asked for where it names none."""
    is_name = isinstance(value, str) and value.isprintable() and 0 < len(value) <= MAX_MODEL
    return value if is_name else asked


def token_count(value: Any) -> int | None:
    """A number of tokens; None for whatever is none."""
    is_count = isinstance(value, int) and not isinstance(value, bool) and 0 < value <= MAX_TOKENS
    return value if is_count else None


# --- Google's protocol, whichever SDK reads it ------------------------------------------
NOT_GEMINI = "the endpoint does not speak Gemini's protocol"
GOOGLE_MODEL = re.compile(r"(?:(?:models|tunedModels)/)?\w[\w.@-]*", re.ASCII)

FINISHED = {"STOP", "FINISH_REASON_UNSPECIFIED", "None"}
"""With `None`, where no reason is given."""
BLOCKED = {
    "SAFETY",
    "RECITATION",
    "LANGUAGE",
    "BLOCKLIST",
    "PROHIBITED_CONTENT",
    "SPII",
    "IMAGE_SAFETY",
}


def check_google_model(model: str) -> None:
    """Refuse a model's name that leads to another address than a model's."""
    if not GOOGLE_MODEL.fullmatch(model):
        raise GradingError(ErrorCode.NO_MODEL, f"no name of a model: {model[:MAX_MODEL]!r}")


def in_order(schema: dict[str, Any]) -> dict[str, Any]:
    """The schema with the order of all properties spelled out, as Gemini wants it.

    It is the order of `required`, the one list that every SDK keeps.
    """
    schema = dict(schema)
    if "properties" in schema:
        properties = schema["properties"]
        order = list(dict.fromkeys([*schema.get("required", []), *properties]))
        schema["properties"] = {key: in_order(properties[key]) for key in order}
        schema["propertyOrdering"] = order
    if "items" in schema:
        schema["items"] = in_order(schema["items"])
    return schema


def gemini_text(response: Any) -> str:
    """The text of a `GenerateContentResponse`, from either SDK.

    Raises:
        GradingError: `safety_block`, `incomplete_reply` or `malformed_reply`: the model did not
            come to a regular end.
    """
    if not response.candidates:
        raise _no_reply(response)
    candidate = response.candidates[0]
    # Not the SDK's `text`: it joins the parts with line breaks, which breaks JSON in two.
    parts = (candidate.content and candidate.content.parts) or []
    text = "".join(part.text or "" for part in parts if not getattr(part, "thought", False))
    reason = _name(candidate.finish_reason)
    if reason not in FINISHED:
        message = f"the reply ended early: {reason[:MAX_MODEL]}"
        raise GradingError(_finish_code(reason), message, raw_reply=text)
    return text


def gemini_tokens(response: Any) -> tuple[int | None, int | None]:
    """Tokens read and written. Thinking is billed as output, but may show only in the total."""
    usage = response.usage_metadata
    if not usage:
        return None, None
    read, total = usage.prompt_token_count or 0, usage.total_token_count or 0
    return token_count(read), token_count(max(usage.candidates_token_count or 0, total - read))


def _no_reply(response: Any) -> GradingError:
    """Gemini withholds all candidates where it blocks the prompt, with or without a reason."""
    feedback, usage = response.prompt_feedback, response.usage_metadata
    block = feedback.block_reason if feedback else None
    if not (block or response.model_version or (usage and usage.total_token_count)):
        # JSON without a single field of Gemini's: a stranger at the end of the line.
        return GradingError(ErrorCode.MALFORMED_REPLY, NOT_GEMINI)
    message = f"no reply; the prompt's block reason: {_name(block)[:MAX_MODEL]}"
    return GradingError(ErrorCode.SAFETY_BLOCK, message)


def _finish_code(reason: str) -> ErrorCode:
    if reason in BLOCKED:
        return ErrorCode.SAFETY_BLOCK
    if reason == "MAX_TOKENS":
        return ErrorCode.INCOMPLETE_REPLY
    return ErrorCode.MALFORMED_REPLY  # OTHER, or a reason younger than the SDK: may well pass


def _name(value: Any) -> str:
    """An enum's name; values that the SDK does not know yet come as plain numbers."""
    return str(getattr(value, "name", value))
