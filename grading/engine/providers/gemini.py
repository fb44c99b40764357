"""Google's Gemini, through the `google-generativeai` SDK over REST.

The SDK is imported on first use: it is heavy, it warns about its end of life, and a process that
forks after the import would carry it into every child.
"""

from __future__ import annotations

import asyncio
import json
import threading
import warnings
from concurrent.futures import ThreadPoolExecutor
from typing import Any, cast

import requests
from requests.adapters import HTTPAdapter
from urllib3.exceptions import ReadTimeoutError

from grading.engine.errors import ErrorCode, GradingError
from grading.engine.providers.wire import MAX_DETAIL, checked_key, http_error, silence, without
from grading.engine.types import Completion, GradingRequest, Prompt

KEPT_CONNECTIONS = 256
"""Idle connections kept per provider: as many as calls may be in flight."""
NOT_GEMINI = "the endpoint does not speak Gemini's protocol"

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
    """Asks a Gemini model. Its calls block, so each has a thread while it lasts.

    Args:
        api_key: goes into a request header, and nowhere else.
        model: such as `gemini-2.5-flash`.
        endpoint: URL of another server that speaks the protocol; empty for Google's own.
        timeout: seconds that a call may take in all.
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
        self._threads: ThreadPoolExecutor | None = None

    @property
    def parameters(self) -> dict[str, Any]:
        """What shaped the reply, and by whose endpoint where it is not Google's own."""
        shaped = {"model": self._model, "temperature": self._temperature}
        return {**shaped, "endpoint": self._endpoint} if self._endpoint else shaped

    async def complete(self, request: GradingRequest, prompt: Prompt) -> Completion:
        """Send the prompt, and nothing else of the request.

        Raises:
            GradingError: no complete reply came; the message names neither key nor answer.
        """
        loop = asyncio.get_running_loop()
        try:
            # The thread's own time limit is for silence: bytes that drip would never end.
            async with asyncio.timeout(self._timeout):
                return await loop.run_in_executor(self._pool(), self._complete, prompt)
        except TimeoutError:
            raise silence(self._timeout) from None

    async def close(self) -> None:
        """Close idle connections. The next call opens new ones."""
        with self._lock:
            client, self._client = self._client, None
            threads, self._threads = self._threads, None
        if threads is not None:
            threads.shutdown(wait=False)
        if client is not None:
            client.transport.close()

    def _pool(self) -> ThreadPoolExecutor:
        with self._lock:
            if self._threads is None:
                self._threads = ThreadPoolExecutor(KEPT_CONNECTIONS, thread_name_prefix="gemini")
            return self._threads

    def _complete(self, prompt: Prompt) -> Completion:
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

    def _generate(self, prompt: Prompt) -> Any:
        client = self._connect()
        import google.generativeai as genai

        config = genai.GenerationConfig(
            temperature=self._temperature if prompt.temperature is None else prompt.temperature,
            response_mime_type="application/json",
            response_schema=prompt.schema,
        )
        model = genai.GenerativeModel(
            self._model, system_instruction=prompt.system, generation_config=config
        )
        # The SDK offers only `configure()`, one key for the whole process; ours is per instance.
        model._client = client
        options = {"timeout": self._timeout, "retry": None}
        parts = [text for text in (prompt.task, prompt.answer) if text]
        return model.generate_content(parts, request_options=options)

    def _connect(self) -> Any:
        with self._lock:
            if self._client is None:
                self._client = self._new_client()
            return self._client

    def _new_client(self) -> Any:
        key = checked_key(self._api_key)
        _import_sdk()
        from google.ai.generativelanguage import GenerativeServiceClient

        options = {"api_key": key}
        if self._endpoint:
            options["api_endpoint"] = self._endpoint
        client = GenerativeServiceClient(transport="rest", client_options=options)
        for scheme in ("https://", "http://"):
            client.transport._session.mount(scheme, _Wire(pool_maxsize=KEPT_CONNECTIONS))
        return client

    def _grading_error(self, error: Exception) -> GradingError:
        from google.protobuf.json_format import ParseError

        if isinstance(error, requests.HTTPError) and error.response is not None:
            response = error.response
            secrets = (self._api_key,)
            return http_error(
                response.status_code, response.headers, response.content, secrets=secrets
            )
        if isinstance(error, requests.RequestException):
            code = _network_code(error)
            if code is ErrorCode.TIMEOUT:
                return silence(self._timeout)
            return GradingError(code, without(str(error), (self._api_key,))[:MAX_DETAIL])
        if isinstance(error, ParseError | UnicodeDecodeError):
            return GradingError(ErrorCode.MALFORMED_REPLY, NOT_GEMINI)
        if isinstance(error, ValueError):
            message = f"the SDK refuses the request; model: {self._model!r}"
            return GradingError(ErrorCode.BAD_REQUEST, message[:MAX_DETAIL])
        return GradingError(ErrorCode.INTERNAL, f"{type(error).__name__} in the SDK")


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
