"""What every fake of a language model has in common: how it replies, and how it fails.

It answers from the request alone: the reply follows the request's own response schema, whatever
the rubric, and quotes the answer that the prompt fences off. A longer answer reaches better levels.
Every request is kept, so that tests can read what was on the wire; and it fails on demand, in all
the ways of :data:`TEXTS`, :data:`ANSWERS`, :data:`BREAKS`, its protocol's own, and
`status_<code>`, or `status_<code>_after_<seconds>` with a Retry-After.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import random
import re
import sys
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from time import monotonic
from typing import Any, ClassVar, TypeVar

from grading.tests.fakes.server import Fake, Handler

FENCED_ANSWER = re.compile(r"^(=====ANSWER-\w+=====)\n(.*)\n\1$", re.MULTILINE | re.DOTALL)
SENTENCE = re.compile(r"\S.*?(?:[.!?](?=\s|$)|$)", re.MULTILINE)
STATUS_FAULT = re.compile(r"status_([45]\d\d)(?:_after_(\d+))?$")
WORDS_PER_LEVEL = 20
"""An answer climbs one level for each so many words."""
LONG, OVERSIZE = 100_000, 2_000_000
"""Characters of the reasons of a long reply, and of one that nobody should read to its end."""
DRIP_SECONDS = 0.05


@dataclass(frozen=True)
class Call(ABC):
    """A request as it came in. Header names are in lower case."""

    path: str
    headers: dict[str, str]
    body: dict[str, Any]

    @property
    @abstractmethod
    def model(self) -> str:
        """The model asked for; empty where the path leads to none."""

    @property
    @abstractmethod
    def key(self) -> str: ...

    @property
    @abstractmethod
    def schema(self) -> dict[str, Any]: ...

    @property
    @abstractmethod
    def system(self) -> str: ...

    @property
    @abstractmethod
    def parts(self) -> list[str]:
        """The texts of the user's message."""

    @property
    def user(self) -> str:
        return "\n\n".join(self.parts)

    @property
    def answer(self) -> str:
        """The answer that the prompt fences off; empty where there is none."""
        found = [match[2] for part in self.parts if (match := FENCED_ANSWER.search(part))]
        return found[-1] if found else ""

    def order(self, schema: dict[str, Any]) -> list[str]:
        """The order in which the model writes an object's properties."""
        return list(schema["properties"])


@dataclass(frozen=True)
class Answer:
    """What goes back: a body, as JSON unless it is bytes already."""

    body: Any
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def data(self) -> bytes:
        return self.body if isinstance(self.body, bytes) else json.dumps(self.body).encode()


# --- texts -------------------------------------------------------------------
def good_reply(call: Call) -> dict[str, Any]:
    """A reply in the request's schema, its properties in the order that was asked for."""
    properties = call.schema["properties"]
    return {
        key: _criterion_reply(call, properties[key])
        if _is_criterion(properties[key])
        else "<p>The fake has read your answer.</p>"
        for key in call.order(call.schema)
    }


def good_text(call: Call) -> str:
    return json.dumps(good_reply(call))


def _is_criterion(schema: dict[str, Any]) -> bool:
    return "level" in schema.get("properties", {})


