"""The list of components, one of them, making, changing and deleting."""

import pytest
from django.urls import reverse

from accounts.tests.factories import UserFactory
from components.models import Component, Entry
from components.tests.factories import ComponentFactory, EnrollmentFactory, EntryFactory
from components.tests.pages import messages_of
from components.views.components import PAGE_SIZE

pytestmark = pytest.mark.django_db

LIST = reverse("components:component_list")
NEW = reverse("components:component_create")


@pytest.fixture
def browser(client, configurator):
    client.force_login(configurator)
    return client


def place(page, component):
    return reverse(f"components:{page}", args=[component.pk])


def names_on(response):
    return [component.name for component in response.context["page"]]


def test_list_takes_as_many_queries_for_three_as_for_one(
    browser, configurator, django_assert_num_queries
):
    ComponentFactory(configurators=[configurator])
    with django_assert_num_queries(5):
        browser.get(LIST)
    for component in ComponentFactory.create_batch(2, configurators=[configurator]):
        EntryFactory(component=component)
    with django_assert_num_queries(5):
        browser.get(LIST)


def test_list_shows_own_components_with_their_counts(browser, component, entry, student):
    ComponentFactory(name="Somebody else's")
    response = browser.get(LIST)
    assert names_on(response) == [component.name]
    assert f"{component.name}</a></td><td>1</td><td>1</td>" in response.text


def test_list_without_components_says_what_to_do(browser):
    assert "You have no components yet" in browser.get(LIST).text


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("bio", ["Biology"]),
        (" BIO ", ["Biology"]),
        ("", ["Biology", "Chemistry"]),
        ("%", []),
        ("nul\x00", []),
        ("x" * 5000, []),
    ],
    ids=lambda value: repr(value)[:20],
)
def test_list_search_finds_part_of_a_name(text, names, browser, configurator):
    for name in ("Biology", "Chemistry"):
        ComponentFactory(name=name, configurators=[configurator])
    response = browser.get(LIST, {"q": text})
    assert names_on(response) == names
    assert bool(names) is not ("No component has this in its name" in response.text)


def test_list_search_keeps_the_text_safe(browser):
    response = browser.get(LIST, {"q": '"><script>alert(1)</script>'})
    assert "<script>alert" not in response.text
    assert "&lt;script&gt;alert" in response.text


@pytest.mark.parametrize(
    ("number", "shown"),
    [("1", 1), ("2", 2), ("3", 2), ("0", 2), ("-1", 2), ("x", 1), ("", 1), ("9" * 400, 2)],
    ids=lambda value: str(value)[:5],
)
def test_list_is_paged_and_no_page_number_breaks_it(number, shown, browser, configurator):
    ComponentFactory.create_batch(PAGE_SIZE + 1, configurators=[configurator])
    response = browser.get(LIST, {"page": number})
    assert response.context["page"].number == shown


def test_list_pages_keep_the_search(browser, configurator):
    ComponentFactory.create_batch(PAGE_SIZE + 1, name="Same name", configurators=[configurator])
    response = browser.get(LIST, {"q": "same"})
    assert "?q=same&amp;page=2" in response.text
    second = browser.get(LIST, {"q": "same", "page": 2})
    assert names_on(second) == ["Same name"]


def test_detail_takes_as_many_queries_for_three_as_for_one(
    browser, component, django_assert_num_queries
):
    EntryFactory(component=component)
    with django_assert_num_queries(6):
        browser.get(place("component_detail", component))
    EntryFactory.create_batch(2, component=component)
    EnrollmentFactory.create_batch(2, component=component)
    with django_assert_num_queries(6):
        browser.get(place("component_detail", component))


def test_detail_shows_which_entries_lack_a_rubric(browser, entry):
    EntryFactory(component=entry.component, title="Bare", without_rubric=True)
    text = browser.get(place("component_detail", entry.component)).text
    assert entry.title in text
    assert text.count("No rubric yet") == 1


def test_detail_shows_stored_html_cleaned(browser, component):
    Component.objects.update(general_instructions="<b>Read</b><script>alert(1)</script>")
    text = browser.get(place("component_detail", component)).text
    assert "<b>Read</b>" in text
    assert "alert(1)" not in text


def test_new_component_leads_to_its_page(browser, configurator):
    typed = {"name": "Biology", "general_instructions": "Don't hurry.\n\nRead < 2 pages."}
    response = browser.post(NEW, typed, follow=True)
    component = Component.objects.get()
    assert response.redirect_chain == [(place("component_detail", component), 302)]
    assert component.general_instructions == "<p>Don't hurry.</p>\n\n<p>Read &lt; 2 pages.</p>"
    assert list(component.configurators.all()) == [configurator]
    assert "Add its first entry" in messages_of(response)[0]


@pytest.mark.parametrize(
    "name", ["", "   ", "a" * 256, "nul\x00"], ids=["empty", "blank", "long", "nul"]
)
@pytest.mark.parametrize("page", ["new", "edit"])
def test_component_refused_keeps_what_was_typed(page, name, browser, component):
    address = NEW if page == "new" else place("component_edit", component)
    before = list(Component.objects.values())
    response = browser.post(address, {"name": name, "general_instructions": "Keep < this"})
    assert response.context["form"].errors["name"]
    assert "Keep &lt; this</textarea>" in response.text
    assert list(Component.objects.values()) == before


def test_edit_shows_plain_text_as_it_was_typed(browser, component):
    typed = {"name": "Biology", "general_instructions": 'Don\'t say "never".'}
    browser.post(place("component_edit", component), typed)
    response = browser.get(place("component_edit", component))
    assert response.context["form"]["general_instructions"].value() == 'Don\'t say "never".'
    assert response.context["form"]["name"].value() == "Biology"


def test_edit_works_after_the_maker_is_gone(browser, component, configurator):
    component.created_by = UserFactory(configurator=True)
    component.save(update_fields=["created_by"])
    component.created_by.delete()
    browser.post(place("component_edit", component), {"name": "Renamed"})
    component.refresh_from_db()
    assert (component.name, component.created_by) == ("Renamed", None)


def test_delete_asks_first_and_says_what_goes_with_it(browser, entry, student):
    response = browser.get(place("component_delete", entry.component))
    assert "1 entry with all that was submitted to it" in response.text
    assert "1 enrollment" in response.text
    assert Component.objects.exists()


def test_delete_confirmed_deletes(browser, entry):
    response = browser.post(place("component_delete", entry.component), follow=True)
    assert response.redirect_chain == [(LIST, 302)]
    assert f"“{entry.component.name}” is deleted." in messages_of(response)
    assert not Component.objects.exists()
    assert not Entry.objects.exists()
