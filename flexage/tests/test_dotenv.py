"""The `.env` that a fresh checkout gets."""

import os
from unittest.mock import patch

import pytest

from flexage import dotenv
from flexage.dotenv import missing_lines, settings_in
from flexage.env import Settings


@pytest.fixture
def path(tmp_path, monkeypatch):
    """Where `.env` would be, in an environment that names no setting."""
    monkeypatch.setattr(dotenv, "DOTENV", tmp_path / ".env")
    with patch.dict(os.environ):
        for name in ("DEBUG", "SECRET_KEY"):
            os.environ.pop(name, None)
        yield tmp_path / ".env"


@pytest.mark.parametrize(
    ("present", "names"),
    [
        ({}, ["DEBUG", "SECRET_KEY"]),
        ({"DEBUG": ""}, ["DEBUG", "SECRET_KEY"]),
        ({"DEBUG": "true"}, ["SECRET_KEY"]),
        ({"SECRET_KEY": "x"}, ["DEBUG"]),
        ({"DEBUG": "true", "SECRET_KEY": "x"}, []),
        ({"DEBUG": "false"}, []),
        ({"DEBUG": "Off"}, []),
        ({"DEBUG": "0", "SECRET_KEY": "x"}, []),
    ],
    ids=str,
)
def test_missing_lines_are_what_development_needs(present, names):
    assert [line.partition("=")[0] for line in missing_lines(present)] == names


def test_missing_secret_key_is_random_and_marked_for_development():
    keys = {missing_lines({"DEBUG": "true"})[0] for _time in range(2)}
    assert len(keys) == 2
    assert all(key.startswith("SECRET_KEY=django-insecure-") for key in keys)


def test_settings_in_a_text():
    text = "# comment\nA=1\nexport B = two=2\n\nnonsense\n"
    assert settings_in(text) == {"A": "1", "B": "two=2"}


def test_main_writes_a_file_that_a_start_can_read(path):
    dotenv.main()
    settings = Settings(path)
    assert settings.flag("DEBUG", default=False)
    assert len(settings.secret_key(debug=True)) > 50


@pytest.mark.parametrize("text", ["PORT=9000", "PORT=9000\n", "# mine\nPORT=9000\n"])
def test_main_adds_to_what_is_there(text, path):
    path.write_text(text)
    dotenv.main()
    assert path.read_text().startswith(text.rstrip("\n") + "\n")
    assert set(settings_in(path.read_text())) >= {"PORT", "DEBUG", "SECRET_KEY"}


def test_main_twice_changes_nothing_more(path):
    dotenv.main()
    before = path.read_text()
    dotenv.main()
    assert path.read_text() == before


@pytest.mark.parametrize("text", ["DEBUG=false\n", "DEBUG=true\nSECRET_KEY=mine\n"])
def test_main_leaves_a_file_alone_that_needs_nothing(text, path):
    path.write_text(text)
    dotenv.main()
    assert path.read_text() == text


def test_main_writes_nothing_where_the_environment_says_it_all(path, monkeypatch):
    monkeypatch.setenv("DEBUG", "true")
    monkeypatch.setenv("SECRET_KEY", "mine")
    dotenv.main()
    assert not path.exists()
