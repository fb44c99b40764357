"""Who gets to see and to change what: every page of a configurator, for everybody."""

import pytest
from django.test import Client
from django.urls import reverse

from components.models import Component, Enrollment, Entry

pytestmark = pytest.mark.django_db

OPEN, FORBIDDEN, HIDDEN, SIGN_IN = 200, 403, 404, 302
NOBODY_OWNS = ["component_list", "component_create"]
OF_A_COMPONENT = [
    "component_detail",
    "component_edit",
    "component_delete",
    "people",
    "entry_create",
    "configurator_add",
    "configurator_remove",
    "unenroll",
]
OF_AN_ENTRY = ["entry_detail", "entry_edit", "entry_delete", "rubric_edit"]
POST_ONLY = ["configurator_add", "configurator_remove", "unenroll"]


@pytest.fixture
def place(entry, student, configurator):
    """Where each page is, for one component with an entry and a student."""

    def address(page):
        if page in NOBODY_OWNS:
            arguments = []
        elif page in OF_AN_ENTRY:
            arguments = [entry.pk]
        else:
            person = {"unenroll": [student.pk], "configurator_remove": [configurator.pk]}
            arguments = [entry.component_id, *person.get(page, [])]
        return reverse(f"components:{page}", args=arguments)

    return address


def everything():
    """The rows that these pages could change."""
    people = Component.configurators.through.objects
    return [list(model.values()) for model in (Component.objects, Entry.objects,
                                               Enrollment.objects, people)]  # fmt: skip


@pytest.mark.parametrize("page", [*NOBODY_OWNS, *OF_A_COMPONENT, *OF_AN_ENTRY])
@pytest.mark.parametrize(
    ("who", "others_page", "own_page"),
    [
        (None, SIGN_IN, SIGN_IN),
        ("student", FORBIDDEN, FORBIDDEN),
        ("outsider", FORBIDDEN, FORBIDDEN),
        ("stranger", HIDDEN, OPEN),
        ("configurator", OPEN, OPEN),
        ("admin", OPEN, OPEN),
    ],
)
def test_page_is_open_to_who_is_in_charge(page, who, others_page, own_page, place, client, request):
    if who:
        client.force_login(request.getfixturevalue(who))
    expected = own_page if page in NOBODY_OWNS else others_page
    if page in POST_ONLY and who:
        expected = 405
    assert client.get(place(page)).status_code == expected


@pytest.mark.parametrize("page", [*NOBODY_OWNS, *OF_A_COMPONENT, *OF_AN_ENTRY])
@pytest.mark.parametrize(
    ("who", "answer"),
    [(None, SIGN_IN), ("student", FORBIDDEN), ("outsider", FORBIDDEN), ("stranger", HIDDEN)],
)
def test_post_by_somebody_not_in_charge_changes_nothing(page, who, answer, place, client, request):
    if who:
        client.force_login(request.getfixturevalue(who))
    if page in NOBODY_OWNS and who == "stranger":
        answer = OPEN
    before = everything()
    typed = {
        "name": "",
        "title": "x",
        "people": "outsider",
        "username": "stranger",
        "action": "save",
    }
    assert client.post(place(page), typed).status_code == answer
    assert everything() == before


@pytest.mark.parametrize("page", ["component_detail", "entry_detail", "rubric_edit"])
def test_page_of_what_does_not_exist_is_not_found(page, client, configurator, student):
    client.force_login(configurator)
    address = reverse(f"components:{page}", args=[student.pk])
    assert client.get(address).status_code == HIDDEN


def test_post_without_the_token_is_refused(configurator):
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(configurator)
    response = browser.post(reverse("components:component_create"), {"name": "Biology"})
    assert response.status_code == 403
    assert "This form has expired" in response.text
    assert not Component.objects.exists()
