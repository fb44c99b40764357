"""What the Django admin shows of grading and of the queue."""

import pytest
from django.contrib import admin
from django.urls import reverse


def test_queue_is_no_door_to_running_any_function():
    apps = {model._meta.app_label for model in admin.site._registry}
    assert "django_q" not in apps


@pytest.mark.django_db
def test_admin_s_front_page_shows_nothing_of_the_queue(client, admin):
    client.force_login(admin)
    assert b"Scheduled tasks" not in client.get(reverse("admin:index")).content
