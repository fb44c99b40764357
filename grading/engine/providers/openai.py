"""Anything that speaks the OpenAI chat API: OpenAI, Azure, vLLM, Ollama, llama.cpp's server ...

One POST without an SDK: the limits on time and size, and what to make of each error, are ours.
"""

from __future__ import annotations

import asyncio
import json
from http import HTTPStatus
from typing import Any

import httpx2
from pydantic import BaseModel, ConfigDict, ValidationError

from grading.engine.errors import ErrorCode, GradingError
from grading.engine.providers.wire import MAX_DETAIL, checked_key, http_error, silence, without
from grading.engine.types import Completion, GradingRequest, Prompt

OPENAI = "https://api.openai.com/v1"
MAX_CONNECTIONS = 256
MAX_BODY = 2_000_000
"""Bytes of a response; an honest one has a hundredth of that."""
NOT_OPENAI = "the endpoint does not speak the OpenAI chat protocol"
BLOCKED = "content_filter"
CUT = "length"


class _Part(BaseModel):
    model_config = ConfigDict(extra="ignore")


class _Message(_Part):
    content: str | None = None
    refusal: str | None = None


class _Choice(_Part):
    message: _Message
    finish_reason: str | None = None


class _Usage(_Part):
    prompt_tokens: int | None = None
    completion_tokens: int | None = None


class _Response(_Part):
    choices: list[_Choice]
    model: str | None = None
    usage: _Usage | None = None


class OpenAIProvider:
    """Asks a model behind a chat API. Its connections belong to the event loop it is awaited in.

    Args:
        api_key: goes into a request header, and nowhere else; may be empty for a server that wants
            none.
        model: as the server calls it.
        endpoint: base URL up to `/v1`; empty for OpenAI's own.
        timeout: seconds that a call may take in all.
        temperature: 0 (steady) to 2.
    """

    name = "openai"
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
        self._client: httpx2.AsyncClient | None = None

    @property
    def parameters(self) -> dict[str, Any]:
        """What shaped the reply, and by whose endpoint where it is not OpenAI's own."""
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
                status, headers, body = await self._post(client, self._body(prompt))
        except (TimeoutError, httpx2.TimeoutException):
            raise silence(self._timeout) from None
        except httpx2.DecodingError:
            raise GradingError(ErrorCode.MALFORMED_REPLY, NOT_OPENAI) from None
        except httpx2.TransportError as error:
            message = without(f"{type(error).__name__}: {error}", (self._api_key,))
            raise GradingError(ErrorCode.CONNECTION, message[:MAX_DETAIL]) from None
        except (httpx2.InvalidURL, httpx2.UnsupportedProtocol):
            raise GradingError(ErrorCode.BAD_REQUEST, "the endpoint's address is wrong") from None
        if HTTPStatus.MULTIPLE_CHOICES <= status < HTTPStatus.BAD_REQUEST:
            raise GradingError(ErrorCode.BAD_REQUEST, "the endpoint sends us elsewhere")
        if status >= HTTPStatus.BAD_REQUEST:
            raise http_error(status, headers, body, secrets=(self._api_key,))
        return self._completion(body)

    async def close(self) -> None:
        """Close idle connections. The next call opens new ones."""
        client, self._client = self._client, None
        if client is not None:
            await client.aclose()

    def _connect(self) -> httpx2.AsyncClient:
        if self._client is None:
            key = {"Authorization": f"Bearer {checked_key(self._api_key)}"} if self._api_key else {}
            self._client = httpx2.AsyncClient(
                headers={"Content-Type": "application/json", **key},
                timeout=self._timeout,
                limits=httpx2.Limits(
                    max_connections=MAX_CONNECTIONS, max_keepalive_connections=MAX_CONNECTIONS
                ),
                follow_redirects=False,
            )
        return self._client

    async def _post(
        self, client: httpx2.AsyncClient, body: bytes
    ) -> tuple[int, dict[str, str], bytes]:
        url = f"{self._endpoint or OPENAI}/chat/completions"
        async with client.stream("POST", url, content=body) as response:
            headers = {name.lower(): value for name, value in response.headers.items()}
            parts, size = [], 0
            async for part in response.aiter_bytes():
                size += len(part)
                if size > MAX_BODY:
                    message = f"the response has more than {MAX_BODY} bytes"
                    raise GradingError(ErrorCode.MALFORMED_REPLY, message)
                parts.append(part)
            return response.status_code, headers, b"".join(parts)

    def _body(self, prompt: Prompt) -> bytes:
        texts = [text for text in (prompt.task, prompt.answer) if text]
        temperature = self._temperature if prompt.temperature is None else prompt.temperature
        body = {
            "model": self._model,
            "temperature": temperature,
            "messages": [
                {"role": "system", "content": prompt.system},
                {"role": "user", "content": [{"type": "text", "text": text} for text in texts]},
            ],
            "response_format": {
                "type": "json_schema",
                "json_schema": {"name": "grading", "strict": True, "schema": strict(prompt.schema)},
            },
        }
        return json.dumps(body).encode()

    def _completion(self, body: bytes) -> Completion:
        try:
            response = _Response.model_validate_json(body)
        except ValidationError:
            raw = without(body[:10_000].decode(errors="replace"), (self._api_key,))
            raise GradingError(ErrorCode.MALFORMED_REPLY, NOT_OPENAI, raw_reply=raw) from None
        if not response.choices:
            raise GradingError(ErrorCode.SAFETY_BLOCK, "no reply")
        choice = response.choices[0]
        text = choice.message.content or ""
        if choice.message.refusal or choice.finish_reason == BLOCKED:
            raw = choice.message.refusal or text
            raise GradingError(ErrorCode.SAFETY_BLOCK, "the model refused", raw_reply=raw)
        if choice.finish_reason == CUT:
            message = "the reply ended early: length"
            raise GradingError(ErrorCode.INCOMPLETE_REPLY, message, raw_reply=text)
        usage = response.usage or _Usage()
        return Completion(
            text=text,
            model=response.model or self._model,
            input_tokens=usage.prompt_tokens,
            output_tokens=usage.completion_tokens,
        )


def strict(schema: dict[str, Any]) -> dict[str, Any]:
    """The schema as the API's strict mode wants it: objects take no other properties."""
    result = dict(schema)
    if "properties" in schema:
        result["properties"] = {name: strict(part) for name, part in schema["properties"].items()}
        result["additionalProperties"] = False
    if "items" in schema:
        result["items"] = strict(schema["items"])
    return result
