"""Recording, overriding and releasing outcomes."""

from decimal import Decimal
from functools import partial

import pytest

from accounts.errors import ConflictError, DomainError
from components.services import set_rubric
from components.tests.factories import RUBRIC, EntryFactory
from grading.enums import EntryStatus, GraderKind, RunState
from grading.models import GradingRun, Outcome, OutcomeRevision, StudentEntryState
from grading.services.claims import claim_runs
from grading.services.grading import request_regrade
from grading.services.outcomes import (
    CriterionDecision,
    override_outcome,
    record_evaluation,
    release_outcome,
    rubric_in_force,
)
from grading.tests.concurrency import in_threads
from grading.tests.factories import (
    QUOTE,
    ScriptedProvider,
    claim,
    evaluation_for,
    grade,
    make_submission,
    reply_text,
    step_of,
)
from grading.worker import settle

pytestmark = pytest.mark.django_db
UNSURE = reply_text(1, confidence=5)
GOOD, POOR = CriterionDecision(1), CriterionDecision(2)


@pytest.fixture
def submission(entry, student):
    return make_submission(entry, student)


@pytest.fixture
def override(submission, configurator):
    """Override what is in force; a test changes what it is about."""
    fields = {
        "decisions": [GOOD, POOR],
        "feedback": "Look again.",
        "reason": "Too kind.",
        "expected_revision": None,
        "by": configurator,
    }
    return lambda **changes: override_outcome(submission, **{**fields, **changes})


def regrade(submission, reply, by):
    request_regrade(submission, by=by)
    return grade(submission, reply)


def status(submission):
    return StudentEntryState.objects.get(student=submission.student).status


def numbers(outcome):
    """(number in force, number that the student sees) as the database has them."""
    stored = Outcome.objects.select_related("current", "released").get(pk=outcome.pk)
    return stored.current.number, stored.released.number if stored.released else None


# --- recording ---------------------------------------------------------------
def test_sound_evaluation_is_released_at_once(submission):
    outcome = grade(submission)
    assert outcome.current.score == outcome.current.max_score == 15
    assert numbers(outcome) == (1, 1)
    assert (outcome.needs_review, outcome.released_by) == (False, None)
    assert status(submission) == EntryStatus.OUTCOME_AVAILABLE


@pytest.mark.parametrize(
    ("reply", "reasons"),
    [
        (UNSURE, ["low_confidence"]),
        (reply_text(1, quote=""), ["unverified_evidence"]),
        (reply_text(quote="Never written."), ["low_confidence", "unverified_evidence"]),
    ],
)
def test_doubtful_evaluation_is_held_for_a_person(submission, reply, reasons):
    outcome = grade(submission, reply)
    assert numbers(outcome) == (1, None)
    assert (outcome.needs_review, outcome.review_reasons) == (True, reasons)
    assert status(submission) == EntryStatus.SUBMITTED_PROCESSING


def test_revision_keeps_level_points_reasons_and_quotes(submission):
    first = grade(submission, reply_text(1)).current.criteria[0]
    assert (first["level"], first["level_text"], first["points"]) == (1, "Good", "5.00")
    assert (first["max_points"], first["weight"], first["confidence"]) == ("10", "1", 90)
    quote = first["evidence"][0]
    assert submission.text[quote["start"] : quote["end"]] == quote["quote"] == QUOTE


def test_run_keeps_its_provenance(submission):
    grade(submission)
    run = submission.runs.get()
    assert (run.state, run.provider, run.model) == (RunState.SUCCEEDED, "scripted", "scripted-1")
    assert (run.input_tokens, run.output_tokens, run.raw_reply) == (100, 50, reply_text())
    assert len(run.prompt_hash) == 64
    assert run.revision == submission.current_outcome.current


@pytest.mark.parametrize(
    ("uses_ai", "grader"), [(True, GraderKind.AI), (False, GraderKind.SIMULATOR)]
)
def test_revision_says_whether_an_ai_model_judged(submission, uses_ai, grader):
    provider = ScriptedProvider()
    provider.uses_ai = uses_ai
    settle(step_of(claim(submission), provider))
    assert OutcomeRevision.objects.get().grader == grader


def test_evaluation_under_a_lost_claim_records_nothing(submission):
    run = claim(submission)
    evaluation = evaluation_for(run)
    GradingRun.objects.update(claim="00000000-0000-0000-0000-000000000000")
    assert record_evaluation(run, evaluation, grader=GraderKind.AI) is None
    assert not OutcomeRevision.objects.exists()
    assert submission.runs.get().state == RunState.RUNNING


