"""What happens to requests of people whose session has ended."""

import pytest
from django.urls import reverse

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}


def test_page_leads_to_signing_in_and_back(client):
    page = reverse("accounts:password_change")
    response = client.get(page)
    assert response.url == f"{reverse('accounts:sign_in')}?next={page}"


def test_fragment_is_refused_instead_of_replaced_by_the_sign_in_page(client):
    response = client.get(reverse("accounts:password_change"), headers=HTMX)
    assert response.status_code == 401


def test_form_leads_to_signing_in_without_a_way_back_to_what_takes_only_forms(client):
    response = client.post(reverse("accounts:password_change"))
    assert response.url == reverse("accounts:sign_in")
