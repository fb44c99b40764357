"""Reading settings: every one names itself and what it allows when its value cannot work."""

import os
from unittest.mock import patch

import pytest

from flexage.env import MIN_SECRET_KEY_LENGTH, Settings, SettingsError

GOOD_KEY = "k3y-" * 20


@pytest.fixture
def read(tmp_path):
    """Makes settings from an environment and the text of a `.env`."""

    def settings_of(dotenv="", **environment):
        os.environ.update(environment)
        path = tmp_path / ".env"
        path.write_text(dotenv)
        return Settings(path)

    with patch.dict(os.environ):
        for name in ("X", "SECRET_KEY", "DATABASE_URL"):
            os.environ.pop(name, None)
        yield settings_of


def refusal_of(reader, *arguments, **options):
    """The message of a setting that cannot work, which is always one line."""
    with pytest.raises(SettingsError) as refusal:
        reader(*arguments, **options)
    message = str(refusal.value)
    assert "\n" not in message
    return message


@pytest.mark.parametrize(
    ("dotenv", "environment", "value"),
    [
        ("", {}, "default"),
        ("X=", {}, "default"),
        ("X=  ", {}, "default"),
        ("X=file", {}, "file"),
        ("X='quoted words'", {}, "quoted words"),
        ("export X=file", {}, "file"),
        ("# X=comment", {}, "default"),
        ("", {"X": " padded "}, "padded"),
        ("X=file", {"X": "environment"}, "environment"),
        ("", {"X": "a=b#c$d"}, "a=b#c$d"),
        ("", {"X": "$tart"}, "$tart"),
    ],
)
def test_text_comes_from_the_environment_then_the_file_then_the_default(
    dotenv, environment, value, read
):
    assert read(dotenv, **environment).text("X", "default") == value


def test_file_that_does_not_exist_is_no_error(tmp_path):
    assert Settings(tmp_path / "nothing").text("FLEXAGE_UNSET", "default") == "default"


def test_choice_allows_what_is_listed(read):
    assert read(X="blue").choice("X", ("red", "blue"), "red") == "blue"
    message = refusal_of(read(X="Blue").choice, "X", ("red", "blue"), "red")
    assert message == "X is 'Blue'; allowed: red, blue."


@pytest.mark.parametrize(
    ("value", "flag"),
    [
        ("true", True), ("TRUE", True), ("1", True), ("yes", True), ("on", True), ("", True),
        ("false", False), ("False", False), ("0", False), ("no", False), ("off", False),
    ],
)  # fmt: skip
def test_flag_understands_the_usual_words(value, flag, read):
    assert read(X=value).flag("X", default=True) is flag


@pytest.mark.parametrize("value", ["maybe", "2", "truefalse", "ja"])
def test_flag_refuses_other_words(value, read):
    message = refusal_of(read(X=value).flag, "X", default=True)
    assert message == f"X is {value!r}; allowed: true, false."


@pytest.mark.parametrize(
    ("value", "number"), [("", 5), ("1", 1), ("10", 10), (" 7 ", 7), ("+7", 7)]
)
def test_integer_within_its_limits(value, number, read):
    assert read(X=value).integer("X", 5, 1, 10) == number


@pytest.mark.parametrize("value", ["0", "11", "-3", "abc", "1.5", "1e1", "0x1", "9" * 5000])
def test_integer_beyond_its_limits_is_refused(value, read):
    message = refusal_of(read(X=value).integer, "X", 5, 1, 10)
    assert message == f"X is {value!r}; allowed: a whole number from 1 to 10."


@pytest.mark.parametrize(("value", "number"), [("", 0.5), ("0", 0), ("1e-1", 0.1), ("2", 2)])
def test_decimal_within_its_limits(value, number, read):
    assert read(X=value).decimal("X", 0.5, 0.0, 2.0) == number


@pytest.mark.parametrize("value", ["-0.1", "2.01", "nan", "inf", "0,5", "half"])
def test_decimal_beyond_its_limits_is_refused(value, read):
    message = refusal_of(read(X=value).decimal, "X", 0.5, 0.0, 2.0)
    assert message == f"X is {value!r}; allowed: a number from 0.0 to 2.0."


@pytest.mark.parametrize(
    ("value", "words"), [("", ["d"]), (" , ", ["d"]), ("a", ["a"]), (" a ,b,, c", ["a", "b", "c"])]
)
def test_words_are_split_at_commas(value, words, read):
    assert read(X=value).words("X", ["d"]) == words


@pytest.mark.parametrize(
    ("value", "url"),
    [
        ("", ""),
        ("https://a.example/v1/", "https://a.example/v1"),
        ("http://[::1]:8", "http://[::1]:8"),
    ],
)
def test_url_loses_its_trailing_slash(value, url, read):
    assert read(X=value).url("X") == url