def test_evaluation_is_recorded_once_only(submission):
    run = claim(submission)
    evaluation = evaluation_for(run)
    assert record_evaluation(run, evaluation, grader=GraderKind.AI) is not None
    assert record_evaluation(run, evaluation, grader=GraderKind.AI) is None
    assert OutcomeRevision.objects.count() == 1


def test_later_sound_run_replaces_and_releases(submission, configurator):
    grade(submission)
    outcome = regrade(submission, reply_text(2), configurator)
    assert (numbers(outcome), outcome.current.score) == ((2, 2), 0)


def test_later_doubtful_run_leaves_the_released_revision_to_the_student(submission, configurator):
    grade(submission)
    outcome = regrade(submission, UNSURE, configurator)
    assert (numbers(outcome), outcome.needs_review) == ((2, 1), True)
    assert status(submission) == EntryStatus.OUTCOME_AVAILABLE


def test_sound_run_after_a_doubtful_one_ends_the_wait(submission, configurator):
    grade(submission, UNSURE)
    outcome = regrade(submission, reply_text(), configurator)
    assert (numbers(outcome), outcome.needs_review, outcome.review_reasons) == ((2, 2), False, [])


@pytest.mark.parametrize("reply", [reply_text(2), UNSURE])
def test_person_outranks_every_later_run(submission, override, reply):
    override()
    outcome = grade(submission, reply)
    assert (numbers(outcome), outcome.needs_review) == ((1, 1), False)
    assert [revision.grader for revision in outcome.revisions.all()] == ["person", "ai"]


def test_person_outranks_a_run_that_was_in_flight(submission, override):
    run = claim(submission)
    evaluation = evaluation_for(run)
    override()
    record_evaluation(run, evaluation, grader=GraderKind.AI)
    outcome = Outcome.objects.get()
    assert numbers(outcome) == (1, 1)
    assert [revision.grader for revision in outcome.revisions.all()] == ["person", "ai"]


@pytest.mark.usefixtures("shared_database")
def test_override_and_evaluation_at_the_same_moment_leave_the_person_in_force(
    entry, student, configurator
):
    submission = make_submission(entry, student)
    run = claim(submission)
    decide = partial(
        override_outcome, submission, decisions=[GOOD, POOR], feedback="Look again.", reason="x"
    )
    in_threads(
        partial(record_evaluation, run, evaluation_for(run), grader=GraderKind.AI),
        partial(decide, expected_revision=None, by=configurator),
    )
    outcome = Outcome.objects.select_related("current", "released").get()
    assert (outcome.current.is_by_person, outcome.released) == (True, outcome.current)
    assert sorted(outcome.revisions.values_list("number", flat=True)) == [1, 2]


@pytest.mark.usefixtures("shared_database")
@pytest.mark.parametrize("expected", [0, 1], ids=["first", "later"])
def test_one_of_several_overrides_at_the_same_moment_wins(entry, student, configurator, expected):
    submission = make_submission(entry, student)
    if expected:
        grade(submission)

    def decide():
        try:
            return override_outcome(
                submission,
                decisions=[GOOD, POOR],
                feedback="Look again.",
                reason="x",
                expected_revision=expected,
                by=configurator,
            )
        except DomainError as error:
            return error.code

    results = in_threads(*[decide] * 4)
    assert results.count("stale_outcome") == 3
    assert Outcome.objects.get().revisions.count() == expected + 1


# --- overriding --------------------------------------------------------------
def test_override_is_in_force_and_released_at_once(submission, override, configurator):
    grade(submission, UNSURE)
    outcome = override()
    assert (numbers(outcome), outcome.released_by) == ((2, 2), configurator)
    assert (outcome.needs_review, outcome.review_reasons) == (False, [])
    assert status(submission) == EntryStatus.OUTCOME_AVAILABLE


def test_override_says_who_and_why(submission, override, configurator):
    grade(submission)
    current = override(reason=" Too kind. ").current
    assert (current.grader, current.created_by) == (GraderKind.PERSON, configurator)
    assert (current.reason, current.confidence, current.run) == ("Too kind.", 90, None)


def test_override_takes_the_points_of_its_levels(submission, override):
    current = override().current
    assert [item["level_text"] for item in current.criteria] == ["Good", "Poor"]
    assert (current.score, current.max_score) == (5, 15)


