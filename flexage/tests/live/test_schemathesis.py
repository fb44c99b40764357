"""The running API does what its schema says, whoever asks for whatever."""

import pytest

from flexage.tests.live.fuzzing import NOBODY, ROLES, ask

pytestmark = [pytest.mark.live, pytest.mark.timeout(600)]

EXAMPLES = 10


@pytest.mark.parametrize("role", ROLES)
def test_the_api_keeps_to_its_schema(role, request, tmp_path):
    harmless = role in {NOBODY, "student"}
    site = request.getfixturevalue("site" if harmless else "own_site")
    report = ask(site, role, tmp_path, examples=EXAMPLES)
    assert report.is_clean, report.text
    assert not report.unreached
