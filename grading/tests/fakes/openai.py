"""A verified fake of OpenAI's chat API, and of the many servers that speak it.

In a test::

    with FakeOpenAI() as fake:
        fake.play("status_429_after_2", times=2)  # then good again
        provider = OpenAIProvider(api_key="k", model="m", endpoint=fake.url)

On its own, for processes that cannot share an object; it prints its URL once it listens::

    python -m grading.tests.fakes.openai --port 8099 --delay 2 --mix status_429=0.1,prose=0.05
    curl 127.0.0.1:8099/control -d '{"fault": "hang", "times": 1}'

How it replies and fails, see :mod:`grading.tests.fakes.replies`. A key is not asked for, as local
servers do. The server listens on the loopback interface only.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from grading.tests.fakes import replies
from grading.tests.fakes.replies import Answer, FakeModel, good_text, half_text, serve

CHAT = "/v1/chat/completions"
KINDS = {
    401: "authentication_error",
    429: "requests",
    500: "server_error",
    503: "server_error",
}


@dataclass(frozen=True)
class Call(replies.Call):
    """A request for a chat completion."""

    @property
    def model(self) -> str:
        return self.body["model"] if self.path == CHAT else ""

    @property
    def key(self) -> str:
        return self.headers.get("authorization", "").removeprefix("Bearer ")

    @property
    def schema(self) -> dict[str, Any]:
        return self.body["response_format"]["json_schema"]["schema"]

    @property
    def system(self) -> str:
        return "".join(m["content"] for m in self.body["messages"] if m["role"] == "system")

    @property
    def parts(self) -> list[str]:
        content = self.body["messages"][-1]["content"]
        return [content] if isinstance(content, str) else [part["text"] for part in content]


# --- replies ---------------------------------------------------------------
def completion(call: Call, text: str | None, finish: str = "stop", **message: Any) -> Answer:
    """The envelope of a reply, with the tokens counted in words."""
    read, written = len(call.user.split()), len((text or "").split())
    choice = {
        "index": 0,
        "message": {"role": "assistant", "content": text, "refusal": None, **message},
        "finish_reason": finish,
    }
    return Answer(
        {
            "id": "chatcmpl-fake",
            "object": "chat.completion",
            "created": 1_790_000_000,
            "model": f"{call.model}-fake",
            "choices": [choice],
            "usage": {
                "prompt_tokens": read,
                "completion_tokens": written,
                "total_tokens": read + written,
            },
        }
    )


def refusal(status: int, message: str, *, code: str | None = None, kind: str = "") -> Answer:
    """An error as OpenAI words it."""
    kind = kind or KINDS.get(status, "invalid_request_error")
    return Answer(
        {"error": {"message": message, "type": kind, "param": None, "code": code}}, status
    )


def _no_candidates(call: Call) -> Answer:
    answer = completion(call, "")
    answer.body["choices"] = []
    return answer


def _without_report(call: Call) -> Answer:
    """A good reply of a server that tells neither model nor tokens."""
    answer = completion(call, good_text(call))
    del answer.body["model"], answer.body["usage"]
    return answer


def _insufficient_quota(_call: Call) -> Answer:
    message = "You exceeded your current quota, please check your plan and billing details."
    return refusal(429, message, code="insufficient_quota", kind="insufficient_quota")


def _milliseconds(_call: Call) -> Answer:
    answer = refusal(429, "Rate limit reached.", code="rate_limit_exceeded")
    return Answer(answer.body, 429, {"retry-after-ms": "1500", "Retry-After": "2"})


def _unsupported(_call: Call) -> Answer:
    message = "Unsupported value: 'temperature' does not support 0.0 with this model."
    answer = refusal(400, message, code="unsupported_value")
    answer.body["error"]["param"] = "temperature"
    return answer


REPLIES = {
    "max_tokens": lambda call: completion(call, half_text(call), "length"),
    "safety": lambda call: completion(call, "", "content_filter"),
    "refusal": lambda call: completion(call, None, refusal="I'm sorry, I cannot help with that."),
    "blocked_prompt": lambda _call: refusal(400, "The prompt was filtered.", code="content_filter"),
    "no_candidates": _no_candidates,
    "no_text": lambda call: completion(call, None),
    "no_report": _without_report,
    "bad_key": lambda _call: refusal(401, "Incorrect API key provided.", code="invalid_api_key"),
    "no_model": lambda _call: refusal(404, "The model does not exist.", code="model_not_found"),
    "too_long": lambda _call: refusal(400, "Too many tokens.", code="context_length_exceeded"),
    "insufficient_quota": _insufficient_quota,
    "milliseconds": _milliseconds,
    "unsupported": _unsupported,
    "wrong_shape": lambda _call: Answer({"choices": "none", "usage": []}),
}
"""OpenAI's own replies by the fault's name."""


class FakeOpenAI(FakeModel[Call]):
    """The server; see :class:`grading.tests.fakes.replies.FakeModel`."""

    call = Call
    own = REPLIES
    completion = staticmethod(completion)
    refusal = staticmethod(refusal)

    @property
    def url(self) -> str:
        return f"{super().url}/v1"

    def refuse(self, call: Call) -> Answer | None:
        if not call.model:
            return refusal(404, "Invalid URL.")
        if not _is_strict(call.schema):
            return refusal(400, "Invalid schema for response_format.", code="invalid_json_schema")
        return None


def _is_strict(schema: dict[str, Any]) -> bool:
    """What strict mode asks of a schema: all properties are required, and there are no others."""
    if "items" in schema:
        return _is_strict(schema["items"])
    if "properties" not in schema:
        return True
    properties = schema["properties"]
    is_closed = schema.get("additionalProperties") is False
    is_complete = set(schema.get("required", [])) == set(properties)
    return is_closed and is_complete and all(map(_is_strict, properties.values()))


if __name__ == "__main__":
    serve(FakeOpenAI, "A fake of OpenAI's chat API on loopback.")