def test_override_may_give_points_of_its_own(override):
    current = override(decisions=[CriterionDecision(2, Decimal("7.25")), POOR]).current
    assert (current.criteria[0]["points"], current.score) == ("7.25", Decimal("7.25"))


def test_override_counts_weights(configurator, component):
    criteria = [{"text": "A", "marks": 10, "weight": 0.5}, {"text": "B", "marks": 5, "weight": 3}]
    entry = EntryFactory(component=component)
    set_rubric(entry, {**RUBRIC, "criteria": criteria}, expected_revision=None, by=configurator)
    entry.refresh_from_db()
    outcome = override_outcome(
        make_submission(entry),
        decisions=[GOOD, CriterionDecision(0)],
        feedback="Look again.",
        reason="",
        expected_revision=0,
        by=configurator,
    )
    assert (outcome.current.score, outcome.current.max_score) == (Decimal("17.50"), Decimal(20))


def test_kept_level_keeps_its_reasons_and_quotes(submission, override):
    grade(submission, reply_text(1))
    kept, changed = override().current.criteria
    assert (kept["reasoning"], len(kept["evidence"])) == ("The answer says so.", 1)
    assert (changed["reasoning"], changed["evidence"]) == ("", [])


def test_comment_takes_the_place_of_the_reasons(submission, override):
    grade(submission, reply_text(1))
    decisions = [CriterionDecision(1, comment=" See page 3. "), POOR]
    item = override(decisions=decisions).current.criteria[0]
    assert (item["reasoning"], item["evidence"]) == ("See page 3.", [])


@pytest.mark.parametrize(
    ("feedback", "stored"),
    [
        ("Look at 2 < 3.\n\nThen go on.", "<p>Look at 2 &lt; 3.</p>\n\n<p>Then go on.</p>"),
        ("<p>Look <strong>again</strong></p>", "<p>Look <strong>again</strong></p>"),
        ("<p onclick='x()'>Look<script>alert(1)</script></p>", "<p>Look</p>"),
    ],
)
def test_feedback_of_a_person_is_stored_safe(override, feedback, stored):
    assert override(feedback=feedback).current.feedback == stored


@pytest.mark.parametrize(
    ("changes", "code", "field"),
    [
        ({"reason": " \n"}, "reason_missing", "reason"),
        ({"feedback": ""}, "feedback_missing", "feedback"),
        ({"feedback": "<p> &nbsp;</p>"}, "feedback_missing", "feedback"),
        ({"feedback": "<p><script>x</script></p>"}, "feedback_missing", "feedback"),
        ({"decisions": []}, "wrong_criteria", ""),
        ({"decisions": [GOOD]}, "wrong_criteria", ""),
        ({"decisions": [GOOD] * 3}, "wrong_criteria", ""),
        ({"decisions": [GOOD, CriterionDecision(3)]}, "unknown_level", "level_1"),
        ({"decisions": [CriterionDecision(-1), GOOD]}, "unknown_level", "level_0"),
        (
            {"decisions": [CriterionDecision(0, Decimal("10.01")), GOOD]},
            "points_out_of_range",
            "points_0",
        ),
        (
            {"decisions": [GOOD, CriterionDecision(0, Decimal("-0.01"))]},
            "points_out_of_range",
            "points_1",
        ),
        (
            {"decisions": [GOOD, CriterionDecision(0, Decimal("NaN"))]},
            "points_out_of_range",
            "points_1",
        ),
        ({"expected_revision": 0}, "stale_outcome", ""),
        ({"expected_revision": 2}, "stale_outcome", ""),
    ],
)
def test_impossible_override_is_refused_and_changes_nothing(
    submission, override, changes, code, field
):
    outcome = grade(submission)
    with pytest.raises(DomainError) as caught:
        override(**changes)
    assert (caught.value.code, caught.value.field) == (code, field)
    assert (numbers(outcome), outcome.revisions.count()) == ((1, 1), 1)


def test_stale_override_is_a_conflict(submission, override):
    grade(submission)
    override(expected_revision=1)
    with pytest.raises(DomainError) as caught:
        override(expected_revision=1)
    assert (caught.value.code, type(caught.value)) == ("stale_outcome", ConflictError)


