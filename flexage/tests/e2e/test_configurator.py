"""A configurator prepares an entry, looks at what came in, and decides otherwise."""

import pytest
from playwright.sync_api import expect

from flexage.tests.e2e.test_student import RESISTANCE, hand_in

pytestmark = pytest.mark.e2e

BIOLOGY = "Foundations of Biology"


def open_entry(page, component, title):
    page.get_by_role("link", name="Components").first.click()
    page.get_by_role("link", name=component).click()
    page.get_by_role("link", name=title, exact=True).click()


def open_rubric(page, component, title):
    open_entry(page, component, title)
    page.get_by_role("link", name="Edit rubric").click()


def open_submission(page, component, title, student):
    open_entry(page, component, title)
    page.get_by_role("link", name="Submissions").click()
    page.get_by_role("row").filter(has_text=student).get_by_role("link").first.click()


def test_configurator_makes_a_component_with_a_graded_entry(site, visitor):
    page = visitor(site, "configurator").page
    page.get_by_role("link", name="New component").click()
    page.get_by_label("Name").fill("Plant physiology")
    page.get_by_role("button", name="Save").click()
    page.get_by_role("link", name="People").click()
    page.get_by_label("Enroll students").fill("student1, student2\nnobody-here")
    page.get_by_role("button", name="Enroll", exact=True).click()
    expect(page.get_by_text("2 students enrolled.")).to_be_visible()
    expect(page.get_by_label("Enroll students")).to_have_value("nobody-here")

    page.get_by_role("link", name="Plant physiology").click()
    page.get_by_role("link", name="New entry").click()
    page.get_by_label("Title").fill("How plants feed")
    page.get_by_label("Instructions").fill("Explain where a plant's sugar comes from.")
    page.get_by_role("button", name="Save").click()
    fill_rubric(page)
    page.get_by_role("button", name="Save rubric").last.click()
    expect(page.get_by_text("The rubric is saved.")).to_be_visible()
    expect(page.get_by_text("The best score is 15 points.")).to_be_visible()

    student = visitor(site, "student1").page
    student.get_by_role("link", name="Plant physiology").click()
    student.get_by_role("link", name="How plants feed").click()
    answer = (
        "A leaf makes glucose from carbon dioxide and water, because light drives the reaction."
    )
    student.get_by_label("Your answer").fill(answer)
    student.get_by_role("button", name="Submit answer").click()
    expect(student.get_by_role("heading", name="Outcome")).to_be_visible()


def fill_rubric(page):
    """Two criteria by two levels in an editor that starts with three by four."""
    expect(page.get_by_label("Level 4", exact=True)).to_be_visible()
    for number in (4, 3):
        page.get_by_role("button", name=f"Remove level {number}").click()
    page.get_by_role("button", name="Remove criterion 3").click()
    expect(page.get_by_label("Criterion 3", exact=True)).to_have_count(0)
    for row, text, marks in ((0, "Process", "10"), (1, "Conditions", "5")):
        page.locator(f"#criterion-{row}-text").fill(text)
        page.locator(f"#criterion-{row}-marks").fill(marks)
    texts = [
        ("Names carbon dioxide, water and glucose.", "Does not name what goes in."),
        ("Says that light drives the reaction.", "Does not mention light."),
    ]
    for row, cells in enumerate(texts):
        for column, text in enumerate(cells):
            page.locator(f"#cell-{row}-{column}-text").fill(text)


def test_rubric_editor_keeps_what_was_typed_and_names_the_cell(site, visitor):
    page = visitor(site, "configurator").page
    open_rubric(page, BIOLOGY, RESISTANCE)
    page.locator("#criterion-0-marks").fill("many")
    page.locator("#cell-0-0-text").fill("A description that must not be lost.")
    page.get_by_role("button", name="Save rubric").last.click()
    expect(page.get_by_text("Row 1, marks: Must be a number")).to_be_visible()
    expect(page.locator("#criterion-0-marks")).to_have_value("many")
    expect(page.locator("#cell-0-0-text")).to_have_value("A description that must not be lost.")


def test_rubric_edited_by_two_people_is_a_clear_conflict(site, visitor):
    title = "Discuss the results of the catalase experiment"
    first = visitor(site, "configurator").page
    second = visitor(site, "configurator").page
    for page in (first, second):
        open_rubric(page, BIOLOGY, title)
    first.locator("#cell-0-0-text").fill("The first author's words.")
    first.get_by_role("button", name="Save rubric").last.click()
    expect(first.get_by_text("The rubric is saved.")).to_be_visible()
    second.locator("#cell-0-1-text").fill("The second author's words.")
    second.get_by_role("button", name="Save rubric").last.click()
    expect(second.get_by_text("Somebody else saved this rubric")).to_be_visible()
    expect(second.get_by_text("The first author's words.")).to_be_visible()
    expect(second.locator("#cell-0-1-text")).to_have_value("The second author's words.")
    second.get_by_role("button", name="Save rubric").last.click()
    expect(second.get_by_text("The rubric is saved.")).to_be_visible()


