"""Signing in over the API, and what ends a token."""

from __future__ import annotations

import time
from datetime import timedelta

import jwt
import pytest
from django.conf import settings
from rest_framework_simplejwt.tokens import AccessToken, RefreshToken

from accounts.services import set_active
from accounts.tests.factories import PASSWORD, UserFactory

FORM = "application/x-www-form-urlencoded"
TOKEN = {"access_token": str, "token_type": str, "expires_in": int}
KEY = settings.SECRET_KEY


def form(username, password=PASSWORD):
    return f"username={username}&password={password.replace(' ', '+')}".encode()


def signed_in(api, user, password=PASSWORD):
    return api().post("/api/auth/login/json", {"username": user.username, "password": password})


def me(api, token):
    return api(authorization=f"Bearer {token}").get("/api/auth/me")


def refreshed(api, token):
    return api().post("/api/auth/refresh", {"refresh_token": str(token)})


def assert_unauthorised(response):
    assert response.status_code == 401
    assert response["WWW-Authenticate"].startswith("Bearer")
    assert isinstance(response.json()["detail"], str)


@pytest.mark.parametrize("slash", ["", "/"])
@pytest.mark.parametrize("name", ["student", "STUDENT"])
def test_sign_in_takes_a_form_and_json(api, student, name, slash):
    answers = [
        api().post(f"/api/auth/login{slash}", form(name), content_type=FORM),
        api().post(f"/api/auth/login/json{slash}", {"username": name, "password": PASSWORD}),
    ]
    for answer in answers:
        assert answer.status_code == 200
        body = answer.json()
        assert {key: type(body[key]) for key in TOKEN} == TOKEN
        assert body["token_type"] == "bearer"
        assert "no-store" in answer["Cache-Control"]  # RFC 6749, 5.1
        assert me(api, body["access_token"]).json()["user_id"] == str(student.pk)


@pytest.mark.parametrize(
    ("name", "password"),
    [
        ("student", "wrong"),
        ("nobody", PASSWORD),
        ("student", PASSWORD + " "),
        (" student", PASSWORD),
    ],
)
def test_sign_in_with_wrong_credentials_is_401_that_says_the_same_of_all(
    api, student, name, password
):
    answers = [
        api().post("/api/auth/login", form(name, password), content_type=FORM),
        api().post("/api/auth/login/json", {"username": name, "password": password}),
    ]
    for answer in answers:
        assert_unauthorised(answer)
        assert answer["WWW-Authenticate"] == "Bearer"
        # Whether there is such a user is nobody's business.
        assert answer.json()["detail"] == "That username and password do not belong together."


def test_sign_in_of_a_deactivated_user_is_the_same_401(api, student):
    set_active([student], is_active=False)
    assert_unauthorised(signed_in(api, student))


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("body", "fields"),
    [
        ({}, {"username", "password"}),
        ({"username": "student"}, {"password"}),
        ({"username": 1, "password": ["x"]}, {"username", "password"}),
        ({"username": "", "password": ""}, {"username", "password"}),
    ],
)
def test_incomplete_sign_in_is_400_by_field(api, body, fields):
    answer = api().post("/api/auth/login/json", body)
    assert answer.status_code == 400
    assert set(answer.json()) == fields
    assert all(isinstance(messages, list) for messages in answer.json().values())


def test_token_is_hs256_with_the_users_id_for_thirty_minutes(api, student):
    body = signed_in(api, student).json()
    token = body["access_token"]
    assert jwt.get_unverified_header(token)["alg"] == "HS256"
    claims = jwt.decode(token, KEY, algorithms=["HS256"])
    assert claims["sub"] == str(student.pk)
    assert claims["exp"] - claims["iat"] == body["expires_in"] == 30 * 60
    assert abs(claims["iat"] - time.time()) < 60
    assert PASSWORD not in str(claims)


def test_refresh_token_gets_a_fresh_access_token(api, student):
    body = signed_in(api, student).json()
    answer = refreshed(api, body["refresh_token"])
    assert answer.status_code == 200
    assert answer.json()["token_type"] == "bearer"
    assert answer.json()["access_token"] != body["access_token"]
    assert me(api, answer.json()["access_token"]).json()["username"] == "student"


