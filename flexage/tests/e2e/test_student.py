"""A student hands in an answer and reads its outcome."""

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.e2e

RESISTANCE = "Explain how antibiotic resistance evolves"
CATALASE = "Discuss the results of the catalase experiment"
ESSAY = "Short essay: should museums return the Benin Bronzes?"
ANSWER = """The bronzes were taken by force in 1897, because a British expedition burned the palace.

Museums argue that they preserve objects; however, Nigeria has museums of its own today."""


def open_entry(page, title):
    """From anywhere to an entry's page, as a student would."""
    page.get_by_role("link", name="My components").first.click()
    component = "Arguing about the Past" if title == ESSAY else "Foundations of Biology"
    page.get_by_role("link", name=component).click()
    page.get_by_role("link", name=title).click()


def hand_in(page, title, answer):
    open_entry(page, title)
    page.get_by_label("Your answer").fill(answer)
    page.get_by_role("button", name="Submit answer").click()


def test_student_submits_and_the_page_turns_into_the_outcome(site, visitor):
    page = visitor(site, "student5").page
    polls = []
    page.on("request", lambda request: polls.append(request.url.endswith("/status/")))
    hand_in(page, ESSAY, ANSWER)
    expect(page.get_by_text("Your answer is handed in.")).to_be_visible()
    expect(page.get_by_role("heading", name="Outcome")).to_be_visible()
    expect(page.get_by_text("no AI model was involved").first).to_be_visible()
    expect(page.locator("mark").first).to_be_visible()
    seen = sum(polls)
    page.wait_for_timeout(3000)
    assert sum(polls) == seen  # it stopped asking by itself


def test_student_sees_the_status_of_each_entry(site, visitor):
    page = visitor(site, "student1").page
    page.get_by_role("link", name="Foundations of Biology").click()
    rows = page.get_by_role("listitem")
    expect(rows.filter(has_text="antibiotic resistance")).to_contain_text("Outcome available")
    expect(rows.filter(has_text=CATALASE)).to_contain_text("Not submitted")


def test_blank_answer_is_refused_and_the_title_stays(site, visitor):
    page = visitor(site, "student4").page
    open_entry(page, CATALASE)
    page.get_by_label("Title").fill("My discussion")
    page.get_by_role("button", name="Submit answer").click()
    expect(page.get_by_text("Write an answer before you submit.")).to_be_visible()
    expect(page.get_by_label("Title")).to_have_value("My discussion")


def test_double_click_on_submit_is_one_attempt(site, visitor):
    page = visitor(site, "student4").page
    open_entry(page, CATALASE)
    page.get_by_label("Your answer").fill("Warm catalase works faster, because molecules collide.")
    page.get_by_role("button", name="Submit answer").dblclick()
    expect(page.get_by_role("heading", name="Outcome")).to_be_visible()
    page.get_by_role("link", name=CATALASE).click()
    expect(page.get_by_role("heading", name="My attempts")).to_be_visible()
    expect(page.locator("a", has_text="Attempt")).to_have_count(1)


def test_script_in_an_answer_stays_text(site, visitor):
    page = visitor(site, "student3").page
    hostile = "<script>document.title = 'broken'</script> is how <b>not</b> to answer."
    page.get_by_role("link", name="Arguing about the Past").click()
    page.get_by_role("link", name=ESSAY).click()
    page.get_by_label("Your answer").fill(hostile)
    page.get_by_role("button", name="Submit answer").click()
    expect(page.get_by_role("heading", name="Outcome")).to_be_visible()
    expect(page.locator(".answer")).to_contain_text(hostile)
    assert "broken" not in page.title()


def test_without_javascript_a_reload_shows_the_outcome(site, visitor):
    page = visitor(site, "student2", java_script_enabled=False).page
    hand_in(page, ESSAY, ANSWER)
    for _attempt in range(50):
        if page.get_by_role("heading", name="Outcome").count():
            break
        page.wait_for_timeout(200)
        page.reload()
    expect(page.get_by_role("heading", name="Outcome")).to_be_visible()


def test_student_cannot_reach_another_students_answer(site, visitor):
    page = visitor(site, "student1").page
    page.get_by_role("link", name="Foundations of Biology").click()
    page.get_by_role("link", name="antibiotic resistance").click()
    page.get_by_role("link", name="1. Selection in the ward").click()
    address = page.url
    other = visitor(site, "student2").page
    assert other.goto(address).status == 404
