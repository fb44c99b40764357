"""The contract that every provider keeps: the real code against servers that speak the protocols.

What only one of them has to keep stands in a module of its own.
"""

import asyncio
import json
import subprocess
import sys
import traceback
from collections.abc import Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http import HTTPStatus
from pathlib import Path
from time import monotonic
from typing import Any

import pytest
import requests

from components.rubrics import parse_rubric
from grading.engine.errors import ErrorCode, GradingError
from grading.engine.providers.gemini import GeminiProvider
from grading.engine.providers.genai import GenaiProvider
from grading.engine.providers.openai import OpenAIProvider
from grading.engine.providers.simulator import SimulatorProvider
from grading.engine.providers.wire import refused
from grading.engine.types import Completion, GradingRequest, Prompt, Provider
from grading.tests.fakes.gemini import FakeGemini
from grading.tests.fakes.openai import FakeOpenAI
from grading.tests.fakes.replies import LONG, FakeModel

ROOT = Path(__file__).parents[3]
KEY = "AIzaSy-a-key-that-nobody-may-see"
MODEL = "model-for-tests"
SENTENCE = "Tariq says that ice floats because water expands when it freezes."
ANSWER = f"{SENTENCE}\nSo its density falls: „more room“, the same mass. {'It is lighter. ' * 4}"
STEPS = ["evidence", "reasoning", "level", "confidence"]
CRITERION = {
    "type": "object",
    "properties": {
        "evidence": {"type": "array", "items": {"type": "string"}},
        "reasoning": {"type": "string"},
        "level": {"type": "string", "enum": ["level_0", "level_1", "level_2"]},
        "confidence": {"type": "integer"},
    },
    "required": STEPS,
}
KEYS = [*(f"criterion_{index}" for index in range(12)), "feedback"]
SCHEMA = {
    "type": "object",
    "properties": {key: {"type": "string"} if key == "feedback" else CRITERION for key in KEYS},
    "required": KEYS,
}
RUBRIC = parse_rubric(
    {
        "criteria": [{"text": "Says why", "marks": 10}],
        "performance_levels": [{"text": "Full"}, {"text": "None"}],
        "cell_descriptions": [],
    }
)


@dataclass(frozen=True)
class Kind:
    """A provider and the server that it is tested against."""

    provider: Callable[..., Any]
    fake: type[FakeModel[Any]]


KINDS = {
    "gemini": Kind(GeminiProvider, FakeGemini),
    "google-genai": Kind(GenaiProvider, FakeGemini),
    "openai": Kind(OpenAIProvider, FakeOpenAI),
}

FAULTS = {
    "status_400": ErrorCode.BAD_REQUEST,
    "status_401": ErrorCode.BAD_KEY,
    "status_402": ErrorCode.QUOTA_SPENT,
    "status_403": ErrorCode.BAD_KEY,
    "status_404": ErrorCode.NO_MODEL,
    "status_408": ErrorCode.TIMEOUT,
    "status_413": ErrorCode.TOO_LONG,
    "status_422": ErrorCode.BAD_REQUEST,
    "status_429": ErrorCode.RATE_LIMIT,
    "status_500": ErrorCode.OVERLOADED,
    "status_502": ErrorCode.OVERLOADED,
    "status_503": ErrorCode.OVERLOADED,
    "status_504": ErrorCode.OVERLOADED,
    "status_529": ErrorCode.OVERLOADED,
    "plain_error": ErrorCode.OVERLOADED,
    "hang": ErrorCode.TIMEOUT,
    "stall": ErrorCode.TIMEOUT,
    "drip": ErrorCode.TIMEOUT,
    "drip_head": ErrorCode.TIMEOUT,
    "reset": ErrorCode.CONNECTION,
    "cut_off": ErrorCode.CONNECTION,
    "redirect": ErrorCode.BAD_REQUEST,
    "echo": ErrorCode.BAD_REQUEST,
    "unsupported": ErrorCode.BAD_REQUEST,
    "bad_key": ErrorCode.BAD_KEY,
    "error_list": ErrorCode.BAD_KEY,
    "no_model": ErrorCode.NO_MODEL,
    "too_long": ErrorCode.TOO_LONG,
    "milliseconds": ErrorCode.RATE_LIMIT,
    "quota_per_minute": ErrorCode.RATE_LIMIT,
    "quota_per_day": ErrorCode.QUOTA_SPENT,
    "insufficient_quota": ErrorCode.QUOTA_SPENT,
    "no_candidates": ErrorCode.SAFETY_BLOCK,
    "blocked_prompt": ErrorCode.SAFETY_BLOCK,
    "safety": ErrorCode.SAFETY_BLOCK,
    "recitation": ErrorCode.SAFETY_BLOCK,
    "refusal": ErrorCode.SAFETY_BLOCK,
    "max_tokens": ErrorCode.INCOMPLETE_REPLY,
    "other": ErrorCode.MALFORMED_REPLY,
    "no_text": ErrorCode.MALFORMED_REPLY,
    "oversize": ErrorCode.MALFORMED_REPLY,
    "garbage": ErrorCode.MALFORMED_REPLY,
    "binary": ErrorCode.MALFORMED_REPLY,
    "deep": ErrorCode.MALFORMED_REPLY,
    "wrong_shape": ErrorCode.MALFORMED_REPLY,
    "json_list": ErrorCode.MALFORMED_REPLY,
    "json_object": ErrorCode.MALFORMED_REPLY,
    "empty_body": ErrorCode.MALFORMED_REPLY,
}
SOUND = {
    *(
        "",
        "in_parts",
        "invented_quote",
        "unsure",
        "unknown_level",
        "missing_criterion",
        "no_report",
    ),
    *("extra_criterion", "prose", "fenced", "truncated", "long_reply"),
}
"""No provider's business: the reply is there, and :mod:`grading.engine.reply` reads it."""
CASES = [(name, fault) for name in KINDS for fault in FAULTS if KINDS[name].fake.is_fault(fault)]
FOR_EVER = ["hang", "stall", "drip", "drip_head"]


