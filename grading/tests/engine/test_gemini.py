"""The contract of the Gemini provider: the real SDK against a server that speaks the protocol."""

import json
import subprocess
import sys
import traceback
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from decimal import Decimal
from http import HTTPStatus
from pathlib import Path
from time import monotonic

import pytest
import requests

from components.rubrics import parse_rubric
from grading.engine.errors import ErrorCode, GradingError
from grading.engine.evaluate import evaluate
from grading.engine.prompt import build_prompt
from grading.engine.providers.gemini import GeminiProvider
from grading.engine.types import Evaluation, GradingRequest, ReviewReason
from grading.tests.fakes.gemini import BREAKS, REPLIES, FakeGemini

ROOT = Path(__file__).parents[3]
KEY = "AIzaSy-a-key-that-nobody-may-see"
MODEL = "gemini-2.5-flash"
SENTENCE = "Tariq says that ice floats because water expands when it freezes."
ANSWER = f"{SENTENCE}\nSo its density falls: „more room“, the same mass. {'It is lighter. ' * 4}"
RUBRIC = parse_rubric(
    {
        "criteria": [
            {"text": f'Says "why" no. {number} \\(\\rho\\)', "marks": 10} for number in range(12)
        ],
        "performance_levels": [{"text": "Full"}, {"text": "Partial"}, {"text": "None"}],
        "cell_descriptions": [],
    }
)

FAULTS = {
    "status_429": (ErrorCode.RATE_LIMIT, True),
    "status_500": (ErrorCode.OVERLOADED, True),
    "status_502": (ErrorCode.OVERLOADED, True),
    "status_503": (ErrorCode.OVERLOADED, True),
    "status_504": (ErrorCode.OVERLOADED, True),
    "plain_error": (ErrorCode.OVERLOADED, True),
    "status_408": (ErrorCode.TIMEOUT, True),
    "hang": (ErrorCode.TIMEOUT, True),
    "stall": (ErrorCode.TIMEOUT, True),
    "reset": (ErrorCode.CONNECTION, True),
    "cut_off": (ErrorCode.CONNECTION, True),
    "status_401": (ErrorCode.BAD_KEY, False),
    "status_403": (ErrorCode.BAD_KEY, False),
    "bad_key": (ErrorCode.BAD_KEY, False),
    "error_list": (ErrorCode.BAD_KEY, False),
    "status_400": (ErrorCode.BAD_REQUEST, False),
    "status_404": (ErrorCode.BAD_REQUEST, False),
    "echo": (ErrorCode.BAD_REQUEST, False),
    "redirect": (ErrorCode.BAD_REQUEST, False),
    "status_413": (ErrorCode.TOO_LONG, False),
    "too_long": (ErrorCode.TOO_LONG, False),
    "no_candidates": (ErrorCode.SAFETY_BLOCK, False),
    "blocked_prompt": (ErrorCode.SAFETY_BLOCK, False),
    "safety": (ErrorCode.SAFETY_BLOCK, False),
    "recitation": (ErrorCode.SAFETY_BLOCK, False),
    "max_tokens": (ErrorCode.INCOMPLETE_REPLY, True),
    "missing_criterion": (ErrorCode.INCOMPLETE_REPLY, True),
    "other": (ErrorCode.MALFORMED_REPLY, True),
    "garbage": (ErrorCode.MALFORMED_REPLY, True),
    "binary": (ErrorCode.MALFORMED_REPLY, True),
    "wrong_shape": (ErrorCode.MALFORMED_REPLY, True),
    "json_list": (ErrorCode.MALFORMED_REPLY, True),
    "empty_body": (ErrorCode.MALFORMED_REPLY, True),
    "prose": (ErrorCode.MALFORMED_REPLY, True),
    "fenced": (ErrorCode.MALFORMED_REPLY, True),
    "truncated": (ErrorCode.MALFORMED_REPLY, True),
    "unknown_level": (ErrorCode.MALFORMED_REPLY, True),
}
HARMLESS = {"", "in_parts", "invented_quote", "unsure"}


@pytest.fixture
def fake() -> Iterator[FakeGemini]:
    with FakeGemini() as server:
        yield server


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch) -> None:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")


@contextmanager
def provider_at(endpoint: str, **changes) -> Iterator[GeminiProvider]:
    settings = {"api_key": KEY, "model": MODEL, "timeout": 10.0, "temperature": 0.0}
    with closing(GeminiProvider(endpoint=endpoint, **{**settings, **changes})) as provider:
        yield provider


def request_for(answer: str = ANSWER) -> GradingRequest:
    assert RUBRIC is not None
    return GradingRequest(rubric=RUBRIC, instructions="Why does ice float?", answer=answer)


def grade(endpoint: str, *, answer: str = ANSWER, **changes) -> Evaluation:
    with provider_at(endpoint, **changes) as provider:
        return evaluate(request_for(answer), provider, review_below=40)


def failure(endpoint: str, **changes) -> GradingError:
    with pytest.raises(GradingError) as caught:
        grade(endpoint, **changes)
    return caught.value


