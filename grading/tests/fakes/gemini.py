"""A verified fake of Gemini's REST API: the real SDK talks to it, over a real connection.

It answers `generateContent` from the request alone: the reply follows the request's own response
schema, whatever the rubric, and quotes the answer that the prompt fences off. A longer answer
reaches better levels. Every request is kept, so that tests can read what was on the wire; and it
fails on demand, in all the ways of :data:`REPLIES`, :data:`BREAKS` and `status_<code>`.

In a test::

    with FakeGemini() as fake:
        fake.play("status_503", times=2)  # then good again
        provider = GeminiProvider(api_key="k", model="m", endpoint=fake.url)

On its own, for processes that cannot share an object; it prints its URL once it listens::

    python -m grading.tests.fakes.gemini --port 8099 --fault status_503
    curl 127.0.0.1:8099/control -d '{"fault": "hang", "times": 1}'

The server listens on the loopback interface only.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import re
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import Any

from grading.tests.fakes.server import Fake, Handler

GENERATE = re.compile(r"/v1(?:beta)?/models/([^/:]+):generateContent$")
FENCED_ANSWER = re.compile(r"^(=====ANSWER-\w+=====)\n(.*)\n\1$", re.MULTILINE | re.DOTALL)
SENTENCE = re.compile(r"\S.*?(?:[.!?](?=\s|$)|$)", re.MULTILINE)
STATUS_FAULT = re.compile(r"status_([45]\d\d)$")
WORDS_PER_LEVEL = 20
"""An answer climbs one level for each so many words."""

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
class Call:
    """A request as it came in. Header names are in lower case."""

    path: str
    headers: dict[str, str]
    body: dict[str, Any]

    @property
    def model(self) -> str:
        match = GENERATE.search(self.path.partition("?")[0])
        return match[1] if match else ""

    @property
    def schema(self) -> dict[str, Any]:
        return self.body["generationConfig"]["responseSchema"]

    @property
    def system(self) -> str:
        return _text(self.body["systemInstruction"])

    @property
    def user(self) -> str:
        return _text(self.body["contents"][-1])

    @property
    def answer(self) -> str:
        """The answer that the prompt fences off; empty where there is none."""
        match = FENCED_ANSWER.search(self.user)
        return match[2] if match else ""

    @property
    def wants_numbers(self) -> bool:
        """Whether enums are to be sent as numbers, as the SDK asks."""
        return "enum-encoding%3Dint" in self.path


@dataclass(frozen=True)
class Answer:
    """What goes back: a body, as JSON unless it is bytes already."""

    body: Any
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def data(self) -> bytes:
        return self.body if isinstance(self.body, bytes) else json.dumps(self.body).encode()


def good_reply(call: Call) -> dict[str, Any]:
    """A reply in the request's schema, its properties in the order that was asked for."""
    properties = call.schema["properties"]
    return {
        key: _criterion_reply(properties[key], call.answer)
        if "properties" in properties[key]
        else "<p>The fake has read your answer.</p>"
        for key in _order(call.schema)
    }