@pytest.mark.parametrize(
    "value", ["a.example", "ftp://a.example", "//a.example", "HTTPS", "http://"]
)
def test_url_without_http_is_refused(value, read):
    message = refusal_of(read(X=value).url, "X")
    assert message == f"X is {value!r}; allowed: an address with http:// or https://."


@pytest.mark.parametrize("debug", [True, False])
@pytest.mark.parametrize("value", ["", "   "])
def test_secret_key_missing_is_refused(value, debug, read):
    message = refusal_of(read(SECRET_KEY=value).secret_key, debug=debug)
    assert message.startswith("SECRET_KEY is missing")
    assert str(MIN_SECRET_KEY_LENGTH) in message


@pytest.mark.parametrize("value", ["k3y-k3y", f"django-insecure-{GOOD_KEY}"])
def test_secret_key_of_development_is_refused_in_production_only(value, read):
    settings = read(SECRET_KEY=value)
    assert settings.secret_key(debug=True) == value
    message = refusal_of(settings.secret_key, debug=False)
    assert message.startswith("SECRET_KEY is a development default or too short")
    assert value not in message


def test_secret_key_long_and_own_is_taken(read):
    assert read(SECRET_KEY=GOOD_KEY).secret_key(debug=False) == GOOD_KEY


@pytest.mark.parametrize(
    ("value", "engine", "name"),
    [
        ("", "sqlite3", "/data/default.db"),
        ("sqlite:////data/own.db", "sqlite3", "/data/own.db"),
        ("postgres://u:p@db:5432/flexage", "postgresql", "flexage"),
        ("postgresql://u:p%40ss@db/flexage", "postgresql", "flexage"),
    ],
)
def test_database_address_is_read(value, engine, name, read):
    config = read(DATABASE_URL=value).database("DATABASE_URL", "sqlite:////data/default.db")
    assert config["ENGINE"] == f"django.db.backends.{engine}"
    assert config["NAME"] == name


def test_database_password_may_hold_any_character(read):
    settings = read(DATABASE_URL="postgres://u:p%40s%2Fs%23@db:5432/flexage")
    assert settings.database("DATABASE_URL", "")["PASSWORD"] == "p@s/s#"


@pytest.mark.parametrize(
    "value",
    [
        "nonsense",
        "/data/own.db",
        "mysql://u:secret@db/flexage",
        "sqlite://",
        "sqlite:///",
        "postgres://",
        "postgres://u:secret@db:port/flexage",
        "postgres://u:secret@db:99999/flexage",
        "postgres://u:secret@db",
        "postgres://u:secret@db/",
    ],
)
def test_database_address_that_cannot_be_is_refused_without_its_password(value, read):
    message = refusal_of(read(DATABASE_URL=value).database, "DATABASE_URL", "")
    assert message.startswith("DATABASE_URL ")
    assert "allowed: sqlite:///path/to/file or postgres://" in message
    assert "secret" not in message


@pytest.mark.parametrize(
    ("value", "rate"),
    [
        ("", "30/min"), ("5/sec", "5/sec"), ("1/h", "1/h"), (" 600/DAY ", "600/day"),
        ("100/minute", "100/minute"), ("off", None), ("OFF", None),
    ],
)  # fmt: skip
def test_rate_is_a_number_per_time_or_off(value, rate, read):
    assert read(X=value).rate("X", "30/min") == rate


@pytest.mark.parametrize(
    "value", ["0/min", "-1/min", "1.5/min", "30", "/min", "30/week", "30 / min", "none", "9" * 10]
)
def test_rate_of_any_other_form_is_refused(value, read):
    message = refusal_of(read(X=value).rate, "X", "30/min")
    assert message.startswith(f"X is {value!r}; allowed: a number from 1 on per sec, min, hour")


@pytest.mark.parametrize(
    ("value", "backend", "location"),
    [
        ("", "locmem.LocMemCache", ""),
        ("redis://cache:6379/1", "redis.RedisCache", "redis://cache:6379/1"),
        ("rediss://:p%40ss@cache:6379/0", "redis.RedisCache", "cache:6379/0"),
        ("dummycache://", "dummy.DummyCache", ""),
    ],
)
def test_cache_address_is_read(value, backend, location, read):
    config = read(X=value).cache("X")
    assert config["BACKEND"].endswith(backend)
    assert location in config["LOCATION"]


@pytest.mark.parametrize(
    "value", ["nonsense", "ftp://user:secret@cache", "redis", "://", "http://"]
)
def test_cache_address_that_cannot_be_is_refused_without_its_password(value, read):
    message = refusal_of(read(X=value).cache, "X")
    assert message.startswith("X is not a usable cache address; allowed: such as redis://")
    assert "secret" not in message
