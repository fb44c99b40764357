"""Students who ask for a person, and people who answer."""

import pytest

from accounts.errors import ConflictError, DomainError, ForbiddenError
from components.tests.factories import EntryFactory
from grading.models import ReviewRequest
from grading.rules import can_ask_for_review
from grading.services.outcomes import CriterionDecision, override_outcome
from grading.services.reviews import MAX_ANSWER, MAX_REASON, answer_review, ask_for_review
from grading.tests.concurrency import in_threads
from grading.tests.factories import grade, make_submission, reply_text

pytestmark = pytest.mark.django_db
ROLES = ["admin", "configurator", "stranger", "student", "outsider"]


@pytest.fixture
def submission(entry, student):
    submission = make_submission(entry, student)
    grade(submission)
    return submission


@pytest.fixture
def ask(submission, student):
    """Ask about the submission; a test changes what it is about."""
    return lambda **changes: ask_for_review(
        submission, **{"reason": "Look at the light.", "by": student, **changes}
    )


@pytest.fixture
def answer(ask, configurator):
    """Answer one request; a test changes what it is about."""
    asked = ask()
    return lambda **changes: answer_review(
        asked, **{"answer": "It is right.", "by": configurator, **changes}
    )


def code_of(call, **changes):
    with pytest.raises(DomainError) as caught:
        call(**changes)
    return caught.value.code, caught.value.field


# --- who may -----------------------------------------------------------------
@pytest.mark.parametrize("role", ROLES)
def test_author_alone_may_ask(request, submission, ask, role):
    user = request.getfixturevalue(role)
    assert can_ask_for_review(user, submission) == (role == "student")
    if role != "student":
        assert code_of(ask, by=user) == ("forbidden", "")


def test_deactivated_author_may_not_ask(submission, student, ask):
    student.is_active = False
    assert not can_ask_for_review(student, submission)
    with pytest.raises(ForbiddenError):
        ask(by=student)


def test_author_may_ask_after_leaving_the_component(submission, component, ask):
    component.enrollments.all().delete()
    assert ask().is_open


@pytest.mark.parametrize("reply", [None, reply_text(1, confidence=5)], ids=["queued", "held"])
def test_nothing_can_be_asked_before_release(entry, student, reply):
    submission = make_submission(entry, student)
    if reply:
        grade(submission, reply)
    assert not can_ask_for_review(student, submission)
    with pytest.raises(DomainError) as caught:
        ask_for_review(submission, reason="Please.", by=student)
    assert caught.value.code == "nothing_released"


def test_release_counts_that_came_after_the_submission_was_read(entry, student):
    submission = make_submission(entry, student)
    stale = type(submission).objects.with_outcome().get(pk=submission.pk)
    grade(submission)
    assert ask_for_review(stale, reason="Please.", by=student)


@pytest.mark.parametrize("role", ROLES)
def test_person_in_charge_alone_may_answer(request, answer, role):
    user = request.getfixturevalue(role)
    if role in {"admin", "configurator"}:
        assert answer(by=user).answered_by == user
    else:
        assert code_of(answer, by=user) == ("forbidden", "")


# --- asking ------------------------------------------------------------------
def test_request_keeps_what_it_is_about(submission, ask):
    asked = ask(reason="  Why?\r\nI wrote it. ", criterion=1)
    assert (asked.submission, asked.criterion, asked.is_open) == (submission, 1, True)
    assert asked.reason == "Why?\nI wrote it."


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"reason": ""}, ("reason_missing", "reason")),
        ({"reason": " \r\n\t"}, ("reason_missing", "reason")),
        ({"reason": "x" * (MAX_REASON + 1)}, ("reason_too_long", "reason")),
        ({"reason": "a\x00"}, ("nul_character", "reason")),
        ({"criterion": 2}, ("unknown_criterion", "criterion")),
        ({"criterion": -1}, ("unknown_criterion", "criterion")),
    ],
    ids=lambda value: repr(value)[:40],
)
def test_bad_request_is_refused_with_its_field(ask, changes, code):
    assert code_of(ask, **changes) == code
    assert not ReviewRequest.objects.exists()


def test_reason_of_the_largest_size_is_taken(ask):
    lines = "\r\n".join("ä" * (MAX_REASON // 2)) + "ä"
    assert len(ask(reason=lines).reason) == MAX_REASON


def test_halves_of_characters_are_replaced(ask):
    assert ask(reason="a\ud800").reason == "a\ufffd"


def test_second_request_about_the_same_waits_for_the_answer(ask, configurator):
    asked = ask()
    with pytest.raises(ConflictError) as caught:
        ask(reason="And another thing.")
    assert (caught.value.code, caught.value.field) == ("already_asked", "criterion")
    answer_review(asked, answer="It is right.", by=configurator)
    assert ask(reason="And another thing.") != asked


def test_each_criterion_and_the_whole_can_be_asked_about(ask):
    assert len({ask(criterion=criterion).pk for criterion in (None, 0, 1)}) == 3


def test_double_click_is_one_request(ask):
    assert ask(criterion=0) == ask(criterion=0, reason=" Look at the light. ")
    assert ReviewRequest.objects.count() == 1


def test_outcome_without_criteria_is_asked_about_as_a_whole(component, student, configurator):
    submission = make_submission(EntryFactory(component=component, without_rubric=True), student)
    override_outcome(
        submission, decisions=[], feedback="Well.", reason="", expected_revision=0, by=configurator
    )
    assert ask_for_review(submission, reason="Why?", by=student).criterion is None
    with pytest.raises(DomainError):
        ask_for_review(submission, reason="Why?", criterion=0, by=student)


# --- answering ---------------------------------------------------------------
def test_answer_closes_the_request(answer, configurator):
    answered = answer(answer=" It is right.\r\nLook. ")
    answered.refresh_from_db()
    assert (answered.answer, answered.answered_by) == ("It is right.\nLook.", configurator)
    assert not answered.is_open


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (" ", "answer_missing"),
        ("x" * (MAX_ANSWER + 1), "answer_too_long"),
        ("a\x00", "nul_character"),
    ],
    ids=lambda value: repr(value)[:40],
)
def test_bad_answer_is_refused(answer, text, code):
    assert code_of(answer, answer=text) == (code, "answer")
    assert ReviewRequest.objects.get().is_open


def test_second_answer_changes_nothing(answer, admin):
    answer()
    with pytest.raises(ConflictError) as caught:
        answer(answer="No.", by=admin)
    assert caught.value.code == "already_answered"
    assert ReviewRequest.objects.get().answer == "It is right."


def test_override_leaves_the_request_to_be_answered(submission, ask, configurator):
    asked = ask()
    override_outcome(
        submission,
        decisions=[CriterionDecision(0), CriterionDecision(1)],
        reason="Right you are.",
        expected_revision=1,
        by=configurator,
    )
    asked.refresh_from_db()
    assert asked.is_open


# --- at the same time --------------------------------------------------------
@pytest.mark.usefixtures("shared_database")
def test_clicks_at_the_same_time_are_one_request(submission, student):
    def click():
        return ask_for_review(submission, reason="Why?", by=student).pk

    assert len(set(in_threads(click, click, click))) == 1


@pytest.mark.usefixtures("shared_database")
def test_answers_at_the_same_time_are_one_answer(submission, student, configurator):
    asked = ask_for_review(submission, reason="Why?", by=student)

    def reply(text):
        def call():
            try:
                return answer_review(asked, answer=text, by=configurator).answer
            except ConflictError:
                return None

        return call

    answers = in_threads(reply("One."), reply("Two."))
    assert [text for text in answers if text] == [ReviewRequest.objects.get().answer]