@pytest.fixture(params=KINDS)
def kind(request) -> Kind:
    return KINDS[request.param]


@pytest.fixture
def fake(kind):
    with kind.fake() as server:
        yield server


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch) -> None:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")


def request_for(answer: str = ANSWER) -> GradingRequest:
    assert RUBRIC is not None
    return GradingRequest(rubric=RUBRIC, instructions="Not sent", answer=answer)


def prompt_for(answer: str = ANSWER, **changes: Any) -> Prompt:
    fence = "=====ANSWER-0123abcd====="
    texts = {
        "system": "You are an examiner.",
        "task": "INSTRUCTIONS\n\nWhy does ice float?",
        "answer": f"{fence}\n{answer}\n{fence}" if answer else "",
    }
    return Prompt(**{**texts, "schema": SCHEMA, "version": "1", "digest": "d", **changes})


@asynccontextmanager
async def provider_at(kind: Kind, endpoint: str, **changes: Any):
    settings = {"api_key": KEY, "model": MODEL, "timeout": 10.0, "temperature": 0.0}
    provider = kind.provider(endpoint=endpoint, **{**settings, **changes})
    try:
        yield provider
    finally:
        await provider.close()


async def ask(provider: Provider, answer: str = ANSWER, **changes: Any) -> Completion:
    return await provider.complete(request_for(answer), prompt_for(answer, **changes))


async def ask_once(
    kind: Kind, endpoint: str, *, prompt: Prompt | None = None, **changes: Any
) -> Completion:
    async with provider_at(kind, endpoint, **changes) as provider:
        return await provider.complete(request_for(), prompt or prompt_for())


def complete(kind: Kind, endpoint: str, **changes: Any) -> Completion:
    return asyncio.run(ask_once(kind, endpoint, **changes))


def failure(kind: Kind, endpoint: str, **changes: Any) -> GradingError:
    with pytest.raises(GradingError) as caught:
        complete(kind, endpoint, **changes)
    return caught.value


def shown(error: GradingError) -> str:
    """All that a log may show of an error."""
    return "".join(traceback.format_exception(error)) + repr(error) + error.message


# --- a good call -------------------------------------------------------------
def test_complete_brings_text_model_and_tokens(kind, fake):
    completion = complete(kind, fake.url)
    reply = json.loads(completion.text)

    assert reply["criterion_0"]["evidence"] == [SENTENCE]
    assert reply["criterion_11"]["level"] == "level_1"
    assert completion.model == f"{MODEL}-fake"
    assert completion.input_tokens == len(fake.calls[0].user.split())
    assert completion.output_tokens == len(completion.text.split())


def test_answer_is_a_message_part_of_its_own(kind, fake):
    prompt = prompt_for()
    complete(kind, fake.url, prompt=prompt)
    (call,) = fake.calls

    assert call.system == prompt.system
    assert call.parts == [prompt.task, prompt.answer]
    assert call.answer == ANSWER


def test_part_of_the_answer_is_left_out_where_there_is_none(kind, fake):
    prompt = prompt_for("")
    complete(kind, fake.url, prompt=prompt)

    assert fake.calls[0].parts == [prompt.task]


