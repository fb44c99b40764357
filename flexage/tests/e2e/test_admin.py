"""An admin looks after people, in a browser that holds pages to the Content-Security-Policy."""

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.e2e

PEOPLE = """username,full_name,email,role,password
nova,Nova Example,nova@example.org,student,a-good-password-1
rook,Rook Example,rook@example.org,wizard,a-good-password-2
"""


def upload(page, text):
    page.goto("/admin/accounts/user/import/")
    page.locator("select[name=format]").select_option(label="csv")
    file = {"name": "people.csv", "mimeType": "text/csv", "buffer": text.encode()}
    page.locator("input[type=file]").set_input_files(file)
    page.get_by_role("button", name="Submit").click()


def test_admin_imports_people_after_a_preview(site, visitor):
    page = visitor(site, "admin").page
    upload(page, PEOPLE)
    expect(page.get_by_text("“wizard” is no role")).to_be_visible()
    expect(page.get_by_role("button", name="Confirm import")).to_have_count(0)
    upload(page, PEOPLE.replace("wizard", "configurator"))
    page.get_by_role("button", name="Confirm import").click()
    expect(page.get_by_text("Import finished")).to_be_visible()
    new = visitor(site)
    new.sign_in("nova", "a-good-password-1")
    expect(new.page.get_by_text("You are not enrolled in any component yet.")).to_be_visible()


def test_admin_enrolls_many_at_once(site, visitor):
    page = visitor(site, "admin").page
    page.goto("/admin/accounts/user/?q=student")
    page.locator("#action-toggle").check()
    page.locator("select[name=action]").select_option(value="unenroll")
    page.get_by_role("button", name="Go").click()
    page.get_by_label("Component").select_option(
        label="Arguing about the Past: Academic Writing for Historians"
    )
    page.get_by_role("button", name="Unenroll").click()
    expect(page.get_by_text("5 students changed.")).to_be_visible()
    page.locator("#action-toggle").check()
    page.locator("select[name=action]").select_option(value="enroll")
    page.get_by_role("button", name="Go").click()
    page.get_by_label("Component").select_option(
        label="Arguing about the Past: Academic Writing for Historians"
    )
    page.get_by_role("button", name="Enroll").click()
    expect(page.get_by_text("5 students changed.")).to_be_visible()


@pytest.mark.parametrize("username", ["student1", "configurator"])
def test_only_admins_get_in(site, visitor, username):
    page = visitor(site, username).page
    page.goto("/admin/")
    expect(page.get_by_text("not authorized")).to_be_visible()
