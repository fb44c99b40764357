"""The session in the README works as it is written there."""

import json
import re
import subprocess

import pytest

from flexage.tests.site import ROOT, running_site

pytestmark = pytest.mark.live
SESSION = re.compile(r"<!-- session -->\n```sh\n(.*?)```", re.DOTALL)


@pytest.fixture
def new_site(tmp_path):
    """FlexAGE as `make run` starts it."""
    with running_site(tmp_path) as running:
        yield running


def test_session_of_the_readme_ends_with_the_outcome(new_site):
    found = SESSION.search((ROOT / "README.md").read_text())
    assert found
    script = found[1].replace("http://127.0.0.1:8000", new_site.address)
    run = subprocess.run(
        ["bash", "-eu", "-c", script], capture_output=True, text=True, timeout=90, check=False
    )
    assert run.returncode == 0, run.stderr
    submission = json.loads(run.stdout[run.stdout.index("{\n") :])
    assert submission["student_name"]
    assert submission["outcome"]["outcome_data"]["score"] > 0