def test_key_goes_into_a_header_only(kind, fake):
    complete(kind, fake.url)
    (call,) = fake.calls

    assert call.key == KEY
    assert call.model == MODEL
    assert KEY not in call.path + json.dumps(call.body)


def test_nothing_but_the_prompt_is_sent(kind, fake):
    complete(kind, fake.url, prompt=prompt_for("Another text"))
    body = json.dumps(fake.calls[0].body)

    assert "Another text" in body
    for untold in ("Not sent", SENTENCE, "Says why"):
        assert untold not in body


def test_reasons_come_before_the_level_on_the_wire(kind, fake):
    reply = json.loads(complete(kind, fake.url).text)
    schema = fake.calls[0].schema

    assert list(schema["properties"]) == schema["required"] == list(reply) == KEYS
    for key in KEYS[:-1]:
        criterion = schema["properties"][key]
        assert list(criterion["properties"]) == criterion["required"] == list(reply[key]) == STEPS
        assert criterion["properties"]["level"]["enum"] == ["level_0", "level_1", "level_2"]


@pytest.mark.parametrize(("asked", "sent"), [(None, 0.5), (0.0, 0.0), (1.0, 1.0)])
def test_temperature_is_the_prompts_where_it_has_one(kind, fake, asked, sent):
    complete(kind, fake.url, prompt=prompt_for(temperature=asked), temperature=0.5)
    body = fake.calls[0].body

    assert body.get("generationConfig", body)["temperature"] == sent


@pytest.mark.parametrize("fault", ["prose", "truncated", "fenced", "unknown_level"])
def test_text_comes_as_it_is(kind, fake, fault):
    fake.play(fault)

    assert complete(kind, fake.url).text


def test_long_reply_comes_whole(kind, fake):
    fake.play("long_reply")
    reply = json.loads(complete(kind, fake.url).text)

    assert len(reply["criterion_0"]["reasoning"]) > LONG - 9


# --- a failed one --------------------------------------------------------------
@pytest.mark.parametrize(("kind", "fault"), CASES, indirect=["kind"])
def test_fault_becomes_a_grading_error(kind, fake, fault):
    fake.play(fault)
    is_slow = fault in FOR_EVER
    error = failure(kind, fake.url, timeout=0.3 if is_slow else 10.0)

    assert error.code is FAULTS[fault]
    assert len(fake.calls) == 1  # another attempt is the queue's decision
    assert KEY not in shown(error) + error.raw_reply
    assert SENTENCE not in shown(error)
    assert len(error.message) <= 300
    assert len(error.raw_reply) <= 10_000


@pytest.mark.parametrize("name", KINDS)
def test_every_fault_of_the_fake_is_covered(name):
    assert KINDS[name].fake.faults() <= {*FAULTS, *SOUND}


def test_refusal_keeps_what_was_said_but_for_the_key(kind, fake):
    fake.play("echo")
    error = failure(kind, fake.url)

    assert error.message.startswith("HTTP 400 ")
    assert SENTENCE in error.raw_reply
    assert "(API key)" in error.raw_reply


def test_early_end_keeps_what_came(kind, fake):
    fake.play("max_tokens")
    error = failure(kind, fake.url)

    assert error.raw_reply.startswith('{"criterion_0"')
    assert error.message.startswith("the reply ended early: ")


def test_answer_that_talks_of_keys_and_quotas_stops_nothing(kind, fake):
    bait = 'API key not valid. {"error": {"code": "insufficient_quota", "status": "PerDay"}}'
    fake.play("echo")
    error = failure(kind, fake.url, prompt=prompt_for(bait))

    assert error.code is ErrorCode.BAD_REQUEST


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize(
    ("told", "seconds"),
    [
        ("7", 7.0),
        ("1.5", 1.5),
        ("0", 0.0),
        ("999999999", 86_400.0),
        ("Wed, 21 Oct 2015 07:28:00 GMT", 0.0),
        (None, None),
        ("-5", None),
        ("soon", None),
        ("nan", None),
        ("inf", None),
        ("1e400", None),
    ],
)
def test_wish_to_wait_is_passed_on(kind, fake, status, told, seconds):
    fake.play(f"status_{status}", retry_after=told)

    assert failure(kind, fake.url).retry_after == seconds


def test_wish_to_wait_until_a_date_is_passed_on(kind, fake):
    moment = datetime.now(UTC) + timedelta(seconds=120)
    fake.play("status_429", retry_after=format_datetime(moment, usegmt=True))

    assert failure(kind, fake.url).retry_after == pytest.approx(118, abs=3)


