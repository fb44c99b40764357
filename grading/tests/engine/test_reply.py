"""The schema made from a rubric, and the strict reading of replies."""

import contextlib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.tests.factories import RUBRIC
from grading.engine.errors import ErrorCode, GradingError
from grading.engine.reply import MAX_QUOTES, MAX_REPLY, parse_reply, reply_schema
from grading.tests.factories import reply_text, spec_of

SPEC = spec_of()

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda children: st.lists(children) | st.dictionaries(st.text(), children),
    max_leaves=20,
)
NEARLY = st.fixed_dictionaries(
    {},
    optional={
        "evidence": st.lists(st.text()) | JSON,
        "reasoning": st.text() | JSON,
        "level": st.sampled_from(["level_0", "level_2", "level_3"]) | JSON,
        "confidence": st.integers(-5, 105) | JSON,
    },
)
NEARLY_REPLIES = st.fixed_dictionaries(
    {},
    optional={"criterion_0": NEARLY | JSON, "criterion_1": NEARLY, "feedback": st.text() | JSON},
)


def changed(**changes: Any) -> str:
    """A good reply but for these keys; None takes a key away."""
    reply = {**json.loads(reply_text()), **changes}
    return json.dumps({key: value for key, value in reply.items() if value is not None})


def with_item(**changes: Any) -> str:
    """A good reply but for these keys of its first criterion; None takes a key away."""
    item = {**json.loads(reply_text())["criterion_0"], **changes}
    return changed(criterion_0={key: value for key, value in item.items() if value is not None})


def error_of(text: str) -> GradingError:
    with pytest.raises(GradingError) as caught:
        parse_reply(text, SPEC)
    return caught.value


def test_schema_wants_every_criterion_and_the_feedback():
    schema = reply_schema(SPEC)
    assert schema["required"] == ["criterion_0", "criterion_1", "feedback"]
    assert list(schema["properties"]) == schema["required"]


def test_schema_offers_the_levels_of_each_criterion_only():
    gaps = [[10, None, 0], [None, 3, 1]]
    schema = reply_schema(spec_of({**RUBRIC, "cell_points": gaps}))
    levels = [schema["properties"][f"criterion_{i}"]["properties"]["level"]["enum"] for i in (0, 1)]
    assert levels == [["level_0", "level_2"], ["level_1", "level_2"]]


def test_schema_keeps_texts_of_the_rubric_out():
    assert "Photosynthesis" not in json.dumps(reply_schema(SPEC))


def test_schema_asks_for_quotes_and_reasons_before_the_level():
    criterion = reply_schema(SPEC)["properties"]["criterion_0"]
    assert list(criterion["properties"]) == ["evidence", "reasoning", "level", "confidence"]


def test_good_reply_is_read_in_the_order_of_the_rubric():
    reply = parse_reply(changed(criterion_1={**json.loads(reply_text(1))["criterion_1"]}), SPEC)
    assert [item.level for item in reply.criteria] == ["level_0", "level_1"]


def test_unknown_keys_are_left_aside():
    reply = parse_reply(changed(score=100, criterion_7={"level": "level_0"}), SPEC)
    assert len(reply.criteria) == 2


def test_characters_that_no_database_holds_are_replaced():
    text = with_item(evidence=["half \ud83d"], reasoning="nul \x00")
    item = parse_reply(text, SPEC).criteria[0]
    assert (item.evidence, item.reasoning) == (["half \ufffd"], "nul \ufffd")


