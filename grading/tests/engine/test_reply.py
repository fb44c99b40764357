"""The schema made from a rubric, the strict reading of replies, and what is kept of them."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.tests.factories import RUBRIC
from grading.engine.errors import ErrorCode, GradingError
from grading.engine.reply import MAX_QUOTES, MAX_REPLY, Opinion, Progress, absorb, reply_schema
from grading.engine.types import Ask
from grading.tests.engine.strategies import (
    HOSTILE,
    JSON,
    asks,
    bodies,
    reply_to,
    rubrics,
    spec_of,
    through_json,
    whole_ask,
)

SPEC = spec_of()
WHOLE = whole_ask(SPEC)
REPLY = reply_to(SPEC, WHOLE)

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
    reply = {**json.loads(REPLY), **changes}
    return json.dumps({key: value for key, value in reply.items() if value is not None})


def with_item(**changes: Any) -> str:
    """A good reply but for these keys of its first criterion; None takes a key away."""
    item = {**json.loads(REPLY)["criterion_0"], **changes}
    return changed(criterion_0={key: value for key, value in item.items() if value is not None})


def read(text: str, ask: Ask = WHOLE, progress: Progress | None = None) -> Progress:
    return absorb(text, SPEC, ask, progress or Progress())


def error_of(text: str, ask: Ask = WHOLE, progress: Progress | None = None) -> GradingError:
    with pytest.raises(GradingError) as caught:
        read(text, ask, progress)
    return caught.value


# --- the schema --------------------------------------------------------------------
def test_schema_wants_every_criterion_and_the_feedback():
    schema = reply_schema(SPEC, WHOLE)
    assert schema["required"] == ["criterion_0", "criterion_1", "feedback"]
    assert list(schema["properties"]) == schema["required"]


@pytest.mark.parametrize(
    ("ask", "keys"),
    [
        (Ask(0, (1,), wants_feedback=False), ["criterion_1"]),
        (Ask(0, (1,), wants_feedback=True), ["criterion_1", "feedback"]),
        (Ask(0, (), wants_feedback=True), ["feedback"]),
        (Ask(2, (0, 1), wants_feedback=False), ["criterion_0", "criterion_1"]),
    ],
)
def test_schema_wants_what_the_ask_names_and_no_more(ask, keys):
    schema = reply_schema(SPEC, ask)
    assert (list(schema["properties"]), schema["required"]) == (keys, keys)


def test_schema_offers_the_levels_of_each_criterion_only():
    spec = spec_of({**RUBRIC, "cell_points": [[10, None, 0], [None, 3, 1]]})
    schema = reply_schema(spec, whole_ask(spec))
    levels = [schema["properties"][f"criterion_{i}"]["properties"]["level"]["enum"] for i in (0, 1)]
    assert levels == [["level_0", "level_2"], ["level_1", "level_2"]]


def test_schema_keeps_texts_of_the_rubric_out():
    assert "Photosynthesis" not in json.dumps(reply_schema(SPEC, WHOLE))


def test_schema_asks_for_quotes_and_reasons_before_the_level():
    criterion = reply_schema(SPEC, WHOLE)["properties"]["criterion_0"]
    assert list(criterion["properties"]) == ["evidence", "reasoning", "level", "confidence"]


# --- sound replies -------------------------------------------------------------------
def test_good_reply_is_read_whole():
    opinion = read(REPLY).opinion(0)
    assert [opinion.criteria[index].level for index in (0, 1)] == ["level_0", "level_0"]
    assert opinion.feedback == "<p>Well explained.</p>"


def test_keys_that_were_not_asked_for_are_left_aside():
    text = changed(score=100, criterion_7={"level": "level_0"}, criterion_1="nothing sound")
    opinion = read(text, Ask(0, (0,), wants_feedback=False)).opinion(0)
    assert (list(opinion.criteria), opinion.feedback) == ([0], "")


def test_characters_that_no_database_holds_are_replaced():
    text = with_item(evidence=["half \ud83d"], reasoning="nul \x00")
    item = read(text).opinion(0).criteria[0]
    assert (item.evidence, item.reasoning) == (["half \ufffd"], "nul \ufffd")


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(f"\n \t{REPLY}\r\n", id="space-around"),
        pytest.param(f"```json\n{REPLY}\n```", id="fenced"),
        pytest.param(f"```\n{REPLY}\n```\n", id="fenced-without-a-name"),
        pytest.param(f"```JSON {REPLY}```", id="fenced-in-one-line"),
        pytest.param(f"<think>The answer {{is}} fine.\n\nI am sure.</think>{REPLY}", id="thoughts"),
        pytest.param(f"\n<think></think>\n```json\n{REPLY}\n```", id="thoughts-and-fence"),
    ],
)
def test_wrapping_that_leaves_no_doubt_is_taken_off(text):
    assert read(text) == read(REPLY)


def test_code_fence_inside_a_text_stays():
    text = changed(feedback="Use ```json\n{}\n``` for it.")
    assert read(f"```json\n{text}\n```").opinion(0).feedback == "Use ```json\n{}\n``` for it."


# --- incomplete replies ----------------------------------------------------------------
@pytest.mark.parametrize("key", ["criterion_0", "criterion_1", "feedback"])
def test_missing_part_is_an_incomplete_reply(key):
    error = error_of(changed(**{key: None}))
    assert (error.code, key in error.message) == (ErrorCode.INCOMPLETE_REPLY, True)


def test_sound_parts_of_an_incomplete_reply_are_kept():
    progress = error_of(changed(criterion_1=None)).progress
    assert progress is not None
    opinion = progress.opinion(0)
    assert (list(opinion.criteria), opinion.feedback) == ([0], "<p>Well explained.</p>")


def test_incomplete_reply_with_an_unsound_part_keeps_nothing():
    error = error_of(changed(criterion_1=None, feedback=""))
    assert (error.code, error.progress) == (ErrorCode.MALFORMED_REPLY, None)


def test_empty_object_is_incomplete_and_changes_nothing():
    known = read(changed(), Ask(0, (0,), wants_feedback=False))
    assert error_of("{}", progress=known).progress == known


# --- what is no reply --------------------------------------------------------------------
@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="nothing"),
        pytest.param("  \n", id="blank"),
        pytest.param("I would give full marks.", id="prose"),
        pytest.param(f"Sure! {REPLY}", id="prose-before"),
        pytest.param(f"{REPLY}\nDone.", id="prose-after"),
        pytest.param(f"Here:\n```json\n{REPLY}\n```", id="prose-before-a-fence"),
        pytest.param(f"```json\n{REPLY}\n```\n```json\n{REPLY}\n```", id="two-fences"),
        pytest.param(f"```json\n```json\n{REPLY}\n```\n```", id="fence-in-a-fence"),
        pytest.param(f"```json\n{REPLY}", id="open-fence"),
        pytest.param(f"```python\n{REPLY}\n```", id="another-language"),
        pytest.param(f"<think>{REPLY}", id="endless-thoughts"),
        pytest.param(f"{REPLY}<think></think>", id="thoughts-after"),
        pytest.param("<think>nothing else</think>", id="thoughts-only"),
        pytest.param(f"{REPLY}{REPLY}", id="two-objects"),
        pytest.param(f'{{"feedback": "a", {REPLY[1:]}', id="same-key-twice"),
        pytest.param(REPLY.replace('"level"', '"level": "level_1", "level"'), id="two-levels"),
        pytest.param(f'{{"x": NaN, {REPLY[1:]}', id="nan"),
        pytest.param(f"\ufeff{REPLY}", id="byte-order-mark"),
        pytest.param(REPLY[:-20], id="cut-off"),
        pytest.param(REPLY.replace('"', "'"), id="single-quotes"),
        pytest.param(f"[{REPLY}]", id="list"),
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


@pytest.mark.parametrize(
    "value",
    [
        "",
        5,
        ["well done"],
        {"text": "well done"},
        " ",
        "\n\t",
        "<p></p>",
        "<p> <br></p>",
        "<p>&nbsp;</p>",
        "<ul><li></li></ul>",
        "<p><script>alert(1)</script></p>",
    ],
    ids=repr,
)
def test_feedback_without_a_word_is_malformed(value):
    error = error_of(changed(feedback=value))
    assert (error.code, error.progress) == (ErrorCode.MALFORMED_REPLY, None)


@pytest.mark.parametrize("key", ["criterion_0", "feedback"])
def test_null_is_there_and_unsound(key):
    error = error_of(json.dumps({**json.loads(REPLY), key: None}))
    assert error.code == ErrorCode.MALFORMED_REPLY


def test_level_that_only_another_criterion_offers_is_malformed():
    spec = spec_of({**RUBRIC, "cell_points": [[10, None, 0], [5, 3, 1]]})
    with pytest.raises(GradingError, match="criterion_0: no such level"):
        absorb(reply_to(spec, WHOLE, level=1), spec, WHOLE, Progress())


def test_error_keeps_the_raw_reply():
    assert error_of("no JSON").raw_reply == "no JSON"


def test_error_about_an_endless_reply_keeps_its_beginning():
    assert len(error_of("x" * (MAX_REPLY + 1)).raw_reply) == MAX_REPLY


# --- what is known so far -----------------------------------------------------------------
def test_progress_is_never_changed():
    known = read(reply_to(SPEC, WHOLE), Ask(0, (0,), wants_feedback=False))
    before = known.model_dump_json()
    assert read(REPLY, progress=known) != known
    assert known.model_dump_json() == before


def test_later_opinion_leaves_room_for_the_ones_before():
    progress = read(REPLY, Ask(2, (0,), wants_feedback=False))
    assert [list(opinion.criteria) for opinion in progress.opinions] == [[], [], [0]]


def test_opinion_that_nobody_gave_is_empty():
    assert Progress().opinion(3) == Opinion()


def test_progress_is_read_from_an_empty_column():
    assert Progress.model_validate({}) == Progress()


@given(st.data(), rubrics())
def test_progress_comes_back_from_json_as_it_was(data, spec):
    progress = Progress()
    for _call in range(data.draw(st.integers(0, 3))):
        ask = data.draw(asks(spec))
        text = json.dumps(data.draw(bodies(spec, ask)))
        progress = absorb(text, spec, ask, progress)
    assert through_json(progress) == progress


@given(st.data(), rubrics())
def test_merging_never_loses_a_part(data, spec):
    first, second = data.draw(asks(spec)), data.draw(asks(spec))
    one = absorb(json.dumps(data.draw(bodies(spec, first))), spec, first, Progress())
    both = absorb(json.dumps(data.draw(bodies(spec, second))), spec, second, one)
    for ask in (first, second):
        assert set(ask.criteria) <= set(both.opinion(ask.opinion).criteria)
        assert both.opinion(ask.opinion).feedback or not ask.wants_feedback
    untouched = [(ask.opinion, i) for ask in (first,) for i in ask.criteria]
    for opinion, index in untouched:
        if opinion != second.opinion or index not in second.criteria:
            assert both.opinion(opinion).criteria[index] == one.opinion(opinion).criteria[index]


@given(st.data(), rubrics())
def test_sound_reply_is_read_whole_in_any_order(data, spec):
    ask = data.draw(asks(spec))
    body = data.draw(bodies(spec, ask))
    opinion = absorb(json.dumps(body), spec, ask, Progress()).opinion(ask.opinion)
    assert set(opinion.criteria) == set(ask.criteria)
    for index, item in opinion.criteria.items():
        assert item.level == body[f"criterion_{index}"]["level"]
        assert item.confidence == body[f"criterion_{index}"]["confidence"]
    assert bool(opinion.feedback) == ask.wants_feedback


def assert_sound(progress: Progress) -> None:
    for opinion in progress.opinions:
        for index, item in opinion.criteria.items():
            assert item.column(SPEC.criteria[index]) in {0, 1, 2}
            assert 0 <= item.confidence <= 100
            assert item.reasoning.strip()
    assert through_json(progress) == progress


def assert_sound_or_an_error(text: str) -> None:
    try:
        progress = read(text)
    except GradingError as error:
        is_incomplete = error.code == ErrorCode.INCOMPLETE_REPLY
        assert is_incomplete or error.code == ErrorCode.MALFORMED_REPLY  # noqa: PT017
        assert (error.progress is not None) == is_incomplete  # noqa: PT017
        progress = error.progress or Progress()
    assert_sound(progress)


@given(JSON | NEARLY_REPLIES)
def test_any_json_is_sound_or_a_grading_error(data):
    assert_sound_or_an_error(json.dumps(data))


@given(HOSTILE | st.text().map(lambda text: f"{REPLY[:80]}{text}{REPLY[80:]}"))
def test_any_text_is_sound_or_a_grading_error(text):
    assert_sound_or_an_error(text)