def test_refusal_is_read_in_every_dialect():
    def code(status: int, **body: Any) -> ErrorCode:
        return refused(status, {}, json.dumps(body).encode(), KEY).code

    assert code(400, object="error", message="maximum context length is 8", code=400) is (
        ErrorCode.TOO_LONG
    )
    assert code(400, error={"type": "exceed_context_size_error"}) is ErrorCode.TOO_LONG
    assert code(400, error={"message": "API key expired."}) is ErrorCode.BAD_KEY
    assert code(403, error={"code": "model_not_found"}) is ErrorCode.NO_MODEL
    assert code(429, error={"code": "billing_not_active"}) is ErrorCode.QUOTA_SPENT
    assert code(429, error="insufficient_quota") is ErrorCode.RATE_LIMIT
    assert code(503, error={"code": "model_not_found"}) is ErrorCode.OVERLOADED


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"[[]]",
        b"null",
        b'"text"',
        b'{"error": []}',
        b'{"error": {"details": [1, {"violations": [1, {"quotaId": 2}], "retryDelay": 3}]}}',
        b'{"error": {"details": {}, "status": 5, "code": "two words", "message": []}}',
        b'{"error": ' * 100_000,
    ],
)
def test_refusal_may_have_any_body(body):
    error = refused(400, {}, body, "")

    assert (error.code, error.message) == (ErrorCode.BAD_REQUEST, "HTTP 400")


@pytest.mark.parametrize("fault", FOR_EVER)
def test_no_call_takes_longer_than_its_time(kind, fake, fault):
    async def measure() -> tuple[str, float]:
        async with provider_at(kind, fake.url, timeout=0.5) as provider:
            await provider.complete(request_for(), prompt_for())
            fake.play(fault)
            started = monotonic()
            with pytest.raises(GradingError) as caught:
                await ask(provider)
            return caught.value.message, monotonic() - started

    message, seconds = asyncio.run(measure())

    assert message == "no answer within 0.5 s"
    assert 0.5 <= seconds < 2


@pytest.mark.parametrize(
    ("endpoint", "code"),
    [
        ("http://127.0.0.1:1", ErrorCode.CONNECTION),
        ("http://provider.invalid", ErrorCode.CONNECTION),
        ("http://no such host", ErrorCode.BAD_REQUEST),
        ("http://127.0.0.1:99999", ErrorCode.BAD_REQUEST),
        ("ftp://127.0.0.1", ErrorCode.BAD_REQUEST),
        ("http://two..dots", ErrorCode.BAD_REQUEST),
        ("127.0.0.1:8000", ErrorCode.BAD_REQUEST),
        ("http://", ErrorCode.BAD_REQUEST),
    ],
)
def test_endpoint_out_of_reach_becomes_a_grading_error(kind, endpoint, code):
    error = failure(kind, endpoint)

    assert error.code is code
    assert KEY not in shown(error)
    assert SENTENCE not in shown(error)


@pytest.mark.parametrize("key", ["two words", "line\n", "schlüssel", "…"])
def test_odd_key_is_refused_before_anything_is_sent(kind, fake, key):
    error = failure(kind, fake.url, api_key=key)

    assert error.code is ErrorCode.BAD_KEY
    assert key not in error.message
    assert not fake.calls


# --- many, and one after another -------------------------------------------------
def test_fifty_calls_at_once_take_about_one_latency(kind, fake):
    answers = [f"Pupil {number} writes a sentence." for number in range(50)]

    async def all_at_once() -> tuple[list[Completion], float]:
        async with provider_at(kind, fake.url, timeout=30.0) as provider:
            await ask(provider)
            fake.delay = 1.0
            started = monotonic()
            completions = await asyncio.gather(*[ask(provider, answer) for answer in answers])
            return completions, monotonic() - started

    completions, seconds = asyncio.run(all_at_once())
    replies = [json.loads(completion.text) for completion in completions]

    assert [reply["criterion_11"]["evidence"] for reply in replies] == [[a] for a in answers]
    assert fake.most_at_once > 25
    assert seconds < 4


@pytest.mark.parametrize("fault", FOR_EVER)
def test_cancelled_call_ends_at_once_and_leaves_the_provider_sound(kind, fake, fault):
    async def cancel() -> float:
        async with provider_at(kind, fake.url, timeout=30.0) as provider:
            await ask(provider)
            fake.play(fault, times=1)
            call = asyncio.create_task(ask(provider))
            await asyncio.sleep(0.3)
            started = monotonic()
            call.cancel()
            with pytest.raises(asyncio.CancelledError):
                await call
            await ask(provider)
            return monotonic() - started

    started = monotonic()
    assert asyncio.run(cancel()) < 2
    assert monotonic() - started < 10  # and no thread or connection outlives it


