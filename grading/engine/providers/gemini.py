"""Google's Gemini, through the `google-generativeai` SDK over REST.

The SDK is imported on first use: it is heavy, it warns about its end of life, and a process that
forks after the import would carry it into every child.
"""

from __future__ import annotations

import json
import re
import threading
import warnings
from http import HTTPStatus
from typing import Any, cast

import requests
from requests.adapters import HTTPAdapter
from urllib3.exceptions import ReadTimeoutError

from grading.engine.errors import ErrorCode, GradingError
from grading.engine.types import Completion, GradingRequest, Prompt

KEPT_CONNECTIONS = 256
"""Idle connections kept per provider: as many as calls may be in flight."""
MAX_DETAIL = 300
"""Characters of an error's detail; what the endpoint said in full is the raw reply."""
MAX_ERROR_BODY = 10_000
NOT_GEMINI = "the endpoint does not speak Gemini's protocol"

HTTP_CODES = {
    400: ErrorCode.BAD_REQUEST,
    401: ErrorCode.BAD_KEY,
    403: ErrorCode.BAD_KEY,
    408: ErrorCode.TIMEOUT,
    413: ErrorCode.TOO_LONG,
    429: ErrorCode.RATE_LIMIT,
}
"""Causes by HTTP status; any other 4xx is a bad request, and every 5xx an overload."""
BAD_KEY = re.compile(r"API_KEY_INVALID|API key (not valid|expired|not found)", re.IGNORECASE)
TOO_LONG = re.compile(r"exceeds the (maximum number of tokens|limit)", re.IGNORECASE)
STATUS_WORD = re.compile(r'"(?:status|reason)":\s*"([A-Z][A-Z0-9_]{2,62})"')

FINISHED = {"STOP", "FINISH_REASON_UNSPECIFIED"}
BLOCKED = {
    "SAFETY",
    "RECITATION",
    "LANGUAGE",
    "BLOCKLIST",
    "PROHIBITED_CONTENT",
    "SPII",
    "IMAGE_SAFETY",
}


class GeminiProvider:
    """Asks a Gemini model. One instance serves any number of threads, with connections of its own.

    Args:
        api_key: goes into a request header, and nowhere else.
        model: such as `gemini-2.5-flash`.
        endpoint: URL of another server that speaks the protocol; empty for Google's own.
        timeout: seconds that the endpoint may stay silent.
        temperature: 0 (steady) to 2.
    """

    name = "gemini"
    uses_ai = True

    def __init__(
        self,
        *,
        api_key: str,
        model: str,
        endpoint: str = "",
        timeout: float = 60.0,
        temperature: float = 0.0,
    ) -> None:
        self._api_key = api_key
        self._model = model
        self._endpoint = endpoint.rstrip("/")
        self._timeout = timeout
        self._temperature = temperature
        self._lock = threading.Lock()
        self._client: Any = None

    @property
    def parameters(self) -> dict[str, Any]:
        """What shaped the reply, and by whose endpoint where it is not Google's own."""
        shaped = {"model": self._model, "temperature": self._temperature}
        return {**shaped, "endpoint": self._endpoint} if self._endpoint else shaped

    def complete(self, request: GradingRequest, prompt: Prompt) -> Completion:
        """Send the prompt, and nothing else of the request.

        Raises:
            GradingError: no complete reply came; the message names neither key nor answer.
        """
        try:
            response = self._generate(prompt)
        except GradingError:
            raise
        except Exception as error:
            # `from None`: the SDK's own errors may quote the request, and with it the answer.
            raise self._grading_error(error) from None
        usage = response.usage_metadata
        return Completion(
            text=_text_of(response),
            model=response.model_version or self._model,
            input_tokens=usage.prompt_token_count or None,
            output_tokens=_output_tokens(usage),
        )

    def close(self) -> None:
        """Close idle connections. The next call opens new ones."""
        with self._lock:
            client, self._client = self._client, None
        if client is not None:
            client.transport.close()

    def _generate(self, prompt: Prompt) -> Any:
        client = self._connect()
        import google.generativeai as genai

        config = genai.GenerationConfig(
            temperature=self._temperature,
            response_mime_type="application/json",
            response_schema=prompt.schema,
        )
        model = genai.GenerativeModel(
            self._model, system_instruction=prompt.system, generation_config=config
        )
        # The SDK offers only `configure()`, one key for the whole process; ours is per instance.
        model._client = client
        options = {"timeout": self._timeout, "retry": None}
        return model.generate_content(prompt.user, request_options=options)

    def _connect(self) -> Any:
        with self._lock:
            if self._client is None:
                self._client = self._new_client()
            return self._client

    def _new_client(self) -> Any:
        if not re.fullmatch(r"[!-~]+", self._api_key):
            raise GradingError(ErrorCode.BAD_KEY, "the API key is empty or has odd characters")
        _import_sdk()
        from google.ai.generativelanguage import GenerativeServiceClient

        options = {"api_key": self._api_key}
        if self._endpoint:
            options["api_endpoint"] = self._endpoint
        client = GenerativeServiceClient(transport="rest", client_options=options)
        for scheme in ("https://", "http://"):
            client.transport._session.mount(scheme, _Wire(pool_maxsize=KEPT_CONNECTIONS))
        return client

    def _grading_error(self, error: Exception) -> GradingError:
        from google.protobuf.json_format import ParseError

        if isinstance(error, requests.HTTPError) and error.response is not None:
            return self._http_error(error.response)
        if isinstance(error, requests.RequestException):
            code = _network_code(error)
            silence = f"no answer within {self._timeout:g} s"
            message = silence if code is ErrorCode.TIMEOUT else self._without_key(str(error))
            return GradingError(code, message[:MAX_DETAIL])
        if isinstance(error, ParseError | UnicodeDecodeError):
            return GradingError(ErrorCode.MALFORMED_REPLY, NOT_GEMINI)
        if isinstance(error, ValueError):
            message = f"the SDK refuses the request; model: {self._model!r}"
            return GradingError(ErrorCode.BAD_REQUEST, message[:MAX_DETAIL])
        return GradingError(ErrorCode.INTERNAL, f"{type(error).__name__} in the SDK")

    def _http_error(self, response: requests.Response) -> GradingError:
        body = self._without_key(response.content.decode(errors="replace"))[:MAX_ERROR_BODY]
        # Only Google's words for the cause: its sentences may quote the request.
        words = dict.fromkeys(STATUS_WORD.findall(body))
        message = " ".join([f"HTTP {response.status_code}", *words])
        code = _http_code(response.status_code, body)
        return GradingError(code, message[:MAX_DETAIL], raw_reply=body)

    def _without_key(self, text: str) -> str:
        return text.replace(self._api_key, "(API key)")


