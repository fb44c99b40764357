"""A verified fake of Gemini's REST API: the real SDKs talk to it, over a real connection.

In a test::

    with FakeGemini() as fake:
        fake.play("status_503", times=2)  # then good again
        provider = GeminiProvider(api_key="k", model="m", endpoint=fake.url)

On its own, for processes that cannot share an object; it prints its URL once it listens::

    python -m grading.tests.fakes.gemini --port 8099 --fault status_503
    curl 127.0.0.1:8099/control -d '{"fault": "hang", "times": 1}'

How it replies and fails, see :mod:`grading.tests.fakes.replies`. The server listens on the loopback
interface only.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from grading.tests.fakes import replies
from grading.tests.fakes.replies import Answer, FakeModel, good_text, half_text, serve

GENERATE = re.compile(r"/v1(?:beta)?/models/([^/:]+):generateContent$")

STATUS_NAMES = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    429: "RESOURCE_EXHAUSTED",
    500: "INTERNAL",
    503: "UNAVAILABLE",
    504: "DEADLINE_EXCEEDED",
}
FINISH_NUMBERS = {"STOP": 1, "MAX_TOKENS": 2, "SAFETY": 3, "RECITATION": 4, "OTHER": 5}
BLOCK_NUMBERS = {"SAFETY": 1, "PROHIBITED_CONTENT": 4}


@dataclass(frozen=True)
class Call(replies.Call):
    """A request for content."""

    @property
    def model(self) -> str:
        match = GENERATE.search(self.path.partition("?")[0])
        return match[1] if match else ""

    @property
    def key(self) -> str:
        return self.headers.get("x-goog-api-key", "")

    @property
    def schema(self) -> dict[str, Any]:
        config = self.body["generationConfig"]
        return config.get("responseSchema") or config["responseJsonSchema"]

    @property
    def system(self) -> str:
        return "".join(_texts(self.body["systemInstruction"]))

    @property
    def parts(self) -> list[str]:
        return _texts(self.body["contents"][-1])

    @property
    def wants_numbers(self) -> bool:
        """Whether enums are to be sent as numbers, as the old SDK asks."""
        return "enum-encoding%3Dint" in self.path

    def order(self, schema: dict[str, Any]) -> list[str]:
        """Gemini's rule: the order that was asked for, or the alphabet's."""
        return schema.get("propertyOrdering") or sorted(schema["properties"])


def _texts(content: dict[str, Any]) -> list[str]:
    return [part.get("text", "") for part in content["parts"]]


# --- replies ---------------------------------------------------------------
def completion(call: Call, text: str, finish: str = "STOP") -> Answer:
    """The envelope of a reply, with the tokens counted in words."""
    candidate: dict[str, Any] = {
        "index": 0,
        "finishReason": FINISH_NUMBERS[finish] if call.wants_numbers else finish,
    }
    if text:
        candidate["content"] = {"role": "model", "parts": [{"text": text}]}
    return Answer({"candidates": [candidate], **_report(call, text)})


def _report(call: Call, text: str) -> dict[str, Any]:
    read, written = len(call.user.split()), len(text.split())
    counts = {
        "promptTokenCount": read,
        "candidatesTokenCount": written,
        "totalTokenCount": read + written,
    }
    return {"usageMetadata": counts, "modelVersion": f"{call.model}-fake"}


def _in_parts(call: Call) -> Answer:
    """A good reply, broken into parts in the middle of a word."""
    text = good_text(call)
    answer = completion(call, text)
    half = text.index("words") + 2
    answer.body["candidates"][0]["content"]["parts"] = [
        {"text": text[:half]},
        {"text": text[half:]},
    ]
    return answer


def _blocked_prompt(call: Call) -> Answer:
    reason = "PROHIBITED_CONTENT"
    block = BLOCK_NUMBERS[reason] if call.wants_numbers else reason
    return Answer({"promptFeedback": {"blockReason": block}, **_report(call, "")})


def refusal(status: int, message: str, *details: dict[str, Any]) -> Answer:
    """An error as Google words it."""
    error = {"code": status, "message": message, "status": STATUS_NAMES.get(status, "UNKNOWN")}
    return Answer({"error": {**error, **({"details": details} if details else {})}}, status)


def _detail(kind: str, **content: Any) -> dict[str, Any]:
    return {"@type": f"type.googleapis.com/google.rpc.{kind}", **content}


def _bad_key(_call: Call) -> Answer:
    message = "API key not valid. Please pass a valid API key."
    info = _detail("ErrorInfo", reason="API_KEY_INVALID", domain="googleapis.com")
    return refusal(400, message, info)


def _too_long(_call: Call) -> Answer:
    message = (
        "The input token count (1200000) exceeds the maximum number of tokens allowed (1048576)."
    )
    return refusal(400, message)


def _quota(period: str) -> Answer:
    message = "You exceeded your current quota, please check your plan and billing details."
    quota = f"GenerateRequestsPer{period}PerProjectPerModel-FreeTier"
    failure = _detail("QuotaFailure", violations=[{"quotaId": quota, "quotaValue": "10"}])
    return refusal(429, message, failure, _detail("RetryInfo", retryDelay="12.5s"))


REPLIES = {
    "in_parts": _in_parts,
    "max_tokens": lambda call: completion(call, half_text(call), "MAX_TOKENS"),
    "safety": lambda call: completion(call, "", "SAFETY"),
    "recitation": lambda call: completion(call, "", "RECITATION"),
    "other": lambda call: completion(call, "", "OTHER"),
    "blocked_prompt": _blocked_prompt,
    "no_candidates": lambda call: Answer({"candidates": [], **_report(call, "")}),
    "bad_key": _bad_key,
    "too_long": _too_long,
    "quota_per_minute": lambda _call: _quota("Minute"),
    "quota_per_day": lambda _call: _quota("Day"),
    "error_list": lambda call: Answer([_bad_key(call).body], 400),
    "wrong_shape": lambda _call: Answer({"candidates": "none", "usageMetadata": []}),
}
"""Gemini's own replies by the fault's name."""


class FakeGemini(FakeModel[Call]):
    """The server; see :class:`grading.tests.fakes.replies.FakeModel`."""

    call = Call
    own = REPLIES
    completion = staticmethod(completion)
    refusal = staticmethod(refusal)

    def refuse(self, call: Call) -> Answer | None:
        if not call.model:
            return refusal(404, "Not found.")
        return None if call.key else refusal(403, "Method doesn't allow unregistered callers.")


if __name__ == "__main__":
    serve(FakeGemini, "A fake of Gemini's REST API on loopback.")