def test_evaluate_grades_a_good_reply(fake):
    evaluation = grade(fake.url)

    assert [result.level_text for result in evaluation.criteria] == ["Partial"] * 12
    assert (evaluation.score, evaluation.max_score) == (Decimal("60.00"), Decimal("120.00"))
    assert evaluation.criteria[0].evidence[0].quote == SENTENCE
    assert evaluation.criteria[0].evidence[0].is_verified
    assert evaluation.review_reasons == ()
    assert evaluation.uses_ai


def test_complete_reports_model_and_tokens_of_the_provider(fake):
    completion = grade(fake.url).completion

    assert completion.model == f"{MODEL}-fake"
    assert completion.input_tokens == len(fake.calls[0].user.split())
    assert completion.output_tokens == len(completion.text.split())


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        ("invented_quote", ReviewReason.UNVERIFIED_EVIDENCE),
        ("unsure", ReviewReason.LOW_CONFIDENCE),
    ],
)
def test_evaluate_flags_a_doubtful_reply(fake, fault, reason):
    fake.play(fault)

    assert reason in grade(fake.url).review_reasons


def test_complete_joins_the_parts_of_a_reply(fake):
    fake.play("in_parts")

    assert "The fake has read" in grade(fake.url).feedback


def test_complete_sends_what_gemini_expects(fake):
    grade(fake.url, temperature=0.5)
    (call,) = fake.calls
    config = call.body["generationConfig"]

    assert call.path.startswith(f"/v1beta/models/{MODEL}:generateContent")
    assert call.headers["x-goog-api-key"] == KEY
    assert KEY not in call.path
    assert config["temperature"] == 0.5
    assert config["responseMimeType"] == "application/json"
    assert "You are an experienced, fair examiner" in call.system
    assert call.answer == ANSWER


def test_complete_sends_the_prompt_and_nothing_else(fake):
    request = request_for()
    prompt = build_prompt(request)
    with provider_at(fake.url) as provider:
        provider.complete(request, prompt)
    (call,) = fake.calls

    assert set(call.body) == {"contents", "systemInstruction", "generationConfig"}
    assert set(call.body["generationConfig"]) == {
        "temperature",
        "responseMimeType",
        "responseSchema",
    }
    assert call.body["contents"] == [{"role": "user", "parts": [{"text": prompt.user}]}]
    assert call.system == prompt.system


def test_complete_asks_for_the_reply_format_in_its_order(fake):
    evaluation = grade(fake.url)
    schema = fake.calls[0].schema
    keys = [*(f"criterion_{index}" for index in range(12)), "feedback"]
    steps = ["evidence", "reasoning", "level", "confidence"]
    reply = json.loads(evaluation.completion.text)

    assert schema["propertyOrdering"] == list(schema["properties"]) == schema["required"] == keys
    for key in keys[:-1]:
        criterion = schema["properties"][key]
        assert criterion["propertyOrdering"] == list(criterion["properties"]) == steps
        assert criterion["properties"]["level"]["enum"] == ["level_0", "level_1", "level_2"]
        assert list(reply[key]) == steps
    assert list(reply) == keys


@pytest.mark.parametrize("fault", FAULTS)
def test_fault_becomes_a_grading_error(fake, fault):
    code, is_transient = FAULTS[fault]
    fake.play(fault)
    error = failure(fake.url, timeout=0.3 if code is ErrorCode.TIMEOUT else 10.0)

    assert (error.code, error.is_transient) == (code, is_transient)
    assert len(fake.calls) == 1  # another attempt is the queue's decision
    shown = "".join(traceback.format_exception(error)) + repr(error) + error.raw_reply
    assert KEY not in shown
    assert SENTENCE not in error.message
    assert len(error.message) <= 300


def test_every_fault_of_the_fake_is_covered():
    assert {name for name in FAULTS if "status_" not in name} | HARMLESS == {*REPLIES, *BREAKS}


def test_refusal_shows_the_cause_and_keeps_what_was_said(fake):
    fake.play("bad_key")
    error = failure(fake.url)

    assert error.message == "HTTP 400 INVALID_ARGUMENT API_KEY_INVALID"
    assert "Please pass a valid API key" in error.raw_reply


def test_refusal_that_repeats_the_request_is_not_shown(fake):
    fake.play("echo")
    error = failure(fake.url)

    assert error.message == "HTTP 400 INVALID_ARGUMENT"
    assert SENTENCE not in "".join(traceback.format_exception(error))
    assert "(API key)" in error.raw_reply


def test_early_end_keeps_what_came(fake):
    fake.play("max_tokens")
    error = failure(fake.url)

    assert error.raw_reply.startswith('{"criterion_0"')
    assert "MAX_TOKENS" in error.message


def test_timeout_is_honoured(fake):
    fake.play("hang")
    started = monotonic()

    assert failure(fake.url, timeout=0.3).message == "no answer within 0.3 s"
    assert 0.3 <= monotonic() - started < 3