def _criterion_reply(schema: dict[str, Any], answer: str) -> dict[str, Any]:
    levels = schema["properties"]["level"]["enum"]
    words = len(answer.split())
    sentence = SENTENCE.search(answer)
    reply = {
        "evidence": [sentence[0]] if sentence else [],
        "reasoning": f"The answer has {words} words.",
        "level": levels[max(0, len(levels) - 1 - words // WORDS_PER_LEVEL)],
        "confidence": 90,
    }
    return {key: reply[key] for key in _order(schema)}


def _order(schema: dict[str, Any]) -> list[str]:
    """Gemini's rule: the order that was asked for, or the alphabet's."""
    return schema.get("propertyOrdering") or sorted(schema["properties"])


def _text(content: dict[str, Any]) -> str:
    return "".join(part.get("text", "") for part in content["parts"])


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


def _good(call: Call) -> Answer:
    return completion(call, json.dumps(good_reply(call)))


def _in_parts(call: Call) -> Answer:
    """A good reply, broken into parts in the middle of a word."""
    text = json.dumps(good_reply(call))
    answer = completion(call, text)
    half = text.index("fake") + 2
    answer.body["candidates"][0]["content"]["parts"] = [
        {"text": text[:half]},
        {"text": text[half:]},
    ]
    return answer


def _changed(call: Call, **changes: Any) -> Answer:
    """A good reply but for some keys of its first criterion."""
    reply = good_reply(call)
    reply["criterion_0"].update(changes)
    return completion(call, json.dumps(reply))


def _missing_criterion(call: Call) -> Answer:
    reply = good_reply(call)
    del reply["criterion_0"]
    return completion(call, json.dumps(reply))


def _cut(call: Call, finish: str) -> Answer:
    text = json.dumps(good_reply(call))
    return completion(call, text[: len(text) // 2], finish)


def _blocked_prompt(call: Call) -> Answer:
    reason = "PROHIBITED_CONTENT"
    block = BLOCK_NUMBERS[reason] if call.wants_numbers else reason
    return Answer({"promptFeedback": {"blockReason": block}, **_report(call, "")})


def refusal(status: int, message: str, *, reason: str = "") -> Answer:
    """An error as Google words it."""
    error: dict[str, Any] = {
        "code": status,
        "message": message,
        "status": STATUS_NAMES.get(status, "UNKNOWN"),
    }
    if reason:
        kind = "type.googleapis.com/google.rpc.ErrorInfo"
        error["details"] = [{"@type": kind, "reason": reason, "domain": "googleapis.com"}]
    return Answer({"error": error}, status)


def _bad_key(_call: Call) -> Answer:
    message = "API key not valid. Please pass a valid API key."
    return refusal(400, message, reason="API_KEY_INVALID")


def _too_long(_call: Call) -> Answer:
    message = (
        "The input token count (1200000) exceeds the maximum number of tokens allowed (1048576)."
    )
    return refusal(400, message)


def _echo(call: Call) -> Answer:
    """A refusal that repeats all it was told, as a careless proxy might."""
    return refusal(400, f"Refused: {call.headers.get('x-goog-api-key')}: {call.user}")


REPLIES: dict[str, Callable[[Call], Answer]] = {
    "": _good,
    "in_parts": _in_parts,
    "invented_quote": lambda call: _changed(call, evidence=["Nobody ever wrote this sentence."]),
    "unsure": lambda call: _changed(call, confidence=5),
    "unknown_level": lambda call: _changed(call, level="level_99"),
    "missing_criterion": _missing_criterion,
    "prose": lambda call: completion(call, "I would give this answer full marks."),
    "fenced": lambda call: completion(call, f"```json\n{json.dumps(good_reply(call))}\n```"),
    "truncated": lambda call: _cut(call, "STOP"),
    "max_tokens": lambda call: _cut(call, "MAX_TOKENS"),
    "safety": lambda call: completion(call, "", "SAFETY"),
    "recitation": lambda call: completion(call, "", "RECITATION"),
    "other": lambda call: completion(call, "", "OTHER"),
    "blocked_prompt": _blocked_prompt,
    "no_candidates": lambda call: Answer({"candidates": [], **_report(call, "")}),
    "bad_key": _bad_key,
    "too_long": _too_long,
    "echo": _echo,
    "error_list": lambda call: Answer([_bad_key(call).body], 400),
    "plain_error": lambda _call: Answer({"error": "upstream is gone"}, 502),
    "garbage": lambda _call: Answer(b"<html><body>Please log in to the network.</body></html>"),
    "binary": lambda _call: Answer(b"\xff\xfe\x00\x80"),
    "wrong_shape": lambda _call: Answer({"candidates": "none", "usageMetadata": []}),
    "json_list": lambda _call: Answer([]),
    "empty_body": lambda _call: Answer(b""),
    "redirect": lambda _call: Answer(b"", 307, {"Location": "/elsewhere"}),
}
"""Replies by the fault's name; the empty name is a good one."""

BREAKS = {"hang", "stall", "cut_off", "reset"}
"""Silence at once, silence after half a body, the end after half a body, a connection reset."""


def is_fault(name: str) -> bool:
    return name in REPLIES or name in BREAKS or STATUS_FAULT.match(name) is not None


# --- the server ------------------------------------------------------------
class _Handler(Handler, BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        is_control = self.path == "/control"
        self._send(Answer(self.server.fake.state()) if is_control else refusal(404, "Not found."))

    def do_POST(self) -> None:
        try:
            body = json.loads(self.read_body())
        except ValueError:
            self._send(refusal(400, "Invalid JSON payload received."))
            return
        if self.path == "/control":
            self._send(self._control(body))
            return
        call = Call(self.path, self.read_headers(), body)
        with self.server.fake.take(call) as fault:
            self._respond(fault, call)

    def _control(self, body: dict[str, Any]) -> Answer:
        fake = self.server.fake
        try:
            fake.delay = float(body.pop("delay", fake.delay))
            if body:
                fake.play(**body)
        except (TypeError, ValueError) as error:
            return refusal(400, str(error))
        return Answer(fake.state())

    def _respond(self, fault: str, call: Call) -> None:
        if fault == "hang":
            self._keep_silent()
        elif fault == "reset":
            self.reset()
        else:
            answer = self.server.fake.answer(fault, call)
            self._send(answer, half=fault in {"stall", "cut_off"})
            if fault == "stall":
                self._keep_silent()

    def _send(self, answer: Answer, *, half: bool = False) -> None:
        data = answer.data
        self.send_response(answer.status)
        for name, value in {"Content-Type": "application/json", **answer.headers}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data[: len(data) // 2] if half else data)
        self.wfile.flush()
        self.close_connection = self.close_connection or half

    def _keep_silent(self) -> None:
        self.server.fake.is_over.wait(self.server.fake.silence)
        self.close_connection = True


class FakeGemini(Fake[Call, str]):
    """The server, as a context manager.

    Args:
        fault: what goes wrong from the start; empty for nothing.
        port: 0 for any free one.
        delay: seconds before each answer.
        silence: seconds that `hang` and `stall` last at most; leaving the context ends them too.
    """

    handler = _Handler

    def __init__(
        self, fault: str = "", *, port: int = 0, delay: float = 0.0, silence: float = 30.0
    ) -> None:
        super().__init__("", port=port, delay=delay)
        self.silence = silence
        self._retry_after: int | None = None
        self.play(fault)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def play(self, fault: str, *, times: int | None = None, retry_after: int | None = None) -> None:
        """Switch the fault.

        Args:
            times: for so many requests, after those already in line; None is from now on.
            retry_after: seconds that a `status_<code>` tells the caller to wait.

        Raises:
            ValueError: there is no such fault.
        """
        if not is_fault(fault):
            raise ValueError(f"no such fault: {fault}")
        with self._lock:
            self._retry_after = retry_after
            self._play(fault, times)

    def state(self) -> dict[str, Any]:
        """The fault that comes next, and the number of requests so far."""
        with self._lock:
            fault = self._script[0] if self._script else self._usual
            return {"fault": fault, "calls": len(self.calls)}

    def answer(self, fault: str, call: Call) -> Answer:
        if not call.model:
            return refusal(404, "Not found.")
        if not call.headers.get("x-goog-api-key"):
            return refusal(403, "Method doesn't allow unregistered callers.")
        match = STATUS_FAULT.match(fault)
        if not match:
            return REPLIES[fault if fault in REPLIES else ""](call)
        answer = refusal(int(match[1]), "The fake fails on demand.")
        if self._retry_after is not None:
            answer.headers["Retry-After"] = str(self._retry_after)
        return answer


def main() -> None:
    """Serve until the process is told to stop."""
    parser = argparse.ArgumentParser(description="A fake of Gemini's REST API on loopback.")
    parser.add_argument("--port", type=int, default=0, help="0 for any free one")
    parser.add_argument("--fault", default="", help="what goes wrong from the start")
    parser.add_argument("--delay", type=float, default=0.0, help="seconds before each answer")
    options = parser.parse_args()
    if not is_fault(options.fault):
        parser.error(f"no such fault: {options.fault}")
    with FakeGemini(options.fault, port=options.port, delay=options.delay) as fake:
        sys.stdout.write(f"{fake.url}\n")
        sys.stdout.flush()
        with contextlib.suppress(KeyboardInterrupt):
            fake.is_over.wait()


if __name__ == "__main__":
    main()
