"""From a request to a checked evaluation."""

import json
from decimal import Decimal

import pytest

from components.html import html_to_text
from components.tests.factories import RUBRIC
from grading.engine.errors import ErrorCode, GradingError
from grading.engine.evaluate import evaluate
from grading.engine.types import GradingRequest, ReviewReason
from grading.tests.factories import ANSWER, QUOTE, ScriptedProvider, reply_text, spec_of

LOW, UNVERIFIED = ReviewReason.LOW_CONFIDENCE, ReviewReason.UNVERIFIED_EVIDENCE


def run(reply=None, *, rubric=RUBRIC, review_below=40):
    request = GradingRequest(spec_of(rubric), "Explain.", html_to_text(ANSWER))
    provider = ScriptedProvider(reply or reply_text())
    return evaluate(request, provider, review_below=review_below)


def with_feedback(feedback):
    return json.dumps({**json.loads(reply_text()), "feedback": feedback})


def test_sound_reply_needs_no_review():
    evaluation = run()
    assert (evaluation.review_reasons, evaluation.confidence) == ((), 90)
    assert (evaluation.score, evaluation.max_score) == (15, 15)


def test_points_are_those_of_the_rubric():
    evaluation = run(reply_text(1))
    assert [result.points for result in evaluation.criteria] == [Decimal("5.00"), Decimal("2.50")]
    assert [result.level_text for result in evaluation.criteria] == ["Good", "Good"]


def test_points_in_a_reply_are_left_aside():
    reply = json.loads(reply_text(2))
    reply["criterion_0"]["points"] = reply["score"] = 1000
    assert run(json.dumps(reply)).score == 0


def test_weights_count_in_the_score():
    criteria = [{"text": "A", "marks": 10, "weight": 0.5}, {"text": "B", "marks": 5, "weight": 3}]
    evaluation = run(rubric={**RUBRIC, "criteria": criteria})
    assert (evaluation.score, evaluation.max_score) == (20, 20)


def test_offsets_point_at_the_quote_in_the_answer():
    evidence = run().criteria[0].evidence[0]
    assert html_to_text(ANSWER)[evidence.start : evidence.end] == QUOTE


@pytest.mark.parametrize(
    ("reply", "reasons"),
    [
        pytest.param(reply_text(confidence=40), (), id="just-sure-enough"),
        pytest.param(reply_text(confidence=39), (LOW,), id="unsure"),
        pytest.param(reply_text(quote="Never written."), (LOW, UNVERIFIED), id="invented"),
        pytest.param(reply_text(2, quote="Never written."), (LOW, UNVERIFIED), id="invented-low"),
        pytest.param(reply_text(1, quote=""), (UNVERIFIED,), id="above-lowest-without-quote"),
        pytest.param(reply_text(2, quote=""), (), id="lowest-without-quote"),
        pytest.param(reply_text(1, quote=" \n"), (UNVERIFIED,), id="blank-quote-is-none"),
    ],
)
def test_review_reasons_follow_from_confidence_and_evidence(reply, reasons):
    assert run(reply).review_reasons == reasons


def test_one_invented_quote_among_found_ones_needs_review():
    reply = json.loads(reply_text())
    reply["criterion_1"]["evidence"] = [QUOTE, QUOTE, "Never written."]
    assert run(json.dumps(reply)).review_reasons == (UNVERIFIED,)


def test_level_worth_as_little_as_the_lowest_needs_no_quote():
    rubric = {**RUBRIC, "cell_points": [[10, 0, 0], [5, 0, 0]]}
    assert run(reply_text(1, quote=""), rubric=rubric).review_reasons == ()


@pytest.mark.parametrize(
    "feedback",
    [
        " ",
        "\n\t",
        "<p></p>",
        "<p> <br></p>",
        "<p>&nbsp;</p>",
        "<ul><li></li></ul>",
        "<p><script>alert(1)</script></p>",
    ],
)
def test_feedback_without_a_word_is_malformed(feedback):
    with pytest.raises(GradingError) as caught:
        run(with_feedback(feedback))
    assert caught.value.code == ErrorCode.MALFORMED_REPLY
    assert caught.value.raw_reply == with_feedback(feedback)


@pytest.mark.parametrize(
    ("feedback", "shown"),
    [
        ("Well done.", "<p>Well done.</p>"),
        ("5 < 6 & 7 > 2", "<p>5 &lt; 6 &amp; 7 &gt; 2</p>"),
        ("<p>Well <strong>done</strong>.</p>", "<p>Well <strong>done</strong>.</p>"),
        ("<p>Go on<script>alert(1)</script></p>", "<p>Go on</p>"),
        ('<p onclick="x()" style="color:red">Go on</p>', "<p>Go on</p>"),
        ('<p><img src=x onerror="alert(1)">Go on</p>', "<p>Go on</p>"),
        ('<p><a href="javascript:alert(1)">Go on</a></p>', "<p>Go on</p>"),
    ],
)
def test_feedback_keeps_harmless_tags_only(feedback, shown):
    assert run(with_feedback(feedback)).feedback == shown


def test_reasoning_stays_the_text_it_is():
    reply = json.loads(reply_text())
    reply["criterion_0"]["reasoning"] = " <b>5 < 6</b> "
    assert run(json.dumps(reply)).criteria[0].reasoning == "<b>5 < 6</b>"


def test_error_of_the_provider_passes_through():
    failure = GradingError(ErrorCode.TIMEOUT, "no answer")
    with pytest.raises(GradingError) as caught:
        run(failure)
    assert caught.value is failure


def test_evaluation_keeps_what_was_asked_and_answered():
    evaluation = run()
    assert (evaluation.completion.text, evaluation.completion.model) == (reply_text(), "scripted-1")
    assert html_to_text(ANSWER) in evaluation.prompt.user
    assert evaluation.uses_ai
    assert evaluation.latency_ms >= 0
