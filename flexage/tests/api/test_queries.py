"""How many queries each read takes: the same for one row as for many."""

from __future__ import annotations

import pytest

from accounts.tests.factories import UserFactory
from components.tests.factories import ComponentFactory, EnrollmentFactory, EntryFactory
from grading.models import Submission
from grading.services.outcomes import override_outcome
from grading.services.submissions import submit_answer
from grading.tests.factories import (
    ANSWER,
    grade,
    make_delivery,
    make_submission,
    make_webhook,
    reply_text,
)

pytestmark = pytest.mark.django_db
HELD = reply_text(1, confidence=5)

# Looking up the user of the token is one of them.
LISTS = """
USER         QUERIES PATH
configurator 3       auth/users
configurator 3       configure/flexagecomps/
configurator 4       configure/flexagecomps/{comp_id}/entries
configurator 4       configure/flexagecomps/{comp_id}/students
configurator 4       configure/flexagecomps/{comp_id}/enrolled_students
configurator 3       configure/entries/
configurator 3       configure/entries/?flex_age_comp_id={comp_id}
configurator 5       configure/entries/{entry_id}/submissions
configurator 6       configure/entries/{entry_id}/student_states
configurator 4       configure/submissions/
configurator 4       configure/submissions/?ordering=score&updated_since=2020-01-01T00:00Z
configurator 3       configure/webhooks
configurator 4       configure/webhooks/{webhook_id}/deliveries
configurator 4       configure/entries/{entry_id}/results.csv
student      3       student/flexagecomps
student      5       student/flexagecomps/{comp_id}/entries
student      4       student/entries/{entry_id}/submissions
student      3       student/submissions
"""
READS = """
USER         QUERIES PATH
configurator 1       auth/me
configurator 2       configure/flexagecomps/{comp_id}
configurator 2       configure/entries/{entry_id}
configurator 2       configure/submissions/{submission_id}
configurator 2       configure/outcomes/{outcome_id}
configurator 2       configure/webhooks/{webhook_id}
student      3       student/entries/{entry_id}
student      2       student/submissions/{submission_id}
admin        2       configure/submissions/{submission_id}
nobody       0       health
nobody       2       ready
"""


def rows_of(table):
    """The rows of a table: user, path, number of queries."""
    lines = [line.split() for line in table.strip().splitlines()[1:]]
    return [(user, path, int(queries)) for user, queries, path in lines]


@pytest.fixture
def ask(api, request, entry, student, configurator, django_assert_num_queries):
    """Read a path as a user, with so many queries: the answer."""

    def ask(user, path, queries, ids):
        client = api(None if user == "nobody" else request.getfixturevalue(user))
        with django_assert_num_queries(queries):
            answer = client.get("/api/" + path.format(**ids))
            content = answer.getvalue()
        assert answer.status_code == 200
        return content if path.endswith(".csv") else answer.json()

    return ask


@pytest.fixture
def ids(component, entry, student):
    """One of everything that a list has rows of; the ids of what addresses name."""
    submission = make_submission(entry, student)
    outcome = grade(submission)
    webhook = make_webhook(component)
    make_delivery(webhook)
    Submission.objects.exclude(pk=submission.pk).delete()
    return {
        "comp_id": component.pk,
        "entry_id": entry.pk,
        "submission_id": submission.pk,
        "outcome_id": outcome.pk,
        "webhook_id": webhook.pk,
    }


def add_two(component, entry, student, configurator, webhook):
    """Two more rows to every list, in other states."""
    for place in (component, *ComponentFactory.create_batch(2, configurators=[configurator])):
        if place != component:
            EnrollmentFactory(component=place, student=student)
            EntryFactory(component=place, without_rubric=True)
    for number, task in enumerate(EntryFactory.create_batch(2, component=component)):
        grade(make_submission(task, student), HELD if number else None)
    for _i in range(2):
        make_delivery(webhook)
        make_webhook(component)
        newcomer = UserFactory(enrolled_in=component)
        make_submission(entry, newcomer)
        decided = make_submission(entry, student)
        grade(decided)
        override_outcome(
            decided, feedback="Better.", reason="Seen.", expected_revision=None, by=configurator
        )


@pytest.mark.parametrize(("user", "path", "queries"), rows_of(LISTS))
def test_list_takes_as_many_queries_for_three_rows_as_for_one(
    user, path, queries, ask, ids, component, entry, student, configurator
):
    before = ask(user, path, queries, ids)
    add_two(component, entry, student, configurator, component.webhooks.get())
    after = ask(user, path, queries, ids)
    assert len(after) >= len(before) + 2


@pytest.mark.parametrize(("user", "path", "queries"), rows_of(READS))
def test_single_read_takes_few_queries(user, path, queries, ask, ids):
    ask(user, path, queries, ids)


THOUSAND = 1000


@pytest.fixture
def thousand(component, entry, ids):
    """A thousand students who each handed in."""
    students = UserFactory.build_batch(THOUSAND, password="!")
    type(students[0]).objects.bulk_create(students)
    component.enrollments.model.objects.bulk_create(
        component.enrollments.model(component=component, student=each) for each in students
    )
    for each in students[:3]:
        grade(submit_answer(entry, content=ANSWER, by=each))
    Submission.objects.bulk_create(
        Submission(
            entry=entry,
            student=each,
            attempt=1,
            title="Attempt 1",
            content=ANSWER,
            submitted_at=Submission.objects.get(pk=ids["submission_id"]).submitted_at,
        )
        for each in students[3:]
    )


@pytest.mark.usefixtures("thousand")
@pytest.mark.parametrize(
    ("path", "queries"),
    [
        ("configure/submissions/", 4),
        ("configure/entries/{entry_id}/submissions", 5),
        ("configure/entries/{entry_id}/student_states", 6),
        ("configure/flexagecomps/{comp_id}/students", 4),
        ("auth/users", 3),
    ],
)
def test_list_of_a_thousand_takes_no_more_queries(path, queries, ask, ids):
    rows = ask("configurator", f"{path}?limit=1000", queries, ids)
    assert len(rows) == THOUSAND
