"""How often somebody may ask, guess and hand in; which other sites may ask at all."""

from __future__ import annotations

import html
from datetime import timedelta

import pytest
import time_machine
from django.core.cache import cache
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.tests.factories import PASSWORD, UserFactory
from grading.models import Submission

pytestmark = pytest.mark.django_db
SIGN_IN = "/api/auth/login/json"
FORM = "/api/auth/login"
PAGE = reverse("accounts:sign_in")
ME = "/api/auth/me"
HOME, SCHOOL = "203.0.113.7", "198.51.100.9"
ANSWER = {"content": "<p>From light.</p>"}


@pytest.fixture(autouse=True)
def _nothing_counted():
    cache.clear()
    yield
    cache.clear()


@pytest.fixture
def limit(settings):
    def limit(**rates):
        settings.THROTTLES = {**settings.THROTTLES, **rates}

    return limit


@pytest.fixture
def sign_in(api):
    """Try to sign in over the API: the answer."""

    def sign_in(username, password="wrong", address=HOME, **headers):
        client = api(**headers)
        client.browser.defaults["REMOTE_ADDR"] = address
        return client.post(SIGN_IN, {"username": username, "password": password})

    return sign_in


@pytest.fixture
def sign_in_page():
    """Try to sign in on the page: the response."""

    def sign_in_page(username, password="wrong", address=HOME):
        typed = {"username": username, "password": password}
        return Client().post(PAGE, typed, REMOTE_ADDR=address)

    return sign_in_page


@pytest.fixture
def lockout(settings):
    settings.AXES_FAILURE_LIMIT = 3


def assert_must_wait(answer, at_most=60):
    assert answer.status_code == 429
    assert answer["Content-Type"] == "application/json"
    assert isinstance(answer.json()["detail"], str)
    assert 1 <= int(answer["Retry-After"]) <= at_most


# --- all endpoints -------------------------------------------------------------
def test_each_user_has_a_limit_of_their_own(api, limit, student, configurator):
    first, second = api(student), api(configurator)
    limit(default="3/min")
    assert [first.get(ME).status_code for _i in range(3)] == [200] * 3
    assert_must_wait(first.get(ME))
    assert_must_wait(first.get("/api/student/submissions"))
    assert second.get(ME).status_code == 200


def test_nobody_counts_by_address(api, limit):
    limit(default="2/hour")
    client = api()
    for _i in range(2):
        assert client.post("/api/auth/refresh", {"refresh_token": "a"}).status_code == 401
    assert_must_wait(client.post("/api/auth/refresh", {"refresh_token": "a"}), 3600)
    client.browser.defaults["REMOTE_ADDR"] = SCHOOL
    assert client.post("/api/auth/refresh", {"refresh_token": "a"}).status_code == 401


def test_limit_is_over_after_its_time(api, limit, student):
    client = api(student)
    limit(default="1/sec")
    now = timezone.now()
    with time_machine.travel(now, tick=False):
        assert client.get(ME).status_code == 200
        assert client.get(ME)["Retry-After"] == "1"
    with time_machine.travel(now + timedelta(seconds=1.1), tick=False):
        assert client.get(ME).status_code == 200


def test_no_limit_is_set_by_none(api, limit, student):
    client = api(student)
    limit(default=None)
    assert {client.get(ME).status_code for _i in range(30)} == {200}


def test_monitors_may_ask_as_often_as_they_like(api, limit):
    limit(default="1/day")
    for path in ("/api/health", "/api/ready"):
        assert {api().get(path).status_code for _i in range(3)} == {200}


# --- handing in ----------------------------------------------------------------
def test_submit_has_a_limit_of_its_own(api, limit, entry, student):
    client = api(student)
    limit(submit="2/min", default="3/min")
    path = f"/api/student/entries/{entry.pk}/submit"
    assert [client.post(path, ANSWER).status_code for _i in range(2)] == [201, 201]
    assert_must_wait(client.post(path, ANSWER))
    assert Submission.objects.count() == 2
    assert [client.get(ME).status_code for _i in range(3)] == [200] * 3


def test_submit_page_says_how_long_to_wait_and_keeps_what_was_typed(client, limit, entry, student):
    limit(submit="1/min")
    client.force_login(student)
    page = reverse("grading:student_entry", args=[entry.pk])
    typed = {"title": "My <title>", "content": "It needs light & water."}
    assert client.post(page, typed).status_code == 302
    response = client.post(page, typed)
    assert response.status_code == 429
    text = html.unescape(response.text)
    assert "You hand in too often. Your answer is still below" in text
    assert f"submit it in {response['Retry-After']} seconds" in text
    assert 1 <= int(response["Retry-After"]) <= 60
    assert typed["title"] in text
    assert typed["content"] in text
    assert Submission.objects.count() == 1


def test_submit_page_and_the_api_count_together(api, client, limit, entry, student):
    signed_in = api(student)
    limit(submit="2/min")
    client.force_login(student)
    page = reverse("grading:student_entry", args=[entry.pk])
    assert client.post(page, {"content": "One."}).status_code == 302
    assert signed_in.post(f"/api/student/entries/{entry.pk}/submit", ANSWER).status_code == 201
    assert client.post(page, {"content": "Three."}).status_code == 429