@pytest.mark.parametrize("fault", ["reset", "cut_off", "status_503", "oversize"])
def test_next_call_works_after_a_fault(kind, fake, fault):
    async def twice() -> Completion:
        async with provider_at(kind, fake.url) as provider:
            with pytest.raises(GradingError):
                await ask(provider)
            return await ask(provider)

    fake.play(fault, times=1)

    assert SENTENCE in asyncio.run(twice()).text


def test_provider_works_again_after_close(kind, fake):
    async def twice() -> Completion:
        async with provider_at(kind, fake.url) as provider:
            await ask(provider)
            await provider.close()
            await provider.close()
            return await ask(provider)

    assert SENTENCE in asyncio.run(twice()).text


def test_providers_do_not_share_their_keys(kind, fake):
    async def by_turns() -> None:
        async with (
            provider_at(kind, fake.url, api_key="one") as first,
            provider_at(kind, fake.url, api_key="two") as last,
        ):
            for provider in (first, last, first):
                await ask(provider)

    asyncio.run(by_turns())

    assert [call.key for call in fake.calls] == ["one", "two", "one"]


# --- what they say of themselves ---------------------------------------------------
def test_parameters_show_what_shaped_the_reply_but_no_key(kind):
    own = kind.provider(api_key=KEY, model=MODEL, temperature=0.2)
    other = kind.provider(api_key=KEY, model=MODEL, endpoint="https://proxy.example/")

    assert own.parameters == {"model": MODEL, "temperature": 0.2}
    assert other.parameters["endpoint"] == "https://proxy.example"
    assert KEY not in f"{own!r} {other.parameters}"


@pytest.mark.parametrize("name", KINDS)
def test_name_is_the_settings_word(name):
    provider = KINDS[name].provider(api_key=KEY, model=MODEL)

    assert (provider.name, provider.uses_ai) == (name, True)


def test_simulator_keeps_the_contract_without_a_network():
    provider = SimulatorProvider()

    async def twice() -> list[Completion]:
        replies = [await ask(provider), await ask(provider)]
        await provider.close()
        return replies

    first, last = asyncio.run(twice())

    assert (provider.name, provider.uses_ai) == ("simulator", False)
    assert first == last
    assert first.model == provider.parameters["model"]
    assert list(json.loads(first.text)["criterion_0"]) == STEPS


# --- the fakes themselves ---------------------------------------------------------
@pytest.mark.parametrize("name", ["gemini", "openai"])
def test_fake_runs_on_its_own_and_obeys_its_control_endpoint(name):
    kind = KINDS[name]
    module = f"grading.tests.fakes.{name}"
    command = [sys.executable, "-m", module, "--fault", "status_503", "--mix", "prose=0.5"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            url = process.stdout.readline().strip()
            control = f"{url.removesuffix('/v1')}/control"
            assert failure(kind, url).code is ErrorCode.OVERLOADED
            orders: Any = {"fault": "", "mix": {}, "silence": 1, "delay": 0}
            state = requests.post(control, json=orders, timeout=5).json()
            assert (state["fault"], state["calls"]) == ("", 1)
            assert state["played"] == {"status_503": 1}
            assert SENTENCE in complete(kind, url).text
            unknown: Any
            for unknown in ({"fault": "flood"}, {"mix": {"flood": 0.1}}, {"mix": {"hang": 2}}):
                refused = requests.post(control, json=unknown, timeout=5)
                assert refused.status_code == HTTPStatus.BAD_REQUEST
            assert requests.get(control, timeout=5).json()["most_at_once"] == 1
        finally:
            process.terminate()


def test_fake_plays_the_same_faults_for_the_same_seed(kind):
    mix = {"status_429_after_3": 0.3, "prose": 0.2}

    async def outcomes(fake: FakeModel[Any]) -> list[str]:
        seen = []
        async with provider_at(kind, fake.url) as provider:
            for _call in range(20):
                try:
                    text = (await ask(provider)).text
                    seen.append("good" if SENTENCE in text else "prose")
                except GradingError as error:
                    seen.append(f"{error.code} {error.retry_after}")
        return seen

    runs = []
    for seed in (1, 1, 2):
        with kind.fake(mix=mix, seed=seed) as fake:
            runs.append(asyncio.run(outcomes(fake)))

    assert runs[0] == runs[1] != runs[2]
    assert set(runs[0]) == {"good", "prose", "rate_limit 3.0"}