@pytest.mark.parametrize("key", ["criterion_0", "criterion_1", "feedback"])
def test_missing_part_is_an_incomplete_reply(key):
    error = error_of(changed(**{key: None}))
    assert (error.code, key in error.message) == (ErrorCode.INCOMPLETE_REPLY, True)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="nothing"),
        pytest.param("  \n", id="blank"),
        pytest.param("I would give full marks.", id="prose"),
        pytest.param(f"Sure! {reply_text()}", id="prose-before"),
        pytest.param(f"{reply_text()}\nDone.", id="prose-after"),
        pytest.param(f"```json\n{reply_text()}\n```", id="fenced"),
        pytest.param(f"\ufeff{reply_text()}", id="byte-order-mark"),
        pytest.param(reply_text()[:-20], id="cut-off"),
        pytest.param(reply_text().replace('"', "'"), id="single-quotes"),
        pytest.param(f"[{reply_text()}]", id="list"),
        pytest.param('"text"', id="string"),
        pytest.param("null", id="null"),
        pytest.param("[" * 100_000, id="deep"),
        pytest.param(f'{{"feedback": {"9" * 5000}}}', id="huge-number"),
        pytest.param(f'{{"feedback": "{"x" * MAX_REPLY}"}}', id="too-long"),
    ],
)
def test_what_is_no_json_object_is_malformed(text):
    assert error_of(text).code == ErrorCode.MALFORMED_REPLY


@pytest.mark.parametrize(
    "changes",
    [
        {"level": "level_3"},
        {"level": "level_-1"},
        {"level": "Excellent"},
        {"level": "LEVEL_0"},
        {"level": " level_0"},
        {"level": ""},
        {"level": 0},
        {"level": ["level_0"]},
        {"confidence": -1},
        {"confidence": 101},
        {"confidence": 90.5},
        {"confidence": 90.0},
        {"confidence": float("nan")},
        {"confidence": "90"},
        {"confidence": True},
        {"evidence": "one quote"},
        {"evidence": [1]},
        {"evidence": {"quote": "x"}},
        {"evidence": ["quote"] * (MAX_QUOTES + 1)},
        {"reasoning": ""},
        {"reasoning": " \n"},
        {"reasoning": ["because"]},
    ],
    ids=repr,
)
def test_wrong_value_in_a_criterion_is_malformed(changes):
    assert error_of(with_item(**changes)).code == ErrorCode.MALFORMED_REPLY


@pytest.mark.parametrize("key", ["evidence", "reasoning", "level", "confidence"])
def test_missing_key_of_a_criterion_is_malformed(key):
    assert error_of(with_item(**{key: None})).code == ErrorCode.MALFORMED_REPLY


@pytest.mark.parametrize("value", ["level_0", 5, [], [{}]], ids=repr)
def test_criterion_that_is_no_object_is_malformed(value):
    assert error_of(changed(criterion_1=value)).code == ErrorCode.MALFORMED_REPLY


@pytest.mark.parametrize("value", ["", 5, ["well done"], {"text": "well done"}], ids=repr)
def test_feedback_that_is_no_text_is_malformed(value):
    assert error_of(changed(feedback=value)).code == ErrorCode.MALFORMED_REPLY


def test_level_that_only_another_criterion_offers_is_malformed():
    spec = spec_of({**RUBRIC, "cell_points": [[10, None, 0], [5, 3, 1]]})
    with pytest.raises(GradingError, match="criterion_0: no such level"):
        parse_reply(reply_text(1), spec)


def test_error_keeps_the_raw_reply():
    assert error_of("no JSON").raw_reply == "no JSON"


def test_error_about_an_endless_reply_keeps_its_beginning():
    assert len(error_of("x" * (MAX_REPLY + 1)).raw_reply) == MAX_REPLY


@given(JSON | NEARLY_REPLIES)
def test_any_json_is_a_reply_or_a_grading_error(data):
    with contextlib.suppress(GradingError):
        reply = parse_reply(json.dumps(data), SPEC)
        columns = [item.column(c) for item, c in zip(reply.criteria, SPEC.criteria, strict=True)]
        assert set(columns) <= {0, 1, 2}


@given(st.text())
def test_any_text_is_no_reply(text):
    assert error_of(text).code in {ErrorCode.MALFORMED_REPLY, ErrorCode.INCOMPLETE_REPLY}
