"""The hand-in side of the grading benchmark: `prepare N`, `submit N`, `wake N`, or `token`."""

from __future__ import annotations

import json
import os
import random
import sys
import time

import django
from django.core.management import call_command

POLL_SECONDS = 0.1
ANSWER = "<p>" + "With light, leaves turn carbon dioxide and water into glucose. " * 12 + "</p>"
"""In other words than the entry's instructions: what merely repeats them is graded by nobody."""


def main() -> None:
    os.environ.pop("BENCH_STATEMENTS", None)  # only the workers' statements count
    django.setup()
    action = sys.argv[1]
    if action == "prepare":
        prepare(int(sys.argv[2]))
    elif action == "submit":
        print(json.dumps(submit(int(sys.argv[2]))))
    elif action == "wake":
        print(json.dumps(wake(int(sys.argv[2]))))
    else:
        print(json.dumps(token()))


def prepare(students: int) -> None:
    """An entry nobody has answered, and so many students."""
    from accounts.models import User
    from components.models import Component, Enrollment, Entry
    from grading.models import ProviderGate
    from scripts.bench.seed import seed_entry

    call_command("migrate", verbosity=0)
    call_command("collectstatic", interactive=False, verbosity=0)
    Component.objects.all().delete()
    User.objects.all().delete()
    ProviderGate.objects.all().delete()
    entry: Entry = seed_entry()
    people = [User(username=f"student{n}") for n in range(students)]
    User.objects.bulk_create(people)
    Enrollment.objects.bulk_create(
        Enrollment(component=entry.component, student=person) for person in people
    )


def submit(count: int) -> dict[str, float]:
    """Hand in one answer per student, and wait until none is on its way."""
    from accounts.models import User
    from components.models import Entry
    from grading.models import GradingRun, Outcome
    from grading.services.submissions import submit_answer

    entry = Entry.objects.select_related("component", "rubric").get()
    started = time.time()
    for student in User.objects.filter(role="student")[:count]:
        submit_answer(entry, content=ANSWER, by=student)
    while GradingRun.objects.active().exists():
        time.sleep(POLL_SECONDS)
    last = GradingRun.objects.order_by("-finished_at").values_list("finished_at", flat=True)[0]
    return {"seconds": last.timestamp() - started, "outcomes": Outcome.objects.count()}


def wake(count: int) -> list[float]:
    """Seconds that each answer waited, handed in one by one while nothing else goes on."""
    from accounts.models import User
    from components.models import Entry
    from grading.models import GradingRun, Submission
    from grading.services.submissions import submit_answer

    entry = Entry.objects.select_related("component", "rubric").get()
    for student in User.objects.filter(role="student").order_by("-username")[:count]:
        submit_answer(entry, content=ANSWER, by=student)
        while GradingRun.objects.active().exists():
            time.sleep(POLL_SECONDS)
        time.sleep(random.uniform(0.2, 0.7))  # noqa: S311 (out of step with any clock)
    runs = GradingRun.objects.values_list("created_at", "started_at")
    waits = [(started - created).total_seconds() for created, started in runs]
    Submission.objects.all().delete()
    return waits


def token() -> dict[str, str]:
    """A configurator's token, and the entry."""
    from accounts.api.tokens import tokens_for
    from components.models import Entry

    entry = Entry.objects.select_related("component").get()
    configurator = entry.component.configurators.get()
    return {"token": tokens_for(configurator)["access_token"], "entry": str(entry.pk)}


main()
