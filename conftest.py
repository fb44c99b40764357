"""Fixtures that every test may use."""

import pytest

from accounts.tests.factories import UserFactory
from components.tests.factories import ComponentFactory, EntryFactory


@pytest.fixture
def admin(db):
    return UserFactory(username="admin", admin=True)


@pytest.fixture
def configurator(db):
    return UserFactory(username="configurator", configurator=True)


@pytest.fixture
def stranger(db):
    """A configurator who is in charge of nothing here."""
    return UserFactory(username="stranger", configurator=True)


@pytest.fixture
def component(configurator):
    return ComponentFactory(configurators=[configurator])


@pytest.fixture
def entry(component):
    return EntryFactory(component=component)


@pytest.fixture
def student(component):
    """A student enrolled in `component`."""
    return UserFactory(username="student", enrolled_in=component)


@pytest.fixture
def outsider(db):
    """A student enrolled nowhere."""
    return UserFactory(username="outsider")
