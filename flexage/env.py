"""Reads settings from the environment and `.env`, each with the values it allows.

A missing or impossible value raises :class:`SettingsError`, whose text is one line that
names the setting and says what is allowed.
"""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

import environ
from django.core.exceptions import ImproperlyConfigured

T = TypeVar("T")

TRUE = {"1", "true", "yes", "on"}
FALSE = {"0", "false", "no", "off"}
DATABASE_SCHEMES = {
    "sqlite": "django.db.backends.sqlite3",
    "postgres": "django.db.backends.postgresql",
    "postgresql": "django.db.backends.postgresql",
}
DEVELOPMENT_KEY_PREFIX = "django-insecure-"
"""Marks a secret key made for development; a production start refuses it."""
MIN_SECRET_KEY_LENGTH = 50
RATE = re.compile(r"[1-9]\d{0,8}/(s|sec|second|m|min|minute|h|hour|d|day)")


class SettingsError(ImproperlyConfigured):
    """A setting is missing or has a value that cannot work."""


class Settings:
    """The environment, over what `.env` says. The environment wins where both name a setting."""

    def __init__(self, dotenv: Path) -> None:
        self._env = environ.Env()
        try:
            self._env.read_env(str(dotenv), encoding="utf-8")
        except UnicodeDecodeError as error:
            raise SettingsError(f"{dotenv} is not UTF-8 text.") from error

    def text(self, name: str, default: str = "") -> str:
        """The setting as text, stripped; `default` where it is missing or empty."""
        # Not through `Env.str`, which takes a value such as $ecret for the name of another one.
        return str(self._env.ENVIRON.get(name, "")).strip() or default

    def choice(self, name: str, choices: tuple[str, ...], default: str) -> str:
        """One of `choices`."""
        value = self.text(name, default)
        if value not in choices:
            raise SettingsError(f"{name} is {value!r}; allowed: {', '.join(choices)}.")
        return value

    def flag(self, name: str, *, default: bool) -> bool:
        """True or false."""
        value = self.text(name).lower()
        if not value:
            return default
        if value not in TRUE | FALSE:
            raise SettingsError(f"{name} is {value!r}; allowed: true, false.")
        return value in TRUE

    def integer(self, name: str, default: int, minimum: int, maximum: int) -> int:
        """A whole number within minimum..maximum."""
        return self._number(name, default, minimum, maximum, int, "a whole number")

    def decimal(self, name: str, default: float, minimum: float, maximum: float) -> float:
        """A number within minimum..maximum."""
        return self._number(name, default, minimum, maximum, float, "a number")

    def words(self, name: str, default: list[str]) -> list[str]:
        """A list separated by commas."""
        return [word.strip() for word in self.text(name).split(",") if word.strip()] or default

    def url(self, name: str) -> str:
        """An http or https address without a trailing slash, or empty."""
        return _checked_url(name, self.text(name)).rstrip("/")

    def urls(self, name: str) -> list[str]:
        """Such addresses, separated by commas."""
        return [_checked_url(name, value).rstrip("/") for value in self.words(name, [])]

    def rate(self, name: str, default: str) -> str | None:
        """So many requests a second, minute, hour or day, such as 30/min; None for `off`."""
        value = self.text(name, default).lower()
        if value == "off":
            return None
        if not RATE.fullmatch(value):
            raise SettingsError(
                f"{name} is {value!r}; allowed: a number from 1 on per sec, min, hour or day such "
                "as 30/min, or off."
            )
        return value

    def cache(self, name: str) -> dict[str, Any]:
        """A Django cache from an address such as redis://host:6379/0; by default this process's."""
        value = self.text(name, "locmemcache://")
        try:
            return environ.Env.cache_url_config(value)
        except (ImproperlyConfigured, ValueError, KeyError) as error:
            raise SettingsError(
                f"{name} is not a usable cache address; allowed: such as redis://host:6379/0."
            ) from error

    def secret_key(self, *, debug: bool) -> str:
        """The key that signs sessions; in production a long one of its own."""
        key = self.text("SECRET_KEY")
        if not key:
            raise SettingsError(
                "SECRET_KEY is missing; set it to a random text of at least "
                f"{MIN_SECRET_KEY_LENGTH} characters."
            )
        if debug:
            return key
        if key.startswith(DEVELOPMENT_KEY_PREFIX) or len(key) < MIN_SECRET_KEY_LENGTH:
            raise SettingsError(
                "SECRET_KEY is a development default or too short for DEBUG=false; set a random "
                f"text of at least {MIN_SECRET_KEY_LENGTH} characters that does not start with "
                f"{DEVELOPMENT_KEY_PREFIX!r}."
            )
        return key

    def database(self, name: str, default: str) -> dict[str, Any]:
        """A Django database configuration from a sqlite:/// or postgres:// address."""
        value = self.text(name, default)
        scheme, separator, rest = value.partition("://")
        allowed = "sqlite:///path/to/file or postgres://user:password@host:port/name"
        if not separator or not rest.strip("/") or scheme not in DATABASE_SCHEMES:
            raise SettingsError(f"{name} is not a usable database address; allowed: {allowed}.")
        try:
            config = environ.Env.db_url_config(value)
        except ValueError as error:
            raise SettingsError(f"{name} cannot be read ({error}); allowed: {allowed}.") from error
        if not config["NAME"]:
            raise SettingsError(f"{name} names no database; allowed: {allowed}.")
        return {**config, "ENGINE": DATABASE_SCHEMES[scheme]}

    def _number(
        self,
        name: str,
        default: T,
        minimum: T,
        maximum: T,
        cast: Callable[[str], T],
        kind: str,
    ) -> T:
        text = self.text(name)
        if not text:
            return default
        try:
            value = cast(text)
            within = minimum <= value <= maximum  # type: ignore[operator]
        except ValueError:
            within = False
        if not within:
            raise SettingsError(f"{name} is {text!r}; allowed: {kind} from {minimum} to {maximum}.")
        return value


def _checked_url(name: str, value: str) -> str:
    parts = urlsplit(value)
    if value and (parts.scheme not in {"http", "https"} or not parts.hostname):
        raise SettingsError(f"{name} is {value!r}; allowed: an address with http:// or https://.")
    return value
