"""What the student and the examiner read: reasons, and feedback as simple HTML."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Sequence

from components.rubrics import Criterion
from grading.engine.providers.simulator.answer import Answer
from grading.engine.providers.simulator.measure import MIN_WORDS, Measure, is_word_list
from grading.engine.providers.simulator.terms import Expectations

NO_AI_NOTICE = (
    "This outcome was produced by FlexAGE's built-in simulator from text statistics; "
    "no AI model was involved."
)
MAX_TERMS = 5
MAX_TERM = 40
MAX_TITLE = 80
UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]+")


def reasoning(measured: Measure, answer: Answer, expected: Expectations) -> str:
    """One to three plain sentences: what was found, what was missing, what was not counted."""
    if answer.word_count < MIN_WORDS:
        return _nothing(answer)
    sentences = [_found(measured, answer, expected)]
    if measured.missing and not measured.is_about_form:
        sentences.append(f"Not found: {_names(measured.missing, expected)}.")
    if answer.copied:
        sentences.append(_copied(answer))
    elif is_word_list(answer, expected):
        sentences.append("A mere list of words counts half.")
    return " ".join(sentences)


def feedback(
    criteria: Sequence[Criterion],
    measures: Sequence[Measure],
    answer: Answer,
    expected: Expectations,
) -> str:
    """HTML for the student: what the answer covers, what to add, and that no AI was involved."""
    opening = _opening(measures, answer)
    if answer.copied:
        opening = f"{opening} {_copied(answer)}"
    items = (
        f"<li><strong>{_escape(_title(criterion.text))}</strong>: "
        f"{_escape(_advice(measured, answer, expected))}</li>"
        for criterion, measured in zip(criteria, measures, strict=True)
    )
    return (
        f"<p>{_escape(opening)}</p><ul>{''.join(items)}</ul><p><em>{_escape(NO_AI_NOTICE)}</em></p>"
    )


def _escape(text: str) -> str:
    """For text between tags only: quotation marks stay as they are."""
    return html.escape(text, quote=False)


def _nothing(answer: Answer) -> str:
    if answer.copied:
        return f"{_copied(answer)} Nothing else is there to judge."
    return "The answer is blank or too short to judge."


def _found(measured: Measure, answer: Answer, expected: Expectations) -> str:
    if measured.is_about_form:
        return _found_form(measured, answer)
    if not measured.found:
        return "Nothing in the answer speaks to this criterion."
    found = f"{len(measured.found)} of {_count(measured.known, 'term')} looked for"
    if not measured.figure:
        return f"The answer hardly speaks to this criterion: it has {found}."
    return (
        f"Found {found} ({_names(measured.found, expected)}), "
        f"in {_count(measured.mentions, 'sentence')}."
    )


def _found_form(measured: Measure, answer: Answer) -> str:
    if not measured.figure:
        return "The answer says too little about the subject for its structure to count."
    structure = (
        f"{_count(len(answer.passages), 'sentence')} "
        f"with {_count(answer.connectives, 'connecting word')}"
    )
    if not measured.known:
        return f"Rubric and instructions name no terms to look for; judged by {structure}."
    return f"Judged mainly by structure: {structure}."


def _copied(answer: Answer) -> str:
    if answer.copied == 1:
        return "1 sentence repeats the instructions or the rubric and was not counted."
    return f"{answer.copied} sentences repeat the instructions or the rubric and were not counted."


def _opening(measures: Sequence[Measure], answer: Answer) -> str:
    if answer.word_count < MIN_WORDS:
        return "There is hardly any text of your own to judge yet."
    size = f"{_count(answer.word_count, 'word')} in {_count(len(answer.passages), 'sentence')}"
    if not any(measured.figure for measured in measures):
        return f"Your answer ({size}) does not seem to be about what was asked."
    spoken = sum(measured.figure > 0 for measured in measures)
    return f"Your answer ({size}) speaks to {spoken} of {_count(len(measures), 'criterion')}."


def _advice(measured: Measure, answer: Answer, expected: Expectations) -> str:
    sentences = []
    if not measured.figure:
        sentences.append("Your answer says too little about this.")
    if measured.is_about_form:
        sentences.append(_form_advice(answer))
        return " ".join(sentences)
    if measured.figure and measured.found:
        sentences.append(f"You write about {_names(measured.found, expected)}.")
    if measured.missing:
        sentences.append(f"Check whether to add: {_names(measured.missing, expected)}.")
    return " ".join(sentences) or "All that was looked for is there."


def _form_advice(answer: Answer) -> str:
    if answer.structure < 1:
        return "Tie your sentences together with reasons and contrasts (because, therefore, …)."
    return "Your sentences are tied together with reasons, order or contrast."


def _names(terms: Iterable[str], expected: Expectations) -> str:
    """The weightiest terms as the rubric writes them."""
    names = [expected.labels[term] for term in terms]
    shown = [name if len(name) <= MAX_TERM else f"{name[:MAX_TERM]}…" for name in names[:MAX_TERMS]]
    return ", ".join(shown)


def _title(text: str) -> str:
    """The beginning of a criterion's text, in one line and without its closing stop."""
    line = " ".join(UNPRINTABLE.sub(" ", text).split())
    return f"{line[:MAX_TITLE].rstrip()}…" if len(line) > MAX_TITLE else line.rstrip(".:")


def _count(number: int, noun: str) -> str:
    plural = "criteria" if noun == "criterion" else f"{noun}s"
    return f"{number} {noun if number == 1 else plural}"
