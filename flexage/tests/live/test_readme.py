"""The session in the README works as it is written there."""

import json
import re
import subprocess

import pytest

from flexage.tests.site import ROOT

pytestmark = pytest.mark.live
SESSION = re.compile(r"<!-- session -->\n```sh\n(.*?)```", re.DOTALL)


def test_session_of_the_readme_ends_with_the_outcome(site):
    found = SESSION.search((ROOT / "README.md").read_text())
    assert found
    script = found[1].replace("http://127.0.0.1:8000", site.address)
    run = subprocess.run(
        ["bash", "-eu", "-c", script], capture_output=True, text=True, timeout=90, check=False
    )
    assert run.returncode == 0, run.stderr
    submission = json.loads(run.stdout[run.stdout.index("{\n") :])
    assert submission["student_name"]
    assert submission["outcome"]["outcome_data"]["score"] > 0
