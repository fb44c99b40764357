"""The engine as people meet it: a provider in trouble, bulk runs, what needs a person."""

import re

import pytest
from playwright.sync_api import expect

from flexage.tests.e2e.test_configurator import BIOLOGY, open_entry
from flexage.tests.e2e.test_student import RESISTANCE, hand_in

pytestmark = pytest.mark.e2e
ANSWER = "Resistant bacteria survive and multiply, others die."


def test_queue_waits_while_the_key_is_bad_and_goes_on_once_it_is_good(gemini_site, gemini, visitor):
    gemini.play("bad_key")
    student = visitor(gemini_site, "student4").page
    hand_in(student, RESISTANCE, ANSWER)
    admin = visitor(gemini_site, "admin").page
    admin.goto("/configure/")
    banner = admin.get_by_role("alert").filter(has_text="did not accept the key")
    expect(reloaded(admin, banner)).to_be_visible()
    expect(student.get_by_role("heading", name="Outcome")).to_have_count(0)
    gemini.play("")
    banner.get_by_role("button", name="Try again now").click()
    expect(student.get_by_role("heading", name="Outcome")).to_be_visible()
    admin.reload()
    expect(banner).to_have_count(0)


def reloaded(page, locator, tries=40):
    """Reload a page until something is there."""
    for _try in range(tries):
        if locator.count():
            break
        page.wait_for_timeout(250)
        page.reload()
    return locator


def test_many_answers_are_graded_again_with_the_cost_told_before(site, visitor):
    page = visitor(site, "configurator").page
    open_entry(page, BIOLOGY, RESISTANCE)
    page.get_by_role("link", name="Submissions").click()
    page.get_by_role("link", name="Grade many").click()
    expect(page.get_by_text("Calls to a provider").first).to_be_visible()
    page.get_by_role("button", name=re.compile("again")).click()
    expect(page.get_by_role("progressbar").or_(page.locator("progress"))).to_be_visible()
    expect(page.get_by_text("Being graded").first).to_be_visible()


def test_student_asks_for_a_person_and_reads_the_answer(site, visitor):
    student = visitor(site, "student2").page
    student.get_by_role("link", name=BIOLOGY).click()
    student.get_by_role("link", name=RESISTANCE).click()
    student.locator("a[href*='/student/submissions/']").first.click()
    expect(student.get_by_role("heading", name="Outcome")).to_be_visible()
    student.get_by_text("Ask for a review").first.click()
    student.get_by_label("What should a person look at, and why?").fill("I did name the cause.")
    student.get_by_role("button", name="Ask").click()
    expect(student.get_by_text("I did name the cause.")).to_be_visible()

    page = visitor(site, "configurator").page
    page.get_by_role("link", name="To review").click()
    item = page.get_by_role("listitem").filter(has_text="I did name the cause.").first
    item.get_by_role("link").first.click()
    page.locator("textarea[name$='answer']").first.fill("You did; well seen.")
    page.get_by_role("button", name="Answer").first.click()
    page.locator("a[href*='/configure/runs/']").first.click()
    expect(page.get_by_role("heading", name="How this was graded")).to_be_visible()
    student.reload()
    expect(student.get_by_text("You did; well seen.")).to_be_visible()
