"""Google's Gemini, through `google-genai`, the SDK that followed `google-generativeai`.

The SDK is imported on first use: it is heavy, and the web server never needs it.
"""

from __future__ import annotations

import asyncio
import re
from typing import Any

from pydantic import ValidationError

from grading.engine.errors import ErrorCode, GradingError
from grading.engine.providers.gemini import BLOCKED, FINISHED, NOT_GEMINI
from grading.engine.providers.wire import MAX_DETAIL, checked_key, http_error, silence, without
from grading.engine.types import Completion, GradingRequest, Prompt

MILLISECONDS = 1000


class GenaiProvider:
    """Asks a Gemini model. Its connections belong to the event loop it is awaited in.

    Args:
        api_key: goes into a request header, and nowhere else.
        model: such as `gemini-2.5-flash`.
        endpoint: URL of another server that speaks the protocol; empty for Google's own.
        timeout: seconds that a call may take in all.
        temperature: 0 (steady) to 2.
    """

    name = "google-genai"
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
        self._client: Any = None

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
        client = self._connect()
        try:
            async with asyncio.timeout(self._timeout):
                response = await client.aio.models.generate_content(
                    model=self._model, contents=_contents(prompt), config=self._config(prompt)
                )
        except Exception as error:
            # `from None`: the SDK's own errors may quote the request, and with it the answer.
            raise self._grading_error(error) from None
        usage = response.usage_metadata
        read = usage.prompt_token_count if usage else None
        total = usage.total_token_count if usage else None
        written = usage.candidates_token_count if usage else None
        return Completion(
            text=_text_of(response),
            model=response.model_version or self._model,
            input_tokens=read,
            # Thinking is billed as output, but shows only in the total.
            output_tokens=max(written or 0, (total or 0) - (read or 0)) or None,
        )

    async def close(self) -> None:
        """Close idle connections. The next call opens new ones."""
        client, self._client = self._client, None
        if client is not None:
            await client.aio.aclose()

    def _connect(self) -> Any:
        if self._client is None:
            key = checked_key(self._api_key)
            from google import genai
            from google.genai import types

            options = types.HttpOptions(
                base_url=self._endpoint or None,
                timeout=round(MILLISECONDS * self._timeout),
                retry_options=types.HttpRetryOptions(attempts=1),
                async_client_args={"follow_redirects": False},
            )
            self._client = genai.Client(api_key=key, vertexai=False, http_options=options)
        return self._client

    def _config(self, prompt: Prompt) -> Any:
        from google.genai import types

        temperature = self._temperature if prompt.temperature is None else prompt.temperature
        return types.GenerateContentConfig(
            system_instruction=prompt.system,
            temperature=temperature,
            response_mime_type="application/json",
            response_json_schema=prompt.schema,
        )

    def _grading_error(self, error: Exception) -> GradingError:
        import httpx2
        from google.genai import errors

        if isinstance(error, errors.APIError):
            return self._api_error(error)
        if isinstance(error, TimeoutError | httpx2.TimeoutException):
            return silence(self._timeout)
        if isinstance(error, httpx2.DecodingError | ValidationError | ValueError | TypeError):
            return GradingError(ErrorCode.MALFORMED_REPLY, NOT_GEMINI)
        if isinstance(error, httpx2.TransportError):
            message = without(f"{type(error).__name__}: {error}", (self._api_key,))
            return GradingError(ErrorCode.CONNECTION, message[:MAX_DETAIL])
        return GradingError(ErrorCode.INTERNAL, f"{type(error).__name__} in the SDK")

    def _api_error(self, error: Any) -> GradingError:
        status = int(error.code or 0)
        if 300 <= status < 400:  # noqa: PLR2004 (the range of redirects)
            return GradingError(ErrorCode.BAD_REQUEST, "the endpoint sends us elsewhere")
        import json

        body = json.dumps(error.details, default=str).encode()
        headers = dict(getattr(error.response, "headers", None) or {})
        return http_error(status, headers, body, secrets=(self._api_key,))


def _contents(prompt: Prompt) -> list[dict[str, Any]]:
    parts = [{"text": text} for text in (prompt.task, prompt.answer) if text]
    return [{"role": "user", "parts": parts}]


def _text_of(response: Any) -> str:
    """The reply's text.

    Raises:
        GradingError: `safety_block`, `incomplete_reply` or `malformed_reply`: the model did not
            come to a regular end.
    """
    if not response.candidates:
        block = getattr(response.prompt_feedback, "block_reason", None)
        if not (block or response.model_version or response.usage_metadata):
            return _refuse(ErrorCode.MALFORMED_REPLY, NOT_GEMINI)
        name = getattr(block, "name", block)
        return _refuse(ErrorCode.SAFETY_BLOCK, f"no reply; the prompt's block reason: {name}")
    candidate = response.candidates[0]
    parts = (candidate.content.parts if candidate.content else None) or []
    text = "".join(part.text or "" for part in parts if not part.thought)
    reason = str(getattr(candidate.finish_reason, "name", candidate.finish_reason) or "STOP")
    if reason in FINISHED:
        return text
    code = ErrorCode.MALFORMED_REPLY
    if reason in BLOCKED:
        code = ErrorCode.SAFETY_BLOCK
    elif reason == "MAX_TOKENS":
        code = ErrorCode.INCOMPLETE_REPLY
    return _refuse(code, f"the reply ended early: {re.sub('[^A-Z_0-9]', '?', reason)[:60]}", text)


def _refuse(code: ErrorCode, message: str, raw: str = "") -> str:
    raise GradingError(code, message, raw_reply=raw)
