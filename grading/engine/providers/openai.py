"""Every server that speaks OpenAI's chat API: OpenAI itself, vLLM, Ollama, llama.cpp, gateways.

It is one POST, so it goes over plain HTTP, without an SDK.
"""

from __future__ import annotations

import json
from typing import Any

import httpx2

from grading.engine.errors import ErrorCode, GradingError
from grading.engine.providers import wire
from grading.engine.types import Completion, GradingRequest, Prompt

OPENAI = "https://api.openai.com/v1"
NOT_OPENAI = "the endpoint does not speak OpenAI's protocol"


class OpenAIProvider:
    """Asks a model over the chat API. One instance serves any number of calls at once.

    Args:
        api_key: goes into a request header, and nowhere else; empty for servers without keys.
        model: as the server names it.
        endpoint: the URL before `/chat/completions`; empty for OpenAI's own.
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
        self._endpoint = (endpoint or OPENAI).rstrip("/")
        self._timeout = timeout
        self._temperature = temperature
        self._client: httpx2.AsyncClient | None = None

    @property
    def parameters(self) -> dict[str, Any]:
        """What shaped the reply, and by whose endpoint where it is not OpenAI's own."""
        shaped = {"model": self._model, "temperature": self._temperature}
        is_own = self._endpoint == OPENAI
        return shaped if is_own else {**shaped, "endpoint": self._endpoint}

    async def complete(self, request: GradingRequest, prompt: Prompt) -> Completion:
        """Send the prompt, and nothing else of the request.

        Raises:
            GradingError: no complete reply came; the message names neither key nor answer.
        """
        async with wire.time_limit(self._timeout):
            body = await self._post(self._body(prompt))
        return _completion(body, self._model)

    async def close(self) -> None:
        """Close all connections; calls still under way fail. The next call opens new ones."""
        client, self._client = self._client, None
        if client is not None:
            await client.aclose()

    def _body(self, prompt: Prompt) -> dict[str, Any]:
        texts = [text for text in (prompt.task, prompt.answer) if text]
        own = self._temperature
        return {
            "model": self._model,
            "messages": [
                {"role": "system", "content": prompt.system},
                {"role": "user", "content": [{"type": "text", "text": text} for text in texts]},
            ],
            "response_format": {
                "type": "json_schema",
                "json_schema": {
                    "name": "evaluation",
                    "strict": True,
                    "schema": strict(prompt.schema),
                },
            },
            "temperature": own if prompt.temperature is None else prompt.temperature,
        }

    async def _post(self, body: dict[str, Any]) -> bytes:
        wire.check_endpoint(self._endpoint)
        headers = {"content-type": "application/json"}
        if self._api_key:
            wire.check_key(self._api_key)
            headers["authorization"] = f"Bearer {self._api_key}"
        client = self._connect()
        url = f"{self._endpoint}/chat/completions"
        content = json.dumps(body).encode()
        request = client.build_request("POST", url, headers=headers, content=content)
        response = await wire.exchange(client.send, request, self._api_key)
        return response.content

    def _connect(self) -> httpx2.AsyncClient:
        if self._client is None:
            self._client = httpx2.AsyncClient(**wire.connections())
        return self._client


def strict(schema: dict[str, Any]) -> dict[str, Any]:
    """The schema as strict mode wants it: all properties are required, and there are no others."""
    schema = dict(schema)
    if "properties" in schema:
        schema["properties"] = {key: strict(part) for key, part in schema["properties"].items()}
        schema["required"] = list(schema["properties"])
        schema["additionalProperties"] = False
    if "items" in schema:
        schema["items"] = strict(schema["items"])
    return schema


def _completion(body: bytes, model: str) -> Completion:
    """Read a reply.

    Raises:
        GradingError: `safety_block`, `incomplete_reply` or `malformed_reply`.
    """
    data = _object(_json(body))
    choices = data.get("choices")
    if choices == [] and "model" in data:
        raise GradingError(ErrorCode.SAFETY_BLOCK, "no reply, and no reason given")
    choice = _object(choices[0] if isinstance(choices, list) and choices else None)
    usage = data.get("usage")
    usage = usage if isinstance(usage, dict) else {}
    return Completion(
        text=_text_of(choice),
        model=wire.reported_model(data.get("model"), model),
        input_tokens=wire.token_count(usage.get("prompt_tokens")),
        output_tokens=wire.token_count(usage.get("completion_tokens")),
    )


def _text_of(choice: dict[str, Any]) -> str:
    message = _object(choice.get("message"))
    content, reason = message.get("content"), choice.get("finish_reason")
    text = content if isinstance(content, str) else ""
    if message.get("refusal"):
        raise GradingError(ErrorCode.SAFETY_BLOCK, "the model refuses", raw_reply=text)
    if reason == "content_filter":
        raise _early_end(ErrorCode.SAFETY_BLOCK, reason, text)
    if reason == "length":
        raise _early_end(ErrorCode.INCOMPLETE_REPLY, reason, text)
    if not isinstance(content, str):
        raise GradingError(ErrorCode.MALFORMED_REPLY, "the reply has no text")
    # Other reasons are many servers' many words for a regular end: the text has to stand alone.
    return text


def _early_end(code: ErrorCode, reason: str, text: str) -> GradingError:
    return GradingError(code, f"the reply ended early: {reason}", raw_reply=text)


def _json(body: bytes) -> Any:
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        raise GradingError(ErrorCode.MALFORMED_REPLY, NOT_OPENAI) from None


def _object(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise GradingError(ErrorCode.MALFORMED_REPLY, NOT_OPENAI)
    return value
