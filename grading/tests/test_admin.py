"""What the Django admin shows of grading and of the queue."""

from datetime import timedelta

import pytest
from django.contrib import admin
from django.urls import reverse
from django.utils import timezone

from accounts.tests.admin_pages import browser_of, messages_of, run_action, text_of
from grading.engine.errors import ErrorCode
from grading.models import ComponentGrading, EntryGrading, GradingRun, ProviderGate, ProviderProfile
from grading.models.providers import SITE_KEY
from grading.services.claims import claim_runs
from grading.services.policies import set_entry_grading
from grading.tests.factories import ProviderProfileFactory, make_submission

PROFILES = reverse("admin:grading_providerprofile_changelist")
NEW = reverse("admin:grading_providerprofile_add")
GATES = reverse("admin:grading_providergate_changelist")
TYPED = {
    "name": "Team B",
    "kind": "openai",
    "model": "gpt-x",
    "endpoint": "https://models.example.org/v1",
    "key_variable": "TEAM_B_API_KEY",
    "is_active": "on",
    "temperature": "0",
    "max_in_flight": "4",
    "requests_per_minute": "",
    "tokens_per_minute": "100000",
    "input_price": "0.15",
    "output_price": "0.6",
}


@pytest.fixture
def browser(admin):
    return browser_of(admin)


def broken_gate(key=SITE_KEY, code=ErrorCode.BAD_KEY):
    now = timezone.now()
    later = now + timedelta(minutes=4)
    return ProviderGate.objects.create(
        key=str(key), breaker_code=code, breaker_detail="401", breaker_since=now, probe_at=later
    )


def test_queue_is_no_door_to_running_any_function():
    apps = {model._meta.app_label for model in admin.site._registry}
    assert "django_q" not in apps


@pytest.mark.django_db
def test_admin_s_front_page_shows_nothing_of_the_queue(client, admin):
    client.force_login(admin)
    assert b"Scheduled tasks" not in client.get(reverse("admin:index")).content


@pytest.mark.django_db
def test_provider_is_added(browser):
    response = browser.post(NEW, TYPED)
    assert response.status_code == 302, response.context["errors"]
    profile = ProviderProfile.objects.get()
    assert (profile.name, profile.tokens_per_minute, profile.requests_per_minute) == (
        "Team B",
        100000,
        None,
    )


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"endpoint": "ftp://models.example.org"}, "endpoint"),
        ({"endpoint": "javascript:alert(1)"}, "endpoint"),
        ({"endpoint": "models"}, "endpoint"),
        ({"key_variable": "SECRET_KEY"}, "key_variable"),
        ({"key_variable": "sk-123"}, "key_variable"),
        ({"key_variable": "DATABASE_URL"}, "key_variable"),
        ({"model": ""}, "model"),
        ({"model": " "}, "model"),
        ({"kind": "gemini", "model": ""}, "model"),
        ({"kind": "gemini", "key_variable": ""}, "key_variable"),
        ({"kind": "google-genai", "key_variable": ""}, "key_variable"),
        ({"kind": "magic"}, "kind"),
        ({"max_in_flight": "0"}, "max_in_flight"),
        ({"max_in_flight": "257"}, "max_in_flight"),
        ({"requests_per_minute": "0"}, "requests_per_minute"),
        ({"tokens_per_minute": "-1"}, "tokens_per_minute"),
        ({"temperature": "2.1"}, "temperature"),
        ({"input_price": "-1"}, "input_price"),
        ({"output_price": ""}, "output_price"),
        ({"name": ""}, "name"),
    ],
    ids=str,
)
def test_provider_that_cannot_work_is_refused_beside_its_field(browser, change, field):
    response = browser.post(NEW, {**TYPED, **change})
    assert response.status_code == 200
    assert list(response.context["adminform"].form.errors) == [field]
    assert not ProviderProfile.objects.exists()


@pytest.mark.django_db
@pytest.mark.parametrize(
    "change",
    [
        {"kind": "simulator", "model": "", "endpoint": "", "key_variable": ""},
        {"endpoint": "http://127.0.0.1:11434/v1", "key_variable": ""},
        {"kind": "gemini", "endpoint": ""},
    ],
    ids=str,
)
def test_provider_needs_no_more_than_its_kind_does(browser, change):
    assert browser.post(NEW, {**TYPED, **change}).status_code == 302


