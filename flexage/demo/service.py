"""Lays out the demo data, and takes it away."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet

from accounts.enums import Role
from accounts.errors import DomainError
from accounts.models import User
from accounts.services import create_user
from components.models import Component
from components.services import create_component, create_entry, enroll_student
from flexage.demo import content
from grading.models import GradingRun, Submission
from grading.services.outcomes import CriterionDecision, override_outcome
from grading.services.submissions import submit_answer

GRADING_SECONDS = 60.0


def demo_people() -> QuerySet[User]:
    """The accounts that were made with the demo data."""
    return User.objects.filter(is_demo=True).order_by("role", "username")


@transaction.atomic
def create_demo() -> None:
    """Make the demo people, their components, and answers that wait for the worker.

    Raises:
        DomainError: `demo_in_production`; demo accounts exist for development only.
    """
    if not settings.DEBUG:
        raise DomainError("demo_in_production", "Demo data is made only while DEBUG is on.")
    people = {
        **_people([content.ADMIN], Role.ADMIN),
        **_people([content.CONFIGURATOR], Role.CONFIGURATOR),
        **_people(content.STUDENTS, Role.STUDENT),
    }
    configurator = people[content.CONFIGURATOR[0]]
    for demo_component in content.COMPONENTS:
        component = create_component(
            name=demo_component.name,
            general_instructions=demo_component.instructions,
            by=configurator,
        )
        for username, _full_name in content.STUDENTS:
            enroll_student(component, people[username], by=configurator)
        for demo_entry in demo_component.entries:
            entry = create_entry(
                component,
                title=demo_entry.title,
                instructions=demo_entry.instructions,
                rubric_definition=demo_entry.rubric,
                by=configurator,
            )
            for answer in demo_entry.answers:
                submit_answer(
                    entry, title=answer.title, content=answer.content, by=people[answer.student]
                )


def complete_demo(*, give_up: Callable[[], object]) -> bool:
    """Wait for the worker to grade the demo answers, then override one as the configurator.

    Args:
        give_up: asked again and again; something true ends the waiting.

    Returns:
        Whether the worker was done within a minute.
    """
    deadline = time.monotonic() + GRADING_SECONDS
    while GradingRun.objects.active().exists():
        if give_up() or time.monotonic() > deadline:
            return False
        time.sleep(0.2)
    _override_one()
    return True


@transaction.atomic
def remove_demo() -> int:
    """Delete the demo people and the components they made.

    Returns:
        How many accounts are gone.
    """
    people = demo_people()
    count = people.count()
    Component.objects.filter(created_by__in=people).delete()
    people.delete()
    return count


def _people(
    names: list[tuple[str, str]] | tuple[tuple[str, str], ...], role: Role
) -> dict[str, User]:
    return {
        username: create_user(
            username=username,
            full_name=full_name,
            password=settings.DEMO_PASSWORD,
            role=role,
            is_demo=True,
            by=None,
        )
        for username, full_name in names
    }


def _override_one() -> None:
    """Change the level that a person would see otherwise, and keep all the others."""
    title = content.COMPONENTS[0].entries[0].title
    submission = Submission.objects.filter(
        entry__title=title, student__username=content.OVERRIDE_STUDENT, outcome__isnull=False
    ).first()
    if submission is None:
        return
    row, level = content.OVERRIDE_RAISE
    kept = [CriterionDecision(level=item["level"]) for item in submission.outcome.current.criteria]
    kept[row] = replace(kept[row], level=level)
    override_outcome(
        submission,
        decisions=kept,
        feedback=content.OVERRIDE_FEEDBACK,
        reason=content.OVERRIDE_REASON,
        expected_revision=None,
        by=User.objects.get(username=content.CONFIGURATOR[0]),
    )
