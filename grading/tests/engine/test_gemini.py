"""What Gemini's protocol asks for in particular, of both providers that speak it; then the old SDK.

The contract of all providers is in `test_providers.py`.
"""

import asyncio
import json
import subprocess
import sys
import threading
from time import monotonic, sleep

import pytest

from grading.engine.errors import ErrorCode, GradingError
from grading.tests.engine.test_providers import (
    KEYS,
    KINDS,
    MODEL,
    ROOT,
    STEPS,
    ask,
    ask_once,
    complete,
    failure,
    prompt_for,
    provider_at,
)
from grading.tests.fakes.gemini import FakeGemini

GEMINI = KINDS["gemini"]


@pytest.fixture(params=["gemini", "google-genai"])
def kind(request):
    return KINDS[request.param]


@pytest.fixture
def fake():
    with FakeGemini() as server:
        yield server


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch) -> None:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")


# --- the protocol --------------------------------------------------------------
def test_request_is_what_gemini_expects(kind, fake):
    prompt = prompt_for()
    complete(kind, fake.url, prompt=prompt)
    (call,) = fake.calls
    parts = [{"text": prompt.task}, {"text": prompt.answer}]

    assert call.path.startswith(f"/v1beta/models/{MODEL}:generateContent")
    assert set(call.body) == {"contents", "systemInstruction", "generationConfig"}
    assert call.body["contents"] == [{"role": "user", "parts": parts}]
    assert call.body["generationConfig"]["responseMimeType"] == "application/json"
    assert len(call.body["generationConfig"]) == 3


def test_order_of_properties_is_spelled_out(kind, fake):
    complete(kind, fake.url)
    schema = fake.calls[0].schema

    assert schema["propertyOrdering"] == KEYS
    assert schema["properties"]["criterion_0"]["propertyOrdering"] == STEPS
    assert "propertyOrdering" not in prompt_for().schema


def test_parts_of_a_reply_are_joined(kind, fake):
    fake.play("in_parts")
    reply = json.loads(complete(kind, fake.url).text)

    assert reply["criterion_0"]["reasoning"].endswith("words.")


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        ("bad_key", "HTTP 400 INVALID_ARGUMENT API_KEY_INVALID"),
        ("error_list", "HTTP 400 INVALID_ARGUMENT API_KEY_INVALID"),
        ("echo", "HTTP 400 INVALID_ARGUMENT"),
        ("max_tokens", "the reply ended early: MAX_TOKENS"),
        ("blocked_prompt", "no reply; the prompt's block reason: PROHIBITED_CONTENT"),
    ],
)
def test_message_is_in_the_words_of_the_protocol(kind, fake, fault, message):
    fake.play(fault)

    assert failure(kind, fake.url).message == message


@pytest.mark.parametrize("fault", ["quota_per_minute", "quota_per_day"])
def test_pause_in_the_body_is_passed_on(kind, fake, fault):
    fake.play(fault)

    assert failure(kind, fake.url).retry_after == 12.5


@pytest.mark.parametrize("model", ["", "some/other/path", "models/..", "two words", "a?b"])
def test_what_is_no_name_of_a_model_goes_nowhere(kind, fake, model):
    error = failure(kind, fake.url, model=model)

    assert error.code is ErrorCode.NO_MODEL
    assert not fake.calls


def test_key_must_be_there(kind, fake):
    assert failure(kind, fake.url, api_key="").code is ErrorCode.BAD_KEY
    assert not fake.calls


# --- the old SDK -----------------------------------------------------------------
def test_calls_that_drip_leave_no_thread_behind(fake):
    async def give_up() -> None:
        async with provider_at(GEMINI, fake.url, timeout=0.3) as provider:
            calls = [ask(provider) for _call in range(4)]
            outcomes = await asyncio.gather(*calls, return_exceptions=True)
            assert [getattr(o, "code", None) for o in outcomes] == [ErrorCode.TIMEOUT] * 4

    fake.play("drip_head")
    asyncio.run(give_up())
    until = monotonic() + 5
    while left := [t for t in threading.enumerate() if t.name.startswith("gemini")]:
        assert monotonic() < until, left
        sleep(0.02)


def test_connection_outlives_the_calls_before(fake):
    async def one_after_another() -> None:
        async with provider_at(GEMINI, fake.url) as provider:
            for _call in range(4):
                await ask(provider)

    asyncio.run(one_after_another())

    assert len(fake.calls) == 4
    assert fake.connections == 1


def test_closing_leaves_calls_under_way_alone(fake):
    fake.delay = 0.5

    async def close_early() -> str:
        async with provider_at(GEMINI, fake.url) as provider:
            call = asyncio.create_task(ask(provider))
            while not fake.count:
                await asyncio.sleep(0.02)
            await provider.close()
            return (await call).model

    assert asyncio.run(close_early()) == f"{MODEL}-fake"


def test_sdk_is_imported_on_first_use_and_without_a_warning():
    program = """
import asyncio, sys
from grading.engine.errors import ErrorCode, GradingError
from grading.engine.providers.gemini import GeminiProvider
from grading.engine.types import Prompt
provider = GeminiProvider(api_key="k", model="m", endpoint="http://127.0.0.1:1")
assert not [name for name in sys.modules if name.startswith(("google.", "httpx"))]
prompt = Prompt("s", "t", "a", {"type": "string"}, version="", digest="")
try:
    asyncio.run(provider.complete(None, prompt))
except GradingError as error:
    assert error.code is ErrorCode.CONNECTION, error
assert "google.generativeai" in sys.modules
"""
    command = [sys.executable, "-W", "error", "-c", program]
    finished = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)

    assert (finished.returncode, finished.stderr) == (0, "")


def test_schema_that_the_sdk_refuses_is_a_bad_request(fake):
    prompt = prompt_for(schema={"type": "object", "properties": {}, "maxLength": 5})
    with pytest.raises(GradingError) as caught:
        asyncio.run(ask_once(GEMINI, fake.url, prompt=prompt))

    assert caught.value.code is ErrorCode.BAD_REQUEST
    assert not fake.calls
