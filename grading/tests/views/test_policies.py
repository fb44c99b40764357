"""How entries and components are graded: the pages, the budgets, and a provider that is down."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.contrib.auth.models import AnonymousUser
from django.db import connection
from django.test import RequestFactory
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from accounts.errors import DomainError
from components.models import Entry
from components.tests.factories import ComponentFactory, EntryFactory
from components.tests.pages import messages_of
from flexage.context_processors import site
from grading.engine.errors import ErrorCode
from grading.models import ComponentGrading, DayUsage, EntryGrading, GradingRun, ProviderGate
from grading.models.providers import SITE_KEY
from grading.services.policies import set_component_grading, set_entry_grading
from grading.tests.factories import ProviderProfileFactory, grade, make_submission
from grading.views import policies

pytestmark = pytest.mark.django_db
TYPED = {
    "profile": "",
    "opinions": "1",
    "second_profile": "",
    "per_criterion": "",
    "min_words": "0",
}
LIMITS = {"profile": "", "calls_per_day": "", "cost_per_day": ""}


@pytest.fixture
def browser(client, configurator):
    client.force_login(configurator)
    return client


@pytest.fixture
def entry_page(entry):
    return reverse("grading:entry_grading", args=[entry.pk])


@pytest.fixture
def component_page(component):
    return reverse("grading:component_grading", args=[component.pk])


def offered(response, name):
    """The choices of a field, as a person reads them."""
    return [str(label) for _value, label in response.context["form"].fields[name].choices]


def broken_gate(key=SITE_KEY, *, probe_in=240, code=ErrorCode.BAD_KEY):
    now = timezone.now()
    return ProviderGate.objects.create(
        key=str(key),
        breaker_code=code,
        breaker_since=now - timedelta(minutes=3),
        probe_at=now + timedelta(seconds=probe_in),
        probe_wait=20,
    )


# --- an entry ------------------------------------------------------------------
def test_entry_s_grading_is_saved_and_what_waits_follows(browser, entry, entry_page):
    profile, second = ProviderProfileFactory(), ProviderProfileFactory()
    make_submission(entry)
    typed = {
        "profile": profile.pk,
        "opinions": "3",
        "second_profile": second.pk,
        "per_criterion": "yes",
        "min_words": "50",
        "is_rubric_hidden": "on",
    }
    response = browser.post(entry_page, typed, follow=True)
    assert response.redirect_chain == [(entry_page, 302)]
    assert messages_of(response) == ["Saved. What waits to be graded follows it."]
    own = EntryGrading.objects.get()
    assert (own.profile, own.second_profile) == (profile, second)
    assert (own.opinions, own.per_criterion, own.min_words) == (3, True, 50)
    assert Entry.objects.get().is_rubric_hidden
    assert GradingRun.objects.get().profile == profile


@pytest.mark.parametrize(("answer", "stored"), [("", None), ("yes", True), ("no", False)])
def test_call_per_criterion_is_yes_no_or_the_site_s(browser, entry_page, answer, stored):
    browser.post(entry_page, {**TYPED, "per_criterion": answer})
    assert EntryGrading.objects.get().per_criterion is stored
    assert browser.get(entry_page).context["form"]["per_criterion"].value() == answer


@pytest.mark.parametrize(("default", "label"), [(True, "yes"), (False, "no")])
def test_site_s_default_is_named(browser, entry_page, settings, default, label):
    settings.GRADING_PER_CRITERION = default
    assert offered(browser.get(entry_page), "per_criterion")[0] == f"As on this site: {label}"


def test_entry_without_a_policy_shows_defaults_and_stores_nothing(browser, entry_page):
    response = browser.get(entry_page)
    form = response.context["form"]
    assert [form[name].value() for name in TYPED] == [None, 1, None, "", 0]
    assert not EntryGrading.objects.exists()
    assert "Nothing was graded here yet." in response.text


def test_hidden_rubric_is_shown_again(browser, entry, entry_page):
    Entry.objects.update(is_rubric_hidden=True)
    assert browser.get(entry_page).context["form"]["is_rubric_hidden"].value() is True
    browser.post(entry_page, TYPED)
    assert not Entry.objects.get().is_rubric_hidden


def test_providers_on_offer_are_the_active_ones_and_the_chosen_one(
    browser, entry, entry_page, component, configurator
):
    ProviderProfileFactory(name="Active")
    ProviderProfileFactory(name="Retired", is_active=False)
    chosen = ProviderProfileFactory(name="Chosen", is_active=False)
    set_component_grading(component, profile=chosen, by=configurator)
    set_entry_grading(entry, second_profile=chosen, by=configurator)
    response = browser.get(entry_page)
    assert offered(response, "profile") == ["As in the component: Chosen", "Active"]
    assert offered(response, "second_profile") == ["The same provider", "Active", "Chosen"]


def test_component_s_provider_is_the_site_s_unless_chosen(browser, entry_page, component_page):
    default = "Simulator (no AI model)"
    assert offered(browser.get(entry_page), "profile") == [f"As in the component: {default}"]
    assert offered(browser.get(component_page), "profile") == [f"This site's: {default}"]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"opinions": "0"}, "opinions"),
        ({"opinions": "6"}, "opinions"),
        ({"opinions": ""}, "opinions"),
        ({"min_words": "-1"}, "min_words"),
        ({"min_words": "x"}, "min_words"),
        ({"per_criterion": "perhaps"}, "per_criterion"),
        ({"profile": "00000000-0000-0000-0000-000000000000"}, "profile"),
        ({"second_profile": "x"}, "second_profile"),
    ],
    ids=str,
)
def test_entry_refused_names_the_field_and_changes_nothing(browser, entry_page, change, field):
    response = browser.post(entry_page, {**TYPED, "is_rubric_hidden": "on", **change})
    assert response.status_code == 422
    assert list(response.context["form"].errors) == [field]
    assert not EntryGrading.objects.exists()
    assert not Entry.objects.get().is_rubric_hidden


def test_refusal_of_the_service_is_shown_and_keeps_both_halves(browser, entry_page, monkeypatch):
    def refuse(*_args, **_kwargs):
        raise DomainError("invalid", "Not today.", field="is_rubric_hidden")

    monkeypatch.setattr(policies, "update_entry", refuse)
    response = browser.post(entry_page, {**TYPED, "opinions": "4"})
    assert "Not today." in response.text
    assert not EntryGrading.objects.exists()


def test_retired_provider_cannot_be_chosen_anew(browser, entry_page):
    retired = ProviderProfileFactory(is_active=False)
    response = browser.post(entry_page, {**TYPED, "profile": retired.pk})
    assert list(response.context["form"].errors) == ["profile"]


def test_entry_s_usage_is_of_its_own_runs(browser, entry, entry_page, settings):
    settings.GRADING_INPUT_PRICE, settings.GRADING_CURRENCY = 10_000.0, "CHF"
    for each in (entry, entry, EntryFactory(component=entry.component)):
        grade(make_submission(each))
    response = browser.get(entry_page)
    usage = response.context["usage"]
    assert (usage.runs, usage.calls, usage.input_tokens, usage.output_tokens) == (2, 2, 200, 100)
    assert "2.0000 CHF" in response.text


# --- a component ---------------------------------------------------------------
def test_component_s_grading_is_saved(browser, component, component_page):
    profile = ProviderProfileFactory()
    typed = {"profile": profile.pk, "calls_per_day": "100", "cost_per_day": "2.50"}
    response = browser.post(component_page, typed, follow=True)
    assert response.redirect_chain == [(component_page, 302)]
    own = ComponentGrading.objects.get()
    assert (own.profile, own.calls_per_day) == (profile, 100)
    assert own.cost_per_day == Decimal("2.50")
    browser.post(component_page, LIMITS)
    unlimited = ComponentGrading.objects.filter(calls_per_day=None, cost_per_day=None)
    assert unlimited.filter(profile=None).exists()


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"calls_per_day": "-1"}, "calls_per_day"),
        ({"calls_per_day": "1.5"}, "calls_per_day"),
        ({"cost_per_day": "-0.01"}, "cost_per_day"),
        ({"cost_per_day": "NaN"}, "cost_per_day"),
        ({"cost_per_day": "1e99"}, "cost_per_day"),
        ({"cost_per_day": "0.001"}, "cost_per_day"),
        ({"profile": "x"}, "profile"),
    ],
    ids=str,
)
def test_component_refused_names_the_field(browser, component_page, change, field):
    response = browser.post(component_page, {**LIMITS, **change})
    assert response.status_code == 422
    assert list(response.context["form"].errors) == [field]
    assert not ComponentGrading.objects.exists()


def use(component, *, days_ago=0, calls=1, cost="0"):
    day = timezone.localdate() - timedelta(days=days_ago)
    return DayUsage.objects.create(component=component, day=day, calls=calls, cost=Decimal(cost))


@pytest.mark.parametrize(
    ("limits", "is_spent", "shown"),
    [
        ({}, False, "(no limit)"),
        ({"calls_per_day": 10}, False, "of 10, 6 left"),
        ({"calls_per_day": 4}, True, "of 4, 0 left"),
        ({"calls_per_day": 3}, True, "of 3, 0 left"),
        ({"calls_per_day": 0}, True, "of 0, 0 left"),
        ({"cost_per_day": Decimal(2)}, False, "of 2.00 USD, 1.5000 left"),
        ({"cost_per_day": Decimal("0.5")}, True, "of 0.50 USD, 0.0000 left"),
    ],
    ids=str,
)
def test_today_is_shown_against_the_budget(
    browser, component, component_page, configurator, limits, is_spent, shown
):
    set_component_grading(component, by=configurator, **limits)
    use(component, calls=4, cost="0.5")
    use(component, days_ago=1, calls=1000, cost="1000")
    response = browser.get(component_page)
    assert shown in response.text
    assert ("budget of this component is spent" in response.text) is is_spent


def test_usage_of_the_last_days_is_listed_newest_first(browser, component, component_page):
    for days_ago in (30, 29, 3, 0):
        use(component, days_ago=days_ago, calls=days_ago)
    use(ComponentFactory(), calls=99)
    response = browser.get(component_page)
    assert [usage.calls for usage in response.context["days"]] == [0, 3, 29]


def test_usage_by_entry_counts_each_run_once(browser, entry, component_page):
    EntryFactory(component=entry.component, title="Unused")
    for _i in range(2):
        grade(make_submission(entry))
    rows = browser.get(component_page).context["entries"]
    assert [(row.runs, row.calls, row.input_tokens, row.output_tokens) for row in rows] == [
        (2, 2, 200, 100),
        (0, 0, 0, 0),
    ]


@pytest.mark.parametrize("count", [1, 3])
def test_pages_ask_the_same_whatever_the_number(
    browser, entry, entry_page, component_page, count, django_assert_num_queries
):
    for number in range(count):
        grade(make_submission(EntryFactory(component=entry.component)))
        use(entry.component, days_ago=number + 1)
        ProviderProfileFactory()
    with django_assert_num_queries(8):
        browser.get(entry_page)
    with django_assert_num_queries(10):
        browser.get(component_page)


@pytest.mark.parametrize("page", ["entry_page", "component_page"])
@pytest.mark.parametrize(
    ("who", "status"),
    [("student", 403), ("outsider", 403), ("stranger", 404), ("configurator", 200), ("admin", 200)],
)
def test_pages_are_for_who_is_in_charge(request, client, page, who, status):
    client.force_login(request.getfixturevalue(who))
    assert client.get(request.getfixturevalue(page)).status_code == status


@pytest.mark.parametrize("page", ["entry_page", "component_page"])
@pytest.mark.parametrize(("who", "status"), [("student", 403), ("stranger", 404)])
def test_post_by_somebody_not_in_charge_changes_nothing(request, client, page, who, status):
    client.force_login(request.getfixturevalue(who))
    typed = {**TYPED, **LIMITS, "calls_per_day": "1"}
    assert client.post(request.getfixturevalue(page), typed).status_code == status
    assert not EntryGrading.objects.exists()
    assert not ComponentGrading.objects.exists()


def test_pages_of_the_course_link_to_grading(browser, entry, entry_page, component_page):
    assert entry_page in browser.get(reverse("components:entry_detail", args=[entry.pk])).text
    detail = reverse("components:component_detail", args=[entry.component_id])
    assert component_page in browser.get(detail).text


# --- a provider that is down ---------------------------------------------------
def banner_on(client, page="components:component_list"):
    return client.get(reverse(page), follow=True).text.partition('role="alert"')[2][:1500]


def test_staff_are_told_who_waits_since_when_why_and_until_when(browser):
    gate = broken_gate()
    text = banner_on(browser)
    assert "Grading with “Simulator (no AI model)” waits." in text
    assert f'datetime="{timezone.localtime(gate.breaker_since):%Y-%m-%dT%H:%M}' in text
    assert "The provider did not accept the key of this server." in text
    assert "next try at <time" in text
    assert f"{timezone.localtime(gate.probe_at):%H:%M:%S}" in text
    assert "Try again now" not in text


def test_provider_whose_time_has_come_waits_for_an_answer_to_grade(browser):
    broken_gate(probe_in=-1)
    text = banner_on(browser)
    assert "next try with the next answer in its queue" in text
    assert "next try at" not in text


def test_admin_may_try_again_and_stays_on_the_page(client, admin, component_page):
    client.force_login(admin)
    profile = ProviderProfileFactory(name="Team B <3")
    broken_gate(profile.pk)
    text = client.get(component_page).text
    assert "Team B &lt;3" in text
    address = reverse("grading:provider_retry", args=[profile.pk])
    assert f'action="{address}"' in text
    assert f'name="next" value="{component_page}"' in text
    response = client.post(address, {"next": component_page}, follow=True)
    assert response.redirect_chain == [(component_page, 302)]
    assert "It is tried again now" in messages_of(response)[0]
    assert ProviderGate.objects.filter(probe_at__lte=timezone.now()).exists()


@pytest.mark.parametrize(
    "page", ["", "https://evil.example.org/", "//evil.example.org", "javascript:"]
)
def test_trying_again_leads_to_no_other_site(client, admin, page):
    client.force_login(admin)
    broken_gate()
    response = client.post(reverse("grading:provider_retry", args=[SITE_KEY]), {"next": page})
    assert response.url == reverse("components:component_list")


@pytest.mark.parametrize("who", ["student", "configurator"])
def test_trying_again_is_for_admins(request, client, who):
    gate = broken_gate()
    client.force_login(request.getfixturevalue(who))
    address = reverse("grading:provider_retry", args=[SITE_KEY])
    assert client.post(address).status_code == 403
    assert client.get(address).status_code == 405
    assert ProviderGate.objects.get().probe_at == gate.probe_at


@pytest.mark.parametrize("key", [SITE_KEY, "x", "00000000-0000-0000-0000-000000000000"])
def test_provider_that_was_never_asked_says_so(client, admin, key):
    client.force_login(admin)
    response = client.post(reverse("grading:provider_retry", args=[key]), follow=True)
    assert messages_of(response) == ["This provider was never asked."]


def test_provider_that_was_deleted_is_no_news(browser):
    broken_gate("00000000-0000-0000-0000-000000000000")
    assert "Grading with" not in browser.get(reverse("components:component_list")).text


def test_nothing_is_said_while_all_is_well(browser):
    ProviderGate.objects.create(key=SITE_KEY, allowed=2.0, outages=3)
    assert "Grading with" not in browser.get(reverse("components:component_list")).text


@pytest.mark.parametrize(("who", "queries"), [("student", 0), ("configurator", 1), ("admin", 1)])
def test_only_staff_pay_a_query_for_the_news(request, who, queries):
    broken_gate()
    page = RequestFactory().get("/")
    page.user = request.getfixturevalue(who)
    with CaptureQueriesContext(
        connection,
    ) as seen:
        news = site(page)["closed_gates"]()
    assert (len(seen), len(news)) == (queries, queries)


@pytest.mark.parametrize("is_known", [True, False])
def test_visitors_are_told_nothing_of_providers(is_known, django_assert_num_queries):
    broken_gate()
    page = RequestFactory().get("/")
    if is_known:
        page.user = AnonymousUser()
    with django_assert_num_queries(0):
        assert site(page)["closed_gates"]() == []


def test_news_of_an_own_provider_take_one_more_query_however_many(django_assert_num_queries, admin):
    for _i in range(3):
        broken_gate(ProviderProfileFactory().pk)
    page = RequestFactory().get("/")
    page.user = admin
    with django_assert_num_queries(2):
        assert len(site(page)["closed_gates"]()) == 3


def test_student_s_pages_say_nothing_of_providers(client, student):
    broken_gate()
    client.force_login(student)
    assert "Grading with" not in client.get(reverse("grading:student_home")).text