@pytest.mark.parametrize("who", ["student", "stranger", "outsider"])
def test_override_is_for_people_in_charge_only(request, submission, override, who):
    outcome = grade(submission)
    with pytest.raises(DomainError, match="not in charge") as caught:
        override(by=request.getfixturevalue(who))
    assert (caught.value.code, numbers(outcome)) == ("forbidden", (1, 1))


def test_first_outcome_by_hand_needs_no_reason(override):
    assert numbers(override(reason="", expected_revision=0)) == (1, 1)


def test_admin_may_override_everywhere(override, admin):
    assert override(by=admin).current.created_by == admin


def test_override_without_a_rubric_is_feedback_only(component, configurator):
    submission = make_submission(EntryFactory(component=component, without_rubric=True))
    outcome = override_outcome(
        submission,
        decisions=[],
        feedback="Well said.",
        reason="",
        expected_revision=0,
        by=configurator,
    )
    current = outcome.current
    assert (current.rubric, current.criteria) == (None, [])
    assert current.score == current.max_score == current.percent == 0


def test_person_decides_with_the_rubric_that_is_in_force(submission, override, configurator):
    outcome = grade(submission)
    old = submission.entry.rubric
    set_rubric(submission.entry, {}, expected_revision=None, by=configurator)
    submission.entry.refresh_from_db()
    assert rubric_in_force(submission) == old
    assert (override().current.rubric, numbers(outcome)) == (old, (2, 2))


def test_without_an_outcome_the_rubric_of_the_entry_counts(submission):
    assert rubric_in_force(submission) == submission.entry.rubric


# --- releasing ---------------------------------------------------------------
def test_release_lets_the_student_see_what_is_in_force(submission, configurator):
    grade(submission, UNSURE)
    outcome = release_outcome(submission, expected_revision=1, by=configurator)
    assert (numbers(outcome), outcome.released_by) == ((1, 1), configurator)
    assert (outcome.needs_review, outcome.review_reasons) == (False, [])
    assert status(submission) == EntryStatus.OUTCOME_AVAILABLE


def test_release_makes_no_revision(submission, configurator):
    grade(submission, UNSURE)
    outcome = release_outcome(submission, expected_revision=1, by=configurator)
    assert outcome.revisions.count() == 1


def test_released_outcome_cannot_be_released_again(submission, configurator):
    grade(submission)
    with pytest.raises(DomainError) as caught:
        release_outcome(submission, expected_revision=1, by=configurator)
    assert caught.value.code == "nothing_to_release"


def test_submission_without_an_outcome_cannot_be_released(submission, configurator):
    with pytest.raises(DomainError) as caught:
        release_outcome(submission, expected_revision=0, by=configurator)
    assert caught.value.code == "nothing_to_release"


def test_release_of_what_changed_meanwhile_is_refused(submission, configurator):
    outcome = grade(submission, UNSURE)
    regrade(submission, UNSURE, configurator)
    with pytest.raises(DomainError) as caught:
        release_outcome(submission, expected_revision=1, by=configurator)
    assert (caught.value.code, numbers(outcome)) == ("stale_outcome", (2, None))


@pytest.mark.parametrize("who", ["student", "stranger", "outsider"])
def test_release_is_for_people_in_charge_only(request, submission, who):
    outcome = grade(submission, UNSURE)
    with pytest.raises(DomainError) as caught:
        release_outcome(submission, expected_revision=1, by=request.getfixturevalue(who))
    assert (caught.value.code, numbers(outcome)) == ("forbidden", (1, None))


# --- the history -------------------------------------------------------------
def test_every_decision_is_a_revision_in_order(submission, override, configurator):
    grade(submission)
    override()
    outcome = regrade(submission, reply_text(2), configurator)
    override(reason="Once more.", expected_revision=2)
    history = outcome.revisions.values_list("number", "grader", "reason")
    assert list(history) == [
        (1, "ai", ""),
        (2, "person", "Too kind."),
        (3, "ai", ""),
        (4, "person", "Once more."),
    ]


def test_number_in_force_stays_though_a_later_run_was_added(submission, override):
    override(reason="")
    grade(submission, reply_text(2))
    assert numbers(override(expected_revision=1)) == (3, 3)


def test_revision_never_changes(submission):
    revision = grade(submission).current
    revision.score = 0
    with pytest.raises(TypeError, match="never changes"):
        revision.save()


def test_claiming_after_the_outcome_finds_nothing(submission):
    grade(submission)
    assert claim_runs(10) == []
