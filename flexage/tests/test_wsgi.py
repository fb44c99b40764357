"""The entry point of web servers, asked as they ask."""

import io
from typing import Any

import pytest
from django.test import RequestFactory

from flexage.wsgi import application

pytestmark = pytest.mark.django_db


def ask(path, **environ):
    """Status and body of what a web server would send."""
    answered: list[str] = []

    def start_response(status: str, headers: Any, error: Any = None) -> Any:
        answered.append(status)

    environ = {**RequestFactory().get(path).environ, "wsgi.input": io.BytesIO(), **environ}
    body = b"".join(application(environ, start_response))
    return answered[0], body


@pytest.mark.parametrize(
    "charset", ["hex", "idna", "punycode", "undefined", "no-such-thing", "utf-8"]
)
@pytest.mark.parametrize("path", ["/api/auth/users?search=%ff", "/accounts/sign-in/?next=/"])
def test_charset_that_is_no_encoding_of_text_does_no_harm(charset, path):
    status, _body = ask(path, CONTENT_TYPE=f"application/json; charset={charset}")
    assert status.startswith(("200", "401"))
