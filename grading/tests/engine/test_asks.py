"""What is still to be asked of a provider."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grading.engine.asks import calls_left, next_ask
from grading.engine.errors import ErrorCode, GradingError
from grading.engine.reply import Progress, absorb
from grading.engine.types import Ask, Plan
from grading.tests.engine.strategies import PLANS, bodies, reply_to, rubrics, spec_of

SPEC = spec_of()


def steps(plan, progress=None):
    """All asks of a run whose calls all go well."""
    progress, found = progress or Progress(), []
    while ask := next_ask(SPEC, plan, progress):
        found.append(ask)
        progress = absorb(reply_to(SPEC, ask), SPEC, ask, progress)
    return found


def after(ask, **changes):
    """What is known after a reply to `ask` that lacks something."""
    with pytest.raises(GradingError) as caught:
        absorb(reply_to(SPEC, ask, **changes), SPEC, ask, Progress())
    assert caught.value.code == ErrorCode.INCOMPLETE_REPLY
    return caught.value.progress


WHOLE = Ask(0, (0, 1), wants_feedback=True)


def test_plain_plan_takes_one_call():
    assert steps(Plan()) == [WHOLE]


def test_second_opinions_are_about_criteria_only():
    again = [Ask(number, (0, 1), wants_feedback=False) for number in (1, 2)]
    assert steps(Plan(opinions=3)) == [WHOLE, *again]


def test_plan_per_criterion_asks_for_the_feedback_last():
    assert steps(Plan(per_criterion=True)) == [
        Ask(0, (0,), wants_feedback=False),
        Ask(0, (1,), wants_feedback=False),
        Ask(0, (), wants_feedback=True),
    ]


def test_plan_per_criterion_finishes_one_opinion_before_the_next():
    asked = steps(Plan(opinions=2, per_criterion=True))
    assert [(ask.opinion, ask.criteria) for ask in asked] == [
        (0, (0,)),
        (0, (1,)),
        (0, ()),
        (1, (0,)),
        (1, (1,)),
    ]


@pytest.mark.parametrize(
    ("missing", "ask"),
    [
        ({"criterion_1": None}, Ask(0, (1,), wants_feedback=False)),
        ({"feedback": None}, Ask(0, (), wants_feedback=True)),
        ({"criterion_0": None, "feedback": None}, Ask(0, (0,), wants_feedback=True)),
    ],
)
def test_only_what_is_missing_is_asked_again(missing, ask):
    progress = after(WHOLE, **missing)
    assert steps(Plan(), progress) == [ask]


def test_plan_of_no_opinion_is_a_plan_of_one():
    assert steps(Plan(opinions=0)) == [WHOLE]


@given(st.data(), rubrics(), PLANS)
def test_partial_replies_reach_the_end_in_bounded_calls(data, spec, plan):
    progress, calls = Progress(), 0
    parts = plan.opinions * len(spec.criteria) + 1
    while ask := next_ask(spec, plan, progress):
        left = calls_left(spec, plan, progress)
        body = data.draw(bodies(spec, ask))
        kept = data.draw(st.sets(st.sampled_from(list(body)), min_size=1))
        text = json.dumps({key: body[key] for key in kept})
        try:
            progress = absorb(text, spec, ask, progress)
            assert calls_left(spec, plan, progress) == left - 1
        except GradingError as error:
            assert error.progress is not None  # noqa: PT017
            progress = error.progress
            assert 0 < calls_left(spec, plan, progress) <= left
        calls += 1
        assert calls <= parts
    assert calls_left(spec, plan, progress) == 0


@given(rubrics(), PLANS)
def test_every_part_is_asked_for_once_and_feedback_once(spec, plan):
    progress, asked = Progress(), []
    expected = calls_left(spec, plan, progress)
    while ask := next_ask(spec, plan, progress):
        asked.append(ask)
        progress = absorb(reply_to(spec, ask, **_first_levels(spec, ask)), spec, ask, progress)
    assert len(asked) == expected
    rows = [(ask.opinion, index) for ask in asked for index in ask.criteria]
    assert sorted(rows) == [(n, c.index) for n in range(plan.opinions) for c in spec.criteria]
    assert sum(ask.wants_feedback for ask in asked) == 1


def _first_levels(spec, ask):
    """A level that each criterion offers."""
    return {
        f"criterion_{index}": {
            "evidence": [],
            "reasoning": "So.",
            "level": f"level_{spec.criteria[index].levels[0].index}",
            "confidence": 50,
        }
        for index in ask.criteria
    }
