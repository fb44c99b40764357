"""Brings the benchmark's database to a number of submissions; prints what the client needs."""

import json
import sys

import django
from django.core.management import call_command


def main() -> None:
    django.setup()
    from accounts.api.tokens import tokens_for
    from components.models import Entry
    from grading.models import Submission
    from scripts.bench.seed import add_submissions, seed_entry

    call_command("migrate", verbosity=0)
    call_command("collectstatic", interactive=False, verbosity=0)
    entry = Entry.objects.first() or seed_entry()
    Submission.objects.filter(runs__state="queued").delete()  # of the run before
    add_submissions(entry, int(sys.argv[1]))
    submission = Submission.objects.select_related("student", "outcome").first()
    configurator = entry.component.configurators.get()
    people = {"configurator": configurator, "student": submission.student}
    facts = {
        "component": str(entry.component_id),
        "entry": str(entry.pk),
        "submission": str(submission.pk),
        "outcome": str(submission.outcome.pk),
        "token": {name: tokens_for(person)["access_token"] for name, person in people.items()},
    }
    print(json.dumps(facts))


main()
