"""Where a quote stands in an answer."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grading.engine.evidence import find_evidence, fold

ANSWER = "Ice floats.\n\nIts “density” is lower \u2013 9 %: it\u2019s lighter, and\tit takes room."
TEXTS = st.text(
    alphabet=st.sampled_from("ab Ä\u00df\u0130\n\t\u00a0\u2003“”'\u2019-\u2013.*+?()[]\\")
    | st.characters()
)


def place(quote: str, answer: str = ANSWER) -> str | None:
    """The stretch of the original answer that the quote was found at."""
    found = find_evidence(quote, answer)
    return answer[found.start : found.end] if found.is_verified else None


def folded(text: str) -> str:
    return " ".join(fold(text).split())


@pytest.mark.parametrize(
    ("quote", "found"),
    [
        ("Ice floats.", "Ice floats."),
        ("ICE FLOATS.", "Ice floats."),
        ("floats. Its", "floats.\n\nIts"),
        ("  and it  takes\nroom ", "and\tit takes room"),
        ('Its "density" is', "Its “density” is"),
        ("«density»", "“density”"),
        ("lower - 9", "lower \u2013 9"),
        ("lower \u2014 9", "lower \u2013 9"),
        ("it's lighter", "it\u2019s lighter"),
    ],
)
def test_quote_is_found_at_its_place_in_the_original(quote, found):
    assert place(quote) == found


@pytest.mark.parametrize(
    "quote",
    [
        "Ice sinks.",
        "Ice floats!",
        "Icefloats.",
        "flo ats.",
        "Ice ... lower",
        "is lower, 9 %",
        "its lighter",
        "density is lower",
        ".*",
        "",
        " \n\u00a0",
    ],
)
def test_quote_with_any_other_change_is_not_found(quote):
    assert place(quote) is None


def test_unfound_quote_has_neither_start_nor_end():
    found = find_evidence("never written", ANSWER)
    assert (found.quote, found.start, found.end) == ("never written", None, None)


def test_quote_is_kept_as_the_provider_wrote_it():
    assert find_evidence(" ICE  floats. ", ANSWER).quote == " ICE  floats. "


def test_first_of_several_places_counts():
    assert find_evidence("it", "it and it").start == 0


@given(st.data(), TEXTS.filter(str.strip))
def test_every_stretch_of_an_answer_is_found(data, answer):
    start = data.draw(st.integers(0, len(answer) - 1))
    end = data.draw(st.integers(start + 1, len(answer)))
    quote = answer[start:end]
    if quote.strip():
        assert folded(place(quote, answer) or "") == folded(quote)


@given(TEXTS, TEXTS)
def test_what_is_found_reads_like_the_quote(quote, answer):
    found = place(quote, answer)
    assert found is None or folded(found) == folded(quote)
