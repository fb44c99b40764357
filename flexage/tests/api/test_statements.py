"""What is read by prepared SQL is what the querysets give."""

from uuid import uuid4

import pytest
from django.db import connection

from accounts.api.serializers import USER
from accounts.api.statements import OneUser, Statement
from accounts.models import User
from accounts.tests.factories import UserFactory
from components.api.serializers import COMPONENT_ROW, ENTRY_ROW
from components.tests.factories import ComponentFactory, EntryFactory
from grading.api.serializers.outcomes import OUTCOME_ROW
from grading.api.serializers.submissions import OWN_SUBMISSION_ROW, SUBMISSION_ROW
from grading.api.webhooks import WEBHOOK_ROW
from grading.services.outcomes import override_outcome
from grading.tests.factories import grade, make_submission, make_webhook

pytestmark = pytest.mark.django_db
ROWS = {
    "user": USER,
    "component": COMPONENT_ROW,
    "entry": ENTRY_ROW,
    "submission": SUBMISSION_ROW,
    "own submission": OWN_SUBMISSION_ROW,
    "outcome": OUTCOME_ROW,
    "webhook": WEBHOOK_ROW,
}


@pytest.fixture
def world(entry, student, configurator, admin):
    """Things of the configurator, and the same of somebody else."""
    graded = make_submission(entry, student)
    outcome = grade(graded)
    override_outcome(
        graded, feedback="Better.", reason="Seen.", expected_revision=None, by=configurator
    )
    make_submission(entry, student)
    foreign = EntryFactory(component=ComponentFactory())
    grade(make_submission(foreign))
    make_webhook(entry.component)
    make_webhook(foreign.component)
    assert outcome.pk
    return {"student": student, "configurator": configurator, "admin": admin}


@pytest.mark.parametrize("who", ["student", "configurator", "admin"])
@pytest.mark.parametrize("name", ROWS)
def test_one_row_is_that_of_the_queryset(name, who, world):
    read, user = ROWS[name], world[who]
    visible = read.visible(user)
    everything = visible.model._base_manager.values_list("pk", flat=True)
    assert everything
    for key in everything:
        rows = visible.filter(pk=key).values_list(*read.plan.columns)
        expected = [read.plan.read(row) for row in rows]
        # Twice: the second time with the SQL of the first.
        assert [read(user, key), read(user, key)] == (expected * 2 or [None, None])


def test_one_row_is_none_for_an_unknown_id(world):
    assert ENTRY_ROW(world["configurator"], uuid4()) is None


def test_one_row_of_one_user_is_not_that_of_another_of_the_same_role(entry, configurator, stranger):
    found = ENTRY_ROW(configurator, entry.pk)
    assert found is not None
    assert found["entry_id"] == entry.pk
    assert ENTRY_ROW(stranger, entry.pk) is None


def test_one_user_is_the_user_as_stored():
    user, read = UserFactory(), OneUser()
    for _round in range(2):
        found = read(user.pk)
        assert isinstance(found, User)
        fields = [field.attname for field in User._meta.concrete_fields]
        assert [getattr(found, name) for name in fields] == [getattr(user, name) for name in fields]
    User.objects.filter(pk=user.pk).update(is_active=False)
    changed = read(user.pk)
    assert changed is not None
    assert not changed.is_active
    assert read(uuid4()) is None


def test_statement_that_would_answer_anybody_is_refused():
    everybody = User.objects.values_list("username")
    with pytest.raises(ValueError, match="answer anybody"):
        Statement(everybody, {uuid4(): 0})


def test_statement_reads_with_one_query(django_assert_num_queries):
    user, read = UserFactory(), OneUser()
    read(user.pk)
    with django_assert_num_queries(1, connection=connection):
        read(user.pk)