def test_submit_page_counts_only_what_could_be_handed_in(client, limit, entry, student):
    limit(submit="1/min")
    client.force_login(student)
    page = reverse("grading:student_entry", args=[entry.pk])
    assert [client.post(page, {"content": ""}).status_code for _i in range(3)] == [200] * 3
    assert [client.get(page).status_code for _i in range(3)] == [200] * 3
    assert client.post(page, {"content": "One."}).status_code == 302


# --- signing in ----------------------------------------------------------------
def test_sign_in_counts_all_attempts_with_one_name(sign_in, limit, student):
    UserFactory(username="other")
    limit(sign_in="1/min")
    for number in range(10):
        assert sign_in("Student", PASSWORD, f"192.0.2.{number}").status_code == 200
    assert_must_wait(sign_in("STUDENT", PASSWORD, "192.0.2.40"))
    assert sign_in("other", PASSWORD, "192.0.2.40").status_code == 200


def test_sign_in_counts_only_failures_of_one_address(sign_in, limit):
    pupils = UserFactory.create_batch(5)
    limit(sign_in="3/min")
    for pupil in pupils:
        assert sign_in(pupil.username, PASSWORD, SCHOOL).status_code == 200
    for number in range(3):
        assert sign_in(f"nobody{number}", address=SCHOOL).status_code == 401
    assert_must_wait(sign_in(pupils[0].username, PASSWORD, SCHOOL))
    assert sign_in(pupils[0].username, PASSWORD, HOME).status_code == 200


def test_sign_in_by_form_page_and_json_counts_together(api, sign_in, sign_in_page, limit, student):
    limit(sign_in="3/min")
    assert sign_in("student", address=HOME).status_code == 401
    assert "do not belong together" in sign_in_page("student").text
    form = b"username=student&password=wrong"
    post = api().browser.generic
    kind = "application/x-www-form-urlencoded"
    assert post("POST", FORM, form, kind, REMOTE_ADDR=HOME).status_code == 401
    assert_must_wait(sign_in("student", PASSWORD, HOME))
    response = sign_in_page("student", PASSWORD)
    assert "Too many attempts to sign in. Try again in" in response.text
    assert "_auth_user_id" not in response.client.session


def test_sign_in_may_be_tried_again_after_the_time(sign_in, limit, student):
    limit(sign_in="1/min")
    assert sign_in("student").status_code == 401
    wait = int(sign_in("student", PASSWORD)["Retry-After"])
    with time_machine.travel(timezone.now() + timedelta(seconds=wait + 1)):
        assert sign_in("student", PASSWORD).status_code == 200


# --- lockout -------------------------------------------------------------------
@pytest.mark.usefixtures("lockout")
def test_lockout_after_wrong_passwords_over_the_api(sign_in, settings, student):
    assert [sign_in("student").status_code for _i in range(2)] == [401, 401]
    answer = sign_in("student")
    for last in (answer, sign_in("student", PASSWORD)):
        assert_must_wait(last, settings.LOCKOUT_MINUTES * 60)
        assert last.json()["code"] == "locked_out"
        assert "access_token" not in last.json()


@pytest.mark.usefixtures("lockout")
def test_lockout_after_wrong_passwords_on_the_page(sign_in_page, student):
    assert [sign_in_page("student").status_code for _i in range(2)] == [200, 200]
    for password in ("wrong", PASSWORD):
        response = sign_in_page("student", password)
        assert response.status_code == 429
        assert response["Content-Type"].startswith("text/html")
        assert int(response["Retry-After"]) >= 1
        assert "Too many wrong passwords. Try again in 15 minutes" in response.text
        assert "_auth_user_id" not in response.client.session


@pytest.mark.usefixtures("lockout")
def test_lockout_counts_page_and_api_and_browsers_together(sign_in, sign_in_page, student):
    sign_in("student", user_agent="one")
    sign_in_page("student")
    assert sign_in("student", user_agent="two").status_code == 429


@pytest.mark.usefixtures("lockout")
def test_lockout_is_of_one_name_from_one_address(sign_in, sign_in_page, student):
    UserFactory(username="other")
    for _i in range(3):
        sign_in("student")
    assert sign_in("other", PASSWORD).status_code == 200
    assert sign_in("student", PASSWORD, SCHOOL).status_code == 200
    assert sign_in_page("student", PASSWORD, SCHOOL).status_code == 302
    assert sign_in("student", PASSWORD).status_code == 429


@pytest.mark.usefixtures("lockout")
def test_lockout_takes_upper_and_lower_case_as_one_name(sign_in, student):
    for name in ("student", "STUDENT", "Student"):
        answer = sign_in(name)
    assert answer.status_code == 429
    assert sign_in("sTUDENT", PASSWORD).status_code == 429


@pytest.mark.usefixtures("lockout")
def test_lockout_forgets_failures_after_the_right_password(sign_in, student):
    for _round in range(3):
        assert [sign_in("student").status_code for _i in range(2)] == [401, 401]
        assert sign_in("student", PASSWORD).status_code == 200