@pytest.mark.django_db
def test_list_says_whether_the_key_is_set_and_never_which_it_is(browser, monkeypatch):
    monkeypatch.setenv("TEAM_B_API_KEY", "very-secret")
    monkeypatch.delenv("TEAM_C_API_KEY", raising=False)
    ProviderProfileFactory(name="B", key_variable="TEAM_B_API_KEY")
    ProviderProfileFactory(name="C", key_variable="TEAM_C_API_KEY")
    ProviderProfileFactory(name="D", key_variable="")
    response = browser.get(PROFILES)
    shown = {profile.name: profile for profile in response.context["cl"].result_list}
    has_key = response.context["cl"].model_admin.has_key
    assert [has_key(shown[name]) for name in "BCD"] == [True, False, None]
    assert "very-secret" not in response.text


@pytest.mark.django_db
def test_list_says_how_each_provider_is_doing(browser):
    profile = ProviderProfileFactory(requests_per_minute=60, input_price="0.1500")
    assert "never asked" in text_of(browser.get(PROFILES))
    broken_gate(profile.pk)
    text = text_of(browser.get(PROFILES))
    assert "did not accept the key of this server" in text
    assert "8 at once, 60 calls/min" in text
    assert "tokens/min" not in text
    assert "0.15 / 0" in text


@pytest.mark.django_db
def test_lists_take_as_many_queries_for_three_as_for_one(browser, django_assert_num_queries):
    def add():
        broken_gate(ProviderProfileFactory().pk)

    add()
    with django_assert_num_queries(8):
        browser.get(PROFILES)
    with django_assert_num_queries(8):
        browser.get(GATES)
    add()
    add()
    with django_assert_num_queries(8):
        browser.get(PROFILES)
    with django_assert_num_queries(8):
        browser.get(GATES)


@pytest.mark.django_db
def test_deleted_provider_leaves_its_queue_to_the_site_s_own(browser, entry, configurator):
    profile = ProviderProfileFactory()
    set_entry_grading(entry, profile=profile, second_profile=profile, by=configurator)
    ComponentGrading.objects.create(component=entry.component, profile=profile)
    make_submission(entry)
    broken_gate(profile.pk)
    address = reverse("admin:grading_providerprofile_delete", args=[profile.pk])
    assert "graded by this site's provider" in text_of(browser.get(address))
    browser.post(address, {"post": "yes"})
    own = EntryGrading.objects.get()
    assert (own.profile, own.second_profile) == (None, None)
    assert ComponentGrading.objects.get().profile is None
    assert GradingRun.objects.get().profile is None
    assert not ProviderGate.objects.exists()
    assert len(claim_runs()) == 1


@pytest.mark.django_db
def test_deleting_several_says_what_becomes_of_their_queues(browser):
    rows = [ProviderProfileFactory(), ProviderProfileFactory()]
    broken_gate(rows[0].pk)
    response = run_action(browser, "grading_providerprofile", "delete_selected", rows)
    assert "graded by this site's provider" in text_of(response)
    run_action(browser, "grading_providerprofile", "delete_selected", rows, post="yes")
    assert not ProviderProfile.objects.exists()
    assert not ProviderGate.objects.exists()


# --- states of providers -------------------------------------------------------
@pytest.mark.django_db
def test_states_name_their_providers(browser):
    ProviderGate.objects.create(key=SITE_KEY, allowed=3)
    broken_gate(ProviderProfileFactory(name="Team B").pk)
    broken_gate("00000000-0000-0000-0000-000000000000")
    text = text_of(browser.get(GATES))
    assert "Simulator (no AI model) asked less" in text
    assert "Team B waits since" in text
    assert "(deleted)" in text


@pytest.mark.django_db
def test_states_are_read_only(browser):
    gate = broken_gate()
    page = reverse("admin:grading_providergate_change", args=[gate.pk])
    assert browser.get(page).status_code == 200
    assert browser.post(page, {"breaker_code": ""}).status_code == 403
    assert browser.get(reverse("admin:grading_providergate_add")).status_code == 403
    assert browser.get(f"{page}../delete/").status_code == 403
    run_action(browser, "grading_providergate", "delete_selected", [gate], post="yes")
    assert ProviderGate.objects.get().is_open


@pytest.mark.django_db
def test_trying_again_lets_the_next_call_through_now(browser):
    gate = broken_gate()
    response = run_action(browser, "grading_providergate", "try_again", [gate])
    assert messages_of(response) == ["1 provider is tried again."]
    assert ProviderGate.objects.filter(probe_at__lte=timezone.now()).exists()


@pytest.mark.django_db
@pytest.mark.parametrize("who", ["student", "configurator"])
@pytest.mark.parametrize("address", [PROFILES, NEW, GATES])
def test_providers_are_for_admins(request, client, who, address):
    client.force_login(request.getfixturevalue(who))
    assert client.get(address).status_code == 302
    assert client.post(address, TYPED).status_code == 302
    assert not ProviderProfile.objects.exists()
