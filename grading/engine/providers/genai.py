"""Google's Gemini, through `google-genai`, the SDK that followed `google-generativeai`.

The SDK is imported on first use: it is heavy, and a process that forks after the import would
carry it into every child.
"""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import httpx2

from grading.engine.errors import ErrorCode, GradingError
from grading.engine.providers import wire
from grading.engine.types import Completion, GradingRequest, Prompt

GOOGLE = "https://generativelanguage.googleapis.com"
API_VERSION = "v1beta"
"""The one whose requests may have a schema and a system message."""


class GenaiProvider:
    """Asks a Gemini model. One instance serves any number of calls at once, in one event loop.

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
        self._lock = threading.Lock()
        self._http: _Client | None = None
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
        if self._client is None:
            # In a thread, because it takes a second; and it is not the endpoint's time.
            await asyncio.to_thread(self._connect)
        async with wire.time_limit(self._timeout):
            response = await self._generate(self._connect(), prompt)
        input_tokens, output_tokens = wire.gemini_tokens(response)
        return Completion(
            text=wire.gemini_text(response),
            model=wire.reported_model(response.model_version, self._model),
            input_tokens=input_tokens,
            output_tokens=output_tokens,
        )

    async def close(self) -> None:
        """Close all connections; calls still under way fail. The next call opens new ones."""
        with self._lock:
            client, http = self._client, self._http
            self._client = self._http = None
        if client is not None and http is not None:
            client.close()
            await http.aclose()

    async def _generate(self, client: Any, prompt: Prompt) -> Any:
        parts = [{"text": text} for text in (prompt.task, prompt.answer) if text]
        contents = [{"role": "user", "parts": parts}]
        config = self._config(prompt)
        try:
            return await client.aio.models.generate_content(
                model=self._model, contents=contents, config=config
            )
        except GradingError:
            raise
        except (ValueError, TypeError, AttributeError, LookupError, RecursionError):
            # The request is sound; what the SDK stumbles over is the reply. `from None`: its own
            # errors may quote the request, and with it the answer.
            raise GradingError(ErrorCode.MALFORMED_REPLY, wire.NOT_GEMINI) from None
        except Exception as error:
            message = f"{type(error).__name__} in the SDK"
            raise GradingError(ErrorCode.INTERNAL, message) from None

    def _config(self, prompt: Prompt) -> Any:
        from google.genai import types

        own = self._temperature
        return types.GenerateContentConfig(
            system_instruction=prompt.system,
            temperature=own if prompt.temperature is None else prompt.temperature,
            response_mime_type="application/json",
            response_json_schema=wire.in_order(prompt.schema),
            automatic_function_calling=types.AutomaticFunctionCallingConfig(disable=True),
        )

    def _connect(self) -> Any:
        with self._lock:
            if self._client is None:
                self._client = self._new_client()
            return self._client

    def _new_client(self) -> Any:
        wire.check_key(self._api_key)
        wire.check_google_model(self._model)
        if self._endpoint:
            wire.check_endpoint(self._endpoint)
        from google import genai
        from google.genai import types

        self._http = _Client(self._api_key)
        options = types.HttpOptions(
            base_url=self._endpoint or GOOGLE,
            api_version=API_VERSION,
            httpx_async_client=self._http,
        )
        # Told outright, or the SDK asks the environment. Without retry options it never retries.
        return genai.Client(api_key=self._api_key, vertexai=False, http_options=options)


class _Client(httpx2.AsyncClient):
    """What the SDK speaks HTTP with: limited as the other providers are, and with their errors."""

    def __init__(self, api_key: str) -> None:
        self._api_key = api_key
        super().__init__(**wire.connections())

    async def send(self, request: httpx2.Request, **_options: Any) -> httpx2.Response:
        return await wire.exchange(super().send, request, self._api_key)