@pytest.mark.usefixtures("lockout")
def test_lockout_is_over_after_its_minutes_although_it_was_tried(sign_in, settings, student):
    start = timezone.now()
    minutes = timedelta(minutes=settings.LOCKOUT_MINUTES)
    with time_machine.travel(start, tick=False):
        for _i in range(3):
            sign_in("student")
    with time_machine.travel(start + minutes - timedelta(seconds=5), tick=False):
        assert sign_in("student", PASSWORD).status_code == 429
    with time_machine.travel(start + minutes + timedelta(seconds=5), tick=False):
        assert sign_in("student", PASSWORD).status_code == 200


@pytest.mark.usefixtures("lockout")
def test_lockout_can_be_switched_off(sign_in, settings, student):
    settings.AXES_ENABLED = False
    assert {sign_in("student").status_code for _i in range(5)} == {401}
    assert sign_in("student", PASSWORD).status_code == 200


@pytest.mark.usefixtures("lockout")
def test_lockout_of_a_name_that_nobody_has_looks_the_same(sign_in):
    assert [sign_in("nobody").status_code for _i in range(4)] == [401, 401, 429, 429]


# --- addresses behind proxies --------------------------------------------------
@pytest.mark.usefixtures("lockout")
def test_spoofed_address_does_not_help(sign_in, student):
    told = [sign_in("student", x_forwarded_for=f"192.0.2.{n}").status_code for n in range(4)]
    assert told == [401, 401, 429, 429]


@pytest.mark.usefixtures("lockout")
@pytest.mark.parametrize("proxies", [1, 2])
def test_address_is_that_which_the_outermost_proxy_saw(proxies, sign_in, settings, student):
    settings.REST_FRAMEWORK = {**settings.REST_FRAMEWORK, "NUM_PROXIES": proxies}
    inner = [f"10.0.0.{n}" for n in range(1, proxies)]

    def behind(spoofed, address, password="wrong"):
        path = ", ".join([*spoofed, address, *inner])
        return sign_in("student", password, "10.0.0.9", x_forwarded_for=path).status_code

    assert [behind([f"192.0.2.{n}"], HOME) for n in range(3)] == [401, 401, 429]
    assert behind([SCHOOL], HOME, PASSWORD) == 429
    assert behind([HOME], SCHOOL, PASSWORD) == 200


def test_spoofed_address_does_not_get_around_the_limit_of_an_address(sign_in, limit):
    limit(sign_in="2/min")
    told = [sign_in(f"a{n}", x_forwarded_for=f"192.0.2.{n}").status_code for n in range(3)]
    assert told == [401, 401, 429]


# --- other sites ---------------------------------------------------------------
SITE = "https://lms.example.org"
ALLOWS = "Access-Control-Allow-Origin"


def preflight(path="/api/auth/me", origin=SITE):
    asked = {
        "Origin": origin,
        "Access-Control-Request-Method": "PUT",
        "Access-Control-Request-Headers": "authorization, if-match, idempotency-key",
    }
    return Client().options(path, headers=asked)


def test_other_sites_are_told_nothing_unless_allowed(api):
    answer = api(origin=SITE).get("/api/health")
    assert answer.status_code == 200
    assert not [name for name in answer.headers if name.startswith("Access-Control")]
    assert ALLOWS not in preflight()


def test_allowed_site_may_ask_the_api_only(api, settings):
    settings.CORS_ALLOWED_ORIGINS = [SITE]
    answer = api(origin=SITE).get("/api/health")
    assert answer[ALLOWS] == SITE
    exposed = set(answer["Access-Control-Expose-Headers"].split(", "))
    assert exposed == {"ETag", "Link", "Location", "Retry-After", "X-Total-Count"}
    assert "Access-Control-Allow-Credentials" not in answer
    assert "origin" in answer["Vary"].lower()
    assert ALLOWS not in api(origin=SITE).get(PAGE)
    assert ALLOWS not in api(origin="https://evil.example").get("/api/health")
    assert ALLOWS not in api(origin=f"{SITE}.evil.example").get("/api/health")


def test_refusals_can_be_read_by_an_allowed_site(api, settings):
    settings.CORS_ALLOWED_ORIGINS = [SITE]
    for path, status in ((ME, 401), ("/api/nothing", 404)):
        answer = api(origin=SITE).get(path)
        assert (answer.status_code, answer[ALLOWS]) == (status, SITE)


def test_preflight_of_an_allowed_site(settings):
    settings.CORS_ALLOWED_ORIGINS = [SITE]
    answer = preflight()
    assert answer.status_code == 200
    assert answer.content == b""
    assert answer[ALLOWS] == SITE
    assert "PUT" in answer["Access-Control-Allow-Methods"]
    allowed = answer["Access-Control-Allow-Headers"]
    assert {"authorization", "if-match", "if-none-match", "idempotency-key"} <= set(
        allowed.split(", ")
    )
    assert "Access-Control-Allow-Credentials" not in answer
    assert ALLOWS not in preflight(origin="https://evil.example")
    assert ALLOWS not in preflight(PAGE)