def test_next_call_works_after_a_fault(fake):
    fake.play("reset", times=1)
    with provider_at(fake.url) as provider:
        with pytest.raises(GradingError):
            evaluate(request_for(), provider, review_below=40)
        assert evaluate(request_for(), provider, review_below=40).score == 60


def test_provider_works_again_after_close(fake):
    with provider_at(fake.url) as provider:
        evaluate(request_for(), provider, review_below=40)
        provider.close()
        assert evaluate(request_for(), provider, review_below=40).score == 60


@pytest.mark.parametrize(
    ("endpoint", "code"),
    [
        ("http://127.0.0.1:1", ErrorCode.CONNECTION),
        ("http://no such host", ErrorCode.BAD_REQUEST),
        ("http://gemini.invalid", ErrorCode.CONNECTION),
    ],
)
def test_endpoint_out_of_reach_becomes_a_grading_error(endpoint, code):
    error = failure(endpoint)

    assert error.code is code
    assert KEY not in "".join(traceback.format_exception(error))


@pytest.mark.parametrize("key", ["", "two words", "line\n", "schlüssel", "…"])
def test_odd_key_is_refused_before_anything_is_sent(fake, key):
    error = failure(fake.url, api_key=key)

    assert error.code is ErrorCode.BAD_KEY
    assert not key or key not in error.message
    assert not fake.calls


@pytest.mark.parametrize("model", ["", "some/other/path"])
def test_model_that_the_sdk_refuses_is_a_bad_request(fake, model):
    error = failure(fake.url, model=model)

    assert error.code is ErrorCode.BAD_REQUEST
    assert SENTENCE not in "".join(traceback.format_exception(error))


def test_one_provider_serves_many_threads_at_once(fake):
    fake.delay = 0.3
    answers = [f"Pupil {number} writes a sentence." for number in range(8)]
    with provider_at(fake.url) as provider, ThreadPoolExecutor(8) as pool:

        def quote(answer: str) -> str:
            evaluation = evaluate(request_for(answer), provider, review_below=40)
            return evaluation.criteria[11].evidence[0].quote

        assert list(pool.map(quote, answers)) == answers
    assert fake.most_at_once > 1


def test_providers_do_not_share_their_keys(fake):
    with (
        provider_at(fake.url, api_key="one") as first,
        provider_at(fake.url, api_key="two") as last,
    ):
        for provider in (first, last, first):
            evaluate(request_for(), provider, review_below=40)

    assert [call.headers["x-goog-api-key"] for call in fake.calls] == ["one", "two", "one"]


def test_parameters_show_what_shaped_the_reply_but_no_key():
    own = GeminiProvider(api_key=KEY, model=MODEL, temperature=0.2)
    other = GeminiProvider(api_key=KEY, model=MODEL, endpoint="https://proxy.example/")

    assert own.parameters == {"model": MODEL, "temperature": 0.2}
    assert other.parameters["endpoint"] == "https://proxy.example"
    assert KEY not in f"{own!r} {other.parameters}"


def test_sdk_is_imported_on_first_use_and_without_a_warning():
    program = """
import sys
from grading.engine.errors import ErrorCode, GradingError
from grading.engine.prompt import Prompt
from grading.engine.providers.gemini import GeminiProvider
provider = GeminiProvider(api_key="k", model="m", endpoint="http://127.0.0.1:1")
assert not [name for name in sys.modules if name.startswith("google.")]
try:
    schema = {"type": "string"}
    provider.complete(None, Prompt(system="s", user="u", schema=schema, version="", digest=""))
except GradingError as error:
    assert error.code is ErrorCode.CONNECTION, error
assert "google.generativeai" in sys.modules
"""
    command = [sys.executable, "-W", "error", "-c", program]
    finished = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)

    assert (finished.returncode, finished.stderr) == (0, "")


def test_fake_tells_when_to_try_again(fake):
    fake.play("status_429", times=1, retry_after=7)
    url = f"{fake.url}/v1beta/models/{MODEL}:generateContent"
    refused = requests.post(url, headers={"x-goog-api-key": KEY}, json={}, timeout=5)

    assert refused.status_code == HTTPStatus.TOO_MANY_REQUESTS
    assert refused.headers["Retry-After"] == "7"
    assert fake.state() == {"fault": "", "calls": 1}


def test_fake_runs_on_its_own_and_obeys_its_control_endpoint():
    command = [sys.executable, "-m", "grading.tests.fakes.gemini", "--fault", "status_503"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            url = process.stdout.readline().strip()
            assert failure(url).code is ErrorCode.OVERLOADED
            state = requests.post(f"{url}/control", json={"fault": ""}, timeout=5).json()
            assert state == {"fault": "", "calls": 1}
            assert grade(url).score == 60
            unknown = requests.post(f"{url}/control", json={"fault": "flood"}, timeout=5)
            assert unknown.status_code == HTTPStatus.BAD_REQUEST
        finally:
            process.terminate()
