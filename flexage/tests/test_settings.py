"""The settings of a real start: an impossible one ends it with one line."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.contrib.auth.hashers import check_password, make_password

import flexage.settings

ROOT = Path(__file__).resolve().parents[2]
GOOD_KEY = "k3y-" * 20
DEVELOPMENT = {"SECRET_KEY": "django-insecure-x", "DEBUG": "true"}
PRODUCTION = {"SECRET_KEY": GOOD_KEY, "DEBUG": "false"}


def check(environment):
    """Run `manage.py check` with these settings and nothing else."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    return subprocess.run(
        [sys.executable, "manage.py", "check"],
        cwd=ROOT,
        env={**kept, "ENV_FILE": os.devnull, **environment},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize(
    "environment",
    [
        DEVELOPMENT,
        PRODUCTION,
        {**PRODUCTION, "GOOGLE_API_KEY": "key", "GOOGLE_API_ENDPOINT": "http://127.0.0.1:9"},
    ],
    ids=["development", "production", "gemini"],
)
def test_start_with_what_is_needed_works(environment):
    result = check(environment)
    assert (result.returncode, result.stderr) == (0, "")


@pytest.mark.parametrize(
    ("changes", "setting", "allowed"),
    [
        ({"SECRET_KEY": ""}, "SECRET_KEY is missing", "at least 50 characters"),
        ({"DEBUG": "false"}, "SECRET_KEY is a development default", "at least 50 characters"),
        ({"DEBUG": ""}, "SECRET_KEY is a development default", "at least 50 characters"),
        ({"DEBUG": "maybe"}, "DEBUG is 'maybe'", "true, false"),
        ({"HTTPS": "maybe"}, "HTTPS is 'maybe'", "true, false"),
        ({"PORT": "abc"}, "PORT is 'abc'", "from 1 to 65535"),
        ({"PORT": "99999"}, "PORT is '99999'", "from 1 to 65535"),
        (
            {"GRADING_PROVIDER": "foo"},
            "GRADING_PROVIDER is 'foo'",
            "google-genai, openai, simulator",
        ),
        ({"GRADING_PROVIDER": "gemini"}, "GRADING_PROVIDER is 'gemini'", "GOOGLE_API_KEY"),
        ({"GRADING_CONCURRENCY": "0"}, "GRADING_CONCURRENCY is '0'", "from 1 to"),
        ({"GRADING_TEMPERATURE": "hot"}, "GRADING_TEMPERATURE is 'hot'", "from 0.0 to 2.0"),
        ({"GOOGLE_API_ENDPOINT": "a.example"}, "GOOGLE_API_ENDPOINT is", "https://"),
        ({"ANSWER_MAX_CHARS": "-1"}, "ANSWER_MAX_CHARS is '-1'", "from 1 to"),
        ({"DATABASE_URL": "nonsense"}, "DATABASE_URL is not", "sqlite:///path/to/file"),
        ({"TIME_ZONE": "Mars/Base"}, "TIME_ZONE is 'Mars/Base'", "Europe/Berlin"),
    ],
    ids=lambda value: str(value) if isinstance(value, dict) else "",
)
def test_start_with_an_impossible_setting_is_one_line(changes, setting, allowed):
    result = check({**DEVELOPMENT, **changes})
    assert result.returncode != 0
    assert result.stdout == ""
    (line,) = result.stderr.splitlines()
    assert line.startswith(f"FlexAGE cannot start: {setting}")
    assert allowed in line


def test_start_reads_the_file_that_env_file_names(tmp_path):
    dotenv = tmp_path / "settings"
    dotenv.write_text("SECRET_KEY=x\nDEBUG=true\nPORT=abc\n")
    assert "PORT is 'abc'" in check({"ENV_FILE": str(dotenv)}).stderr


def test_passwords_are_hashed_with_bcrypt(settings):
    settings.PASSWORD_HASHERS = flexage.settings.PASSWORD_HASHERS
    encoded = make_password("correct horse battery" * 10)
    assert encoded.startswith("bcrypt_sha256$")
    assert check_password("correct horse battery" * 10, encoded)
    assert not check_password("correct horse battery" * 9, encoded)
