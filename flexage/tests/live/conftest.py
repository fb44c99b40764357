"""Sites to ask over the network."""

import pytest

from flexage.tests.live.fuzzing import live_site


@pytest.fixture(scope="session")
def site(tmp_path_factory):
    """For those who leave the components and the people of others as they are."""
    with live_site(tmp_path_factory.mktemp("live")) as live:
        yield live


@pytest.fixture
def own_site(tmp_path):
    with live_site(tmp_path) as live:
        yield live
