"""What the OpenAI chat API asks for in particular; see `test_providers.py`."""

import json

import pytest

from grading.engine.errors import ErrorCode
from grading.engine.providers.openai import OpenAIProvider, strict
from grading.tests.engine.test_providers import (
    CRITERION,
    KEY,
    KINDS,
    MODEL,
    SCHEMA,
    complete,
    failure,
    prompt_for,
)
from grading.tests.fakes.openai import FakeOpenAI, completion
from grading.tests.fakes.replies import Answer

OPENAI = KINDS["openai"]


@pytest.fixture
def fake():
    with FakeOpenAI() as server:
        yield server


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch) -> None:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")


def test_request_is_what_the_api_expects(fake):
    prompt = prompt_for()
    complete(OPENAI, fake.url, prompt=prompt, temperature=0.5)
    (call,) = fake.calls

    assert call.path == "/v1/chat/completions"
    assert call.headers["authorization"] == f"Bearer {KEY}"
    assert call.headers["content-type"] == "application/json"
    assert call.body == {
        "model": MODEL,
        "messages": [
            {"role": "system", "content": prompt.system},
            {
                "role": "user",
                "content": [
                    {"type": "text", "text": prompt.task},
                    {"type": "text", "text": prompt.answer},
                ],
            },
        ],
        "response_format": {
            "type": "json_schema",
            "json_schema": {"name": "evaluation", "strict": True, "schema": strict(SCHEMA)},
        },
        "temperature": 0.5,
    }


def test_strict_closes_every_object_and_changes_nothing_else():
    before = json.dumps(SCHEMA)
    nested = {"type": "array", "items": {"type": "object", "properties": {"a": CRITERION}}}
    closed = strict(nested)["items"]

    assert closed["additionalProperties"] is False
    assert closed["required"] == ["a"]
    assert closed["properties"]["a"] == {**CRITERION, "additionalProperties": False}
    assert "additionalProperties" not in closed["properties"]["a"]["properties"]["evidence"]
    assert json.dumps(SCHEMA) == before


def test_server_without_keys_gets_no_header(fake):
    complete(OPENAI, fake.url, api_key="")

    assert "authorization" not in fake.calls[0].headers


def test_slash_at_the_end_of_the_endpoint_does_not_matter(fake):
    complete(OPENAI, f"{fake.url}/")

    assert fake.calls[0].path == "/v1/chat/completions"


def test_address_without_the_version_is_told_as_such(fake):
    assert failure(OPENAI, fake.url.removesuffix("/v1")).code is ErrorCode.NO_MODEL


def test_own_endpoint_is_openais():
    provider = OpenAIProvider(api_key=KEY, model=MODEL)
    same = OpenAIProvider(api_key=KEY, model=MODEL, endpoint="https://api.openai.com/v1/")

    assert provider.parameters == same.parameters == {"model": MODEL, "temperature": 0.0}


def test_pause_in_milliseconds_is_the_more_precise(fake):
    fake.play("milliseconds")

    assert failure(OPENAI, fake.url).retry_after == 1.5


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        ("unsupported", "HTTP 400 invalid_request_error temperature unsupported_value"),
        ("insufficient_quota", "HTTP 429 insufficient_quota"),
        ("plain_error", "HTTP 502"),
        ("max_tokens", "the reply ended early: length"),
        ("refusal", "the model refuses"),
    ],
)
def test_message_is_in_the_words_of_the_protocol(fake, fault, message):
    fake.play(fault)

    assert failure(OPENAI, fake.url).message == message


def test_server_that_reports_nothing_is_taken_at_our_word(fake):
    fake.play("no_report")
    reply = complete(OPENAI, fake.url)

    assert (reply.model, reply.input_tokens, reply.output_tokens) == (MODEL, None, None)


@pytest.mark.parametrize("count", [-1, 10**30, 1.5, "12", True, None, []])
def test_odd_reports_are_not_believed(fake, monkeypatch, count):
    def odd(call) -> Answer:
        answer = completion(call, "{}")
        answer.body["usage"] = {"prompt_tokens": count, "completion_tokens": count}
        answer.body["model"] = "\x00" * 3
        return answer

    monkeypatch.setitem(FakeOpenAI.own, "odd", odd)
    fake.play("odd")
    reply = complete(OPENAI, fake.url)

    assert (reply.model, reply.input_tokens, reply.output_tokens) == (MODEL, None, None)


@pytest.mark.parametrize("reason", [None, "eos", "stop_sequence"])
def test_other_words_for_a_regular_end_are_fine(fake, monkeypatch, reason):
    monkeypatch.setitem(FakeOpenAI.own, "odd", lambda call: completion(call, "{}", reason))
    fake.play("odd")

    assert complete(OPENAI, fake.url).text == "{}"
