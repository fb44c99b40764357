"""A client of the API, and something for it to read."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import orjson
import pytest
from django.test import Client

from accounts.models import User
from accounts.tests.factories import PASSWORD
from grading.tests.conftest import _database_of_its_own, shared_database
from grading.tests.factories import grade, make_submission

__all__ = ["_database_of_its_own", "shared_database"]

SIGN_IN = "/api/auth/login/json"


class ApiClient:
    """Sends JSON. `if_match="..."` as a keyword is the header `If-Match`; bytes are sent as is."""

    def __init__(self, **headers: Any) -> None:
        self.headers = headers
        self.browser = Client()

    def get(self, path: str, data: Any = None, **headers: Any) -> Any:
        """`data` are the query's parameters."""
        return self.browser.get(path, data, headers=self._named(headers))

    def post(self, path: str, data: Any = None, **headers: Any) -> Any:
        return self.send("post", path, data, **headers)

    def put(self, path: str, data: Any = None, **headers: Any) -> Any:
        return self.send("put", path, data, **headers)

    def delete(self, path: str, data: Any = None, **headers: Any) -> Any:
        return self.send("delete", path, data, **headers)

    def send(self, method: str, path: str, data: Any = None, **headers: Any) -> Any:
        body = b"" if data is None else data if isinstance(data, bytes) else orjson.dumps(data)
        return self.browser.generic(
            method.upper(), path, body, "application/json", headers=self._named(headers)
        )

    def _named(self, headers: dict[str, Any]) -> dict[str, str]:
        given = {**self.headers, **headers}
        return {name.replace("_", "-"): str(value) for name, value in given.items()}


@pytest.fixture
def api(db) -> Callable[..., ApiClient]:
    """`api(user)` is signed in by a token, `api()` is nobody; keywords are headers of all requests.

    A user signs in once in a test, so that what is done to the account meets the token of before.
    """
    tokens: dict[Any, str] = {}

    def client_of(user: User | None = None, **headers: Any) -> ApiClient:
        if user is None:
            return ApiClient(**headers)
        if user.pk not in tokens:
            answer = ApiClient().post(SIGN_IN, {"username": user.username, "password": PASSWORD})
            assert answer.status_code == 200, answer.content
            tokens[user.pk] = answer.json()["access_token"]
        return ApiClient(authorization=f"Bearer {tokens[user.pk]}", **headers)

    return client_of


@pytest.fixture
def submission(entry, student):
    """Of `student` in `entry`, graded and released."""
    submission = make_submission(entry, student)
    grade(submission)
    return submission


@pytest.fixture
def outcome(submission):
    return submission.outcome
