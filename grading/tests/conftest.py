"""Fixtures of the tests of grading."""

import pytest
from django.core.management import call_command
from hypothesis import HealthCheck, settings

from grading.tests.concurrency import default_database, new_database

# A busy machine is no failure.
settings.register_profile(
    "patient", deadline=None, suppress_health_check=[HealthCheck.too_slow], print_blob=True
)
settings.load_profile("patient")


@pytest.fixture(scope="session")
def _database_of_its_own(django_db_setup, django_db_blocker, tmp_path_factory):
    with django_db_blocker.unblock(), new_database(tmp_path_factory.mktemp("database")) as config:
        yield config


@pytest.fixture
def shared_database(_database_of_its_own, db):
    """Commits are real, and other threads and processes may take part; empty at the start.

    Name it before the fixtures that make test data, or in `usefixtures`.
    """
    with default_database(_database_of_its_own):
        yield _database_of_its_own
        call_command("flush", interactive=False, inhibit_post_migrate=True, verbosity=0)
