"""Laying out the demo data, and taking it away."""

import pytest
from django.core.management import call_command

from accounts.errors import DomainError
from accounts.models import User
from components.models import Component, Entry
from components.tests.factories import ComponentFactory
from flexage.demo.service import create_demo, demo_people, remove_demo
from grading.models import GradingRun

pytestmark = pytest.mark.django_db


@pytest.fixture
def demo(settings):
    settings.DEBUG = True
    create_demo()


def test_demo_is_made_in_development_only():
    with pytest.raises(DomainError) as refusal:
        create_demo()
    assert refusal.value.code == "demo_in_production"
    assert not User.objects.exists()


def test_demo_has_people_of_each_role_who_can_sign_in(demo, client, settings):
    assert set(demo_people().values_list("role", flat=True)) == {"admin", "configurator", "student"}
    for username in ("admin", "configurator", "student1"):
        assert client.login(username=username, password=settings.DEMO_PASSWORD)


def test_demo_people_cannot_sign_in_to_production(demo, client, settings):
    settings.DEBUG = False
    assert not client.login(username="admin", password=settings.DEMO_PASSWORD)


def test_demo_has_two_components_with_rubrics_and_answers_that_wait(demo):
    with_rubric = Entry.objects.filter(rubric__isnull=False)
    assert Component.objects.filter(entries__in=with_rubric).distinct().count() == 2
    assert GradingRun.objects.active().count() == GradingRun.objects.count() > 0


def test_remove_demo_leaves_what_others_made(demo, capsys):
    component_of_others = ComponentFactory()
    call_command("remove_demo")
    assert "demo accounts are gone" in capsys.readouterr().out
    assert list(Component.objects.all()) == [component_of_others]
    assert not demo_people().exists()
    assert remove_demo() == 0