def test_access_and_refresh_tokens_are_not_each_other(api, student):
    body = signed_in(api, student).json()
    assert_unauthorised(me(api, body["refresh_token"]))
    assert_unauthorised(refreshed(api, body["access_token"]))


@pytest.mark.django_db
@pytest.mark.parametrize("token", ["", "x", "a.b.c", "é", "Bearer x y", "." * 2000])
def test_what_is_no_token_is_refused(api, token):
    assert_unauthorised(me(api, token))
    assert refreshed(api, token).status_code in ({400} if not token else {401})


@pytest.mark.parametrize("kind", [AccessToken, RefreshToken])
def test_expired_token_is_refused(api, student, kind):
    token = kind.for_user(student)
    ask = me if kind is AccessToken else refreshed
    assert ask(api, token).status_code == 200
    token.set_exp(lifetime=timedelta(seconds=-1))
    assert_unauthorised(ask(api, token))


@pytest.mark.parametrize(
    ("key", "algorithm"),
    [
        ("another key of at least thirty-two bytes", "HS256"),
        (KEY.ljust(64, "x"), "HS512"),
        (None, "none"),
    ],
)
@pytest.mark.parametrize("kind", [AccessToken, RefreshToken])
def test_token_that_was_signed_otherwise_is_refused(api, student, kind, key, algorithm):
    token = jwt.encode(kind.for_user(student).payload, key, algorithm=algorithm)
    assert_unauthorised((me if kind is AccessToken else refreshed)(api, token))


@pytest.mark.parametrize("algorithm", ["HS384", "HS512"])
def test_token_with_our_key_but_another_algorithm_is_refused(api, student, algorithm):
    payload = AccessToken.for_user(student).payload
    with pytest.warns(jwt.warnings.InsecureKeyLengthWarning):
        token = jwt.encode(payload, KEY, algorithm=algorithm)
    assert_unauthorised(me(api, token))


@pytest.mark.parametrize(
    "change",
    [
        {"sub": "00000000-0000-0000-0000-000000000000"},
        {"sub": "1"},
        {"sub": None},
        {"sub": ""},
        {"sub": "\x00"},
        {"token_type": None},
    ],
)
def test_token_that_names_nobody_is_refused(api, student, change):
    payload = {**AccessToken.for_user(student).payload, **change}
    token = jwt.encode({k: v for k, v in payload.items() if v is not None}, KEY, "HS256")
    assert_unauthorised(me(api, token))


@pytest.mark.parametrize(
    "end",
    [
        lambda user: set_active([user], is_active=False),
        lambda user: (user.set_password("another horse battery"), user.save()),
        lambda user: user.delete(),
    ],
    ids=["deactivated", "new password", "deleted"],
)
def test_token_and_refresh_end_at_once_with_the_account_as_it_was(api, student, end):
    body = signed_in(api, student).json()
    assert me(api, body["access_token"]).status_code == 200
    end(student)
    assert_unauthorised(me(api, body["access_token"]))
    assert_unauthorised(refreshed(api, body["refresh_token"]))


def test_token_works_again_for_a_user_who_is_let_in_again(api, student):
    token = signed_in(api, student).json()["access_token"]
    set_active([student], is_active=False)
    set_active([student], is_active=True)
    assert me(api, token).status_code == 200


def test_new_password_gives_new_tokens(api, student):
    student.set_password("another horse battery")
    student.save()
    assert_unauthorised(signed_in(api, student))
    token = signed_in(api, student, "another horse battery").json()["access_token"]
    assert me(api, token).status_code == 200


@pytest.mark.parametrize("scheme", ["Basic", "Token", "bearer", "BEARER", ""])
def test_other_schemes_are_no_sign_in(api, student, scheme):
    token = AccessToken.for_user(student)
    answer = api(authorization=f"{scheme} {token}".strip()).get("/api/auth/me")
    # RFC 9110 has schemes in any case; every other scheme is none of ours.
    assert answer.status_code in ({200, 401} if scheme.lower() == "bearer" else {401})


def test_demo_account_cannot_sign_in_outside_of_development(api):
    demo = UserFactory(is_demo=True)
    assert_unauthorised(signed_in(api, demo))