class _Wire(HTTPAdapter):
    """The SDK's HTTP connection, put right in three places.

    - Its `Schema` is a map that forgets the order of properties, so that a model could name a
      level before its reasons. The order is written into the request here.
    - It would follow a redirect and hand the key to whoever is there.
    - It trips over error bodies that are not exactly Google's. Here an error status becomes an
      `HTTPError` whatever came with it.
    """

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> Any:
        body = json.loads(cast("str", request.body))
        _ask_for_order(body["generationConfig"]["responseSchema"])
        request.prepare_body(data=json.dumps(body).encode(), files=None)
        response = super().send(request, *args, **kwargs)
        if response.is_redirect:
            response.close()
            raise requests.TooManyRedirects("the endpoint sends us elsewhere")
        if not response.ok:
            _ = response.content  # read now, while a broken connection is still told as one
            response.raise_for_status()
        return response


def _ask_for_order(schema: dict[str, Any]) -> None:
    """Spell out the order of all properties: that of `required`, the one list the SDK keeps."""
    if "properties" in schema:
        properties = schema["properties"]
        order = list(dict.fromkeys([*schema.get("required", []), *properties]))
        schema["properties"] = {key: properties[key] for key in order}
        schema["propertyOrdering"] = order
        for part in properties.values():
            _ask_for_order(part)
    if "items" in schema:
        _ask_for_order(schema["items"])


def _import_sdk() -> None:
    """Import the SDK without its notice that support has ended: we know, and pin it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        import google.generativeai  # noqa: F401


def _network_code(error: requests.RequestException) -> ErrorCode:
    if isinstance(error, requests.exceptions.ContentDecodingError):
        return ErrorCode.MALFORMED_REPLY
    # Silence in the middle of a body comes as a ConnectionError around the real cause.
    is_silence = any(isinstance(cause, ReadTimeoutError) for cause in error.args)
    if is_silence or isinstance(error, requests.Timeout):
        return ErrorCode.TIMEOUT
    if isinstance(error, requests.ConnectionError | requests.exceptions.ChunkedEncodingError):
        return ErrorCode.CONNECTION
    return ErrorCode.BAD_REQUEST  # the endpoint's URL is wrong, or leads elsewhere


def _http_code(status: int, body: str) -> ErrorCode:
    if status == HTTPStatus.BAD_REQUEST:
        if BAD_KEY.search(body):
            return ErrorCode.BAD_KEY
        if TOO_LONG.search(body):
            return ErrorCode.TOO_LONG
    is_theirs = status >= HTTPStatus.INTERNAL_SERVER_ERROR
    return HTTP_CODES.get(status, ErrorCode.OVERLOADED if is_theirs else ErrorCode.BAD_REQUEST)


def _text_of(response: Any) -> str:
    """The reply's text.

    Raises:
        GradingError: `safety_block`, `incomplete_reply` or `malformed_reply`: the model did not
            come to a regular end.
    """
    if not response.candidates:
        raise _no_reply(response)
    candidate = response.candidates[0]
    # Not the SDK's `text`: it joins the parts with line breaks, which breaks JSON in two.
    text = "".join(part.text for part in candidate.content.parts)
    reason = _name(candidate.finish_reason)
    if reason not in FINISHED:
        message = f"the reply ended early: {reason}"
        raise GradingError(_finish_code(reason), message, raw_reply=text)
    return text


def _no_reply(response: Any) -> GradingError:
    """Gemini withholds all candidates where it blocks the prompt, with or without a reason."""
    block = response.prompt_feedback.block_reason
    if not (block or response.model_version or response.usage_metadata.total_token_count):
        # JSON without a single field of Gemini's: a stranger at the end of the line.
        return GradingError(ErrorCode.MALFORMED_REPLY, NOT_GEMINI)
    return GradingError(
        ErrorCode.SAFETY_BLOCK, f"no reply; the prompt's block reason: {_name(block)}"
    )


def _finish_code(reason: str) -> ErrorCode:
    if reason in BLOCKED:
        return ErrorCode.SAFETY_BLOCK
    if reason == "MAX_TOKENS":
        return ErrorCode.INCOMPLETE_REPLY
    return ErrorCode.MALFORMED_REPLY  # OTHER, or a reason younger than the SDK: may well pass


def _name(value: Any) -> str:
    """An enum's name; values that the SDK does not know yet come as plain numbers."""
    return str(getattr(value, "name", value))


def _output_tokens(usage: Any) -> int | None:
    """Tokens written. Thinking is billed as output, but shows only in the total."""
    thought_and_written = usage.total_token_count - usage.prompt_token_count
    return max(usage.candidates_token_count, thought_and_written) or None