def test_configurator_overrides_and_the_student_sees_who_and_when(site, visitor):
    page = visitor(site, "configurator").page
    open_submission(page, BIOLOGY, RESISTANCE, "Selection in the ward")
    expect(page.locator("mark").first).to_be_visible()
    page.get_by_role("radio", name="Limited").first.check()
    page.get_by_label("Points").first.fill("99")
    page.get_by_label("Feedback for the student").fill("Please say where the variation comes from.")
    page.get_by_label("Reason for the change").fill("The origin of variation is missing.")
    page.get_by_role("button", name="Save and release").click()
    expect(page.get_by_text("less than or equal to 10")).to_be_visible()
    expect(page.get_by_label("Reason for the change")).to_have_value(
        "The origin of variation is missing."
    )
    page.get_by_label("Points").first.fill("1.5")
    page.get_by_role("button", name="Save and release").click()
    expect(page.get_by_text("Your decision is in force")).to_be_visible()
    expect(page.get_by_role("row").filter(has_text="In force")).to_contain_text("Ingrid Vasselby")

    student = visitor(site, "student1").page
    student.get_by_role("link", name=BIOLOGY).click()
    student.get_by_role("link", name=RESISTANCE).click()
    student.get_by_role("link", name="1. Selection in the ward").click()
    expect(student.get_by_text("Please say where the variation comes from.")).to_be_visible()
    expect(student.get_by_text("Decided by Ingrid Vasselby")).to_be_visible()
    expect(student.get_by_text("The origin of variation is missing.")).to_have_count(0)


def test_entry_without_a_rubric_waits_for_a_person(site, visitor):
    page = visitor(site, "configurator").page
    title = "Reflection: giving and receiving peer feedback"
    open_submission(page, "Arguing about the Past", title, "Needs a person")
    expect(page.get_by_text("The entry has no rubric to grade with.").first).to_be_visible()
    expect(page.get_by_role("button", name="Grade again")).to_be_enabled()
    page.get_by_label("Feedback for the student").fill("Thank you for this honest reflection.")
    page.get_by_role("button", name="Save and release").click()
    expect(page.get_by_text("Your decision is in force")).to_be_visible()


def test_student_cannot_reach_the_configurators_pages(site, visitor):
    page = visitor(site, "student1").page
    assert page.goto("/configure/").status == 403
    expect(page.get_by_role("heading", name="not for your role")).to_be_visible()


@pytest.mark.parametrize("fault", ["garbage", "status_503", "hang"])
def test_provider_that_fails_never_shows_as_a_grade(gemini_site, gemini, visitor, fault):
    gemini.play(fault)
    student = visitor(gemini_site, "student5").page
    hand_in(student, RESISTANCE, "Resistant bacteria survive and multiply, others die.")
    expect(student.get_by_text("Grading is taking longer than usual.")).to_be_visible()
    expect(student.get_by_role("heading", name="Outcome")).to_have_count(0)

    page = visitor(gemini_site, "configurator").page
    page.goto(student.url.replace("/student/", "/configure/"))
    expect(page.get_by_text("This answer needs a person")).to_be_visible()
    gemini.play("")
    page.get_by_role("button", name="Grade again").click()
    expect(page.get_by_role("heading", name="Outcome in force")).to_be_visible()
    student.reload()
    expect(student.get_by_role("heading", name="Outcome")).to_be_visible()
    expect(student.get_by_text("Graded by an AI model (gemini")).to_be_visible()


def test_outcome_that_needs_a_person_is_held_until_released(gemini_site, gemini, visitor):
    gemini.play("invented_quote")
    student = visitor(gemini_site, "student5").page
    hand_in(student, RESISTANCE, "Resistant bacteria survive and multiply, others die.")
    page = visitor(gemini_site, "configurator").page
    page.goto(student.url.replace("/student/", "/configure/"))
    expect(page.get_by_text("a quote does not stand in it")).to_be_visible()
    expect(page.get_by_text("Not found in the answer").first).to_be_visible()
    student.reload()
    expect(student.get_by_role("heading", name="Outcome")).to_have_count(0)
    page.get_by_role("button", name="It is right: release it").click()
    expect(page.get_by_text("Released: the student can see")).to_be_visible()
    student.reload()
    expect(student.get_by_role("heading", name="Outcome")).to_be_visible()