def _criterion_reply(call: Call, schema: dict[str, Any]) -> dict[str, Any]:
    levels = schema["properties"]["level"]["enum"]
    words = len(call.answer.split())
    sentence = SENTENCE.search(call.answer)
    reply = {
        "evidence": [sentence[0]] if sentence else [],
        "reasoning": f"The answer has {words} words.",
        "level": levels[max(0, len(levels) - 1 - words // WORDS_PER_LEVEL)],
        "confidence": 90,
    }
    return {key: reply[key] for key in call.order(schema)}


def _first_criterion(call: Call) -> str:
    """The key of the first criterion asked for; empty where none is."""
    properties = call.schema["properties"]
    return next((key for key in call.order(call.schema) if _is_criterion(properties[key])), "")


def _changed(call: Call, **changes: Any) -> str:
    """A good reply but for some keys of its first criterion."""
    reply = good_reply(call)
    reply.get(_first_criterion(call), {}).update(changes)
    return json.dumps(reply)


def _missing_criterion(call: Call) -> str:
    reply = good_reply(call)
    reply.pop(_first_criterion(call), None)
    return json.dumps(reply)


def _extra_criterion(call: Call) -> str:
    """One criterion more than was asked for, as a model may invent it."""
    reply = good_reply(call)
    extra = reply.get(_first_criterion(call), {})
    return json.dumps({**reply, "criterion_99": extra})


def half_text(call: Call) -> str:
    text = good_text(call)
    return text[: len(text) // 2]


TEXTS: dict[str, Callable[[Call], str]] = {
    "": good_text,
    "invented_quote": lambda call: _changed(call, evidence=["Nobody ever wrote this sentence."]),
    "unsure": lambda call: _changed(call, confidence=5),
    "unknown_level": lambda call: _changed(call, level="level_99"),
    "missing_criterion": _missing_criterion,
    "extra_criterion": _extra_criterion,
    "prose": lambda _call: "I would give this answer full marks.",
    "fenced": lambda call: f"```json\n{good_text(call)}\n```",
    "truncated": half_text,
    "long_reply": lambda call: _changed(call, reasoning="Because. " * (LONG // 9)),
    "oversize": lambda call: _changed(call, reasoning="x" * OVERSIZE),
}
"""What the model says, by the fault's name; the empty name is a good reply. All are sound to the
protocol."""

ANSWERS: dict[str, Answer] = {
    "plain_error": Answer({"error": "upstream is gone"}, 502),
    "garbage": Answer(b"<html><body>Please log in to the network.</body></html>"),
    "binary": Answer(b"\xff\xfe\x00\x80"),
    "deep": Answer(b"[" * 100_000),
    "json_list": Answer([]),
    "json_object": Answer({"hello": "world"}),
    "empty_body": Answer(b""),
    "redirect": Answer(b"", 307, {"Location": "/elsewhere"}),
}
"""What is no model's reply, by the fault's name."""

BREAKS = {"hang", "stall", "cut_off", "reset", "drip", "drip_head"}
"""Silence at once, silence after half a body, the end after half a body, a connection reset; a body
that comes byte by byte, a head that does."""

# --- the server --------------------------------------------------------------
C = TypeVar("C", bound=Call)


class _Handler(Handler, BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        fake = self.server.fake
        is_control = self.path == "/control"
        self._send(Answer(fake.state()) if is_control else fake.refusal(404, "Not found."))

    def do_POST(self) -> None:
        fake = self.server.fake
        try:
            body = json.loads(self.read_body())
        except ValueError:
            self._send(fake.refusal(400, "Invalid JSON payload received."))
            return
        if self.path == "/control":
            self._send(self._control(body))
            return
        call = fake.call(self.path, self.read_headers(), body)
        with fake.take(call) as fault:
            self._respond(fault, call)

    def _control(self, options: dict[str, Any]) -> Answer:
        fake = self.server.fake
        try:
            fake.control(**options)
        except (TypeError, ValueError) as error:
            return fake.refusal(400, str(error))
        return Answer(fake.state())

    def _respond(self, fault: str, call: Call) -> None:
        if fault == "hang":
            self._keep_silent()
        elif fault == "reset":
            self.reset()
        elif fault == "drip_head":
            self._drip(b"HTTP/1.1 200 OK\r\nX-Drip: ", b"x" * 10_000)
        else:
            self._answer(fault, self.server.fake.answer(fault, call))

    def _answer(self, fault: str, answer: Answer) -> None:
        if fault == "drip":
            length = len(answer.data)
            self._drip(f"HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n".encode(), answer.data)
            return
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

    def _drip(self, head: bytes, data: bytes) -> None:
        fake, end = self.server.fake, monotonic() + self.server.fake.silence
        self.connection.sendall(head)
        for byte in data:
            if fake.is_over.wait(DRIP_SECONDS) or monotonic() > end:
                break
            self.connection.sendall(bytes([byte]))
        self.close_connection = True


class FakeModel(Fake[C, str]):
    """The server, as a context manager.

    Args:
        fault: what goes wrong from the start; empty for nothing.
        port: 0 for any free one.
        delay: seconds before each answer.
        silence: seconds that `hang`, `stall` and the drips last at most; leaving the context ends
            them too.
        mix: for a chaos run, the share (0 to 1) of calls that each fault befalls.
        seed: of the faults' sequence; the same seed gives the same one.

    Attributes:
        played: how often each fault was played, by its name.
    """

    handler = _Handler
    call: ClassVar[type[Call]]
    own: ClassVar[Mapping[str, Callable[[Any], Answer]]]
    """The protocol's own replies by the fault's name."""

    def __init__(
        self,
        fault: str = "",
        *,
        port: int = 0,
        delay: float = 0.0,
        silence: float = 30.0,
        mix: Mapping[str, float] | None = None,
        seed: int = 0,
    ) -> None:
        super().__init__("", port=port, delay=delay)
        self.silence = silence
        self.played: Counter[str] = Counter()
        self._retry_after: str | None = None
        self._mix: dict[str, float] = {}
        self._random = random.Random(seed)
        self.play(fault)
        self.shuffle(mix or {}, seed=seed)

    @property
    def url(self) -> str:
        """The endpoint, as a provider is told it."""
        return f"http://127.0.0.1:{self.port}"

    @classmethod
    def faults(cls) -> set[str]:
        """The names of all faults, and the empty one; `status_<code>` goes without saying."""
        return {*TEXTS, *ANSWERS, *BREAKS, *cls.own, "echo"}

    @classmethod
    def is_fault(cls, name: str) -> bool:
        return name in cls.faults() or STATUS_FAULT.match(name) is not None

    def play(
        self, fault: str, *, times: int | None = None, retry_after: float | str | None = None
    ) -> None:
        """Switch the fault.

        Args:
            times: for so many requests, after those already in line; None is from now on.
            retry_after: what a `status_<code>` writes into its Retry-After.

        Raises:
            ValueError: there is no such fault.
        """
        self._check(fault)
        with self._lock:
            self._retry_after = None if retry_after is None else str(retry_after)
            self._play(fault, times)

    def shuffle(self, mix: Mapping[str, float], *, seed: int = 0) -> None:
        """Play these faults at random from now on, where nothing else is in line.

        Raises:
            ValueError: there is no such fault, or the shares are more than the whole.
        """
        for fault in mix:
            self._check(fault)
        if min(mix.values(), default=0) < 0 or sum(mix.values()) > 1:
            raise ValueError("the shares must be 0 to 1 in all")
        with self._lock:
            self._mix, self._random = dict(mix), random.Random(seed)

    def control(self, **options: Any) -> None:
        """The same from another process: `delay`, `silence`, `mix` with `seed`, `fault` ..."""
        self.delay = float(options.pop("delay", self.delay))
        self.silence = float(options.pop("silence", self.silence))
        if "mix" in options:
            self.shuffle(options.pop("mix"), seed=options.pop("seed", 0))
        if options:
            self.play(**options)

    def state(self) -> dict[str, Any]:
        """The fault that comes next, and what happened so far."""
        with self._lock:
            return {
                "fault": self._script[0] if self._script else self._usual,
                "calls": self.count,
                "most_at_once": self.most_at_once,
                "played": dict(self.played),
            }

    def answer(self, fault: str, call: C) -> Answer:
        if refused := self.refuse(call):
            return refused
        if match := STATUS_FAULT.match(fault):
            answer = self.refusal(int(match[1]), "The fake fails on demand.")
            wait = match[2] or self._retry_after
            return Answer(answer.body, answer.status, {"Retry-After": wait} if wait else {})
        if fault == "echo":  # repeats all it was told, as a careless proxy might
            return self.refusal(400, f"Refused: {call.key}: {call.user}")
        if fault in self.own:
            return self.own[fault](call)
        if fault in ANSWERS:
            return ANSWERS[fault]
        return self.completion(call, TEXTS.get(fault, good_text)(call))

    def refuse(self, call: C) -> Answer | None:
        """The refusal of a request that the real server would not take."""
        raise NotImplementedError

    @staticmethod
    def refusal(status: int, message: str) -> Answer:
        """An error as the protocol words it."""
        raise NotImplementedError

    @staticmethod
    def completion(call: Any, text: str) -> Answer:
        """The envelope of a reply, with the tokens counted in words."""
        raise NotImplementedError

    def _check(self, fault: str) -> None:
        if not self.is_fault(fault):
            raise ValueError(f"no such fault: {fault}")

    def _next(self) -> str:
        fault = super()._next() if self._script or self._usual or not self._mix else self._draw()
        self.played[fault] += 1
        return fault

    def _draw(self) -> str:
        point = self._random.random()
        for fault, share in self._mix.items():
            point -= share
            if point < 0:
                return fault
        return ""


def serve(fake_class: type[FakeModel[Any]], description: str) -> None:
    """Serve until the process is told to stop; the URL is printed once the server listens."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--port", type=int, default=0, help="0 for any free one")
    parser.add_argument("--fault", default="", help="what goes wrong from the start")
    parser.add_argument("--delay", type=float, default=0.0, help="seconds before each answer")
    parser.add_argument("--silence", type=float, default=30.0, help="seconds that a hang lasts")
    parser.add_argument("--mix", default="", help="faults at random: status_429=0.1,hang=0.02")
    parser.add_argument("--seed", type=int, default=0, help="of the random faults")
    options = vars(parser.parse_args())
    try:
        shares = [part.split("=") for part in options.pop("mix").split(",") if part]
        fake = fake_class(**options, mix={name: float(share) for name, share in shares})
    except ValueError as error:
        parser.error(str(error))
    fake.keeps_calls = False
    with fake:
        sys.stdout.write(f"{fake.url}\n")
        sys.stdout.flush()
        with contextlib.suppress(KeyboardInterrupt):
            fake.is_over.wait()
