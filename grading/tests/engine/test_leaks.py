"""Whether texts for the student tell what the entry keeps to itself."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grading.engine.leaks import LONG_RUN, leaks
from grading.tests.engine.strategies import spec_of

LONG = "Explains light, carbon dioxide, water, glucose and oxygen in the leaf"
FIVE = "Gives measurements with exact numbers."
THREE = "Names an observation."
SPEC = spec_of(
    {
        "criteria": [{"text": "Photosynthesis", "marks": 4}, {"text": "Evidence", "marks": 2}],
        "performance_levels": [{"text": "Yes"}, {"text": "No"}],
        "cell_descriptions": [[LONG, ""], [FIVE, THREE]],
    }
)


@pytest.mark.parametrize(
    "text",
    [
        LONG,
        "You did: EXPLAINS LIGHT -- carbon; dioxide water (glucose) and\noxygen!",
        "It lacks carbon dioxide, water, glucose and oxygen in the leaf.",
        FIVE,
        "The best answer gives measurements with exact numbers, as you know.",
    ],
)
def test_repeated_description_is_a_leak(text):
    assert leaks(SPEC, ["Well done.", text], [])


@pytest.mark.parametrize(
    "text",
    [
        "",
        "You named carbon dioxide, water, glucose and oxygen.",
        "Explains light, carbon dioxide, water, glucose and sugar in the leaf",
        "Gives measurements with numbers that are exact.",
        "Gives measurements with exact",
        THREE,
    ],
)
def test_words_of_ones_own_are_none(text):
    assert not leaks(SPEC, [text], [])


def test_run_across_two_texts_is_none():
    assert not leaks(SPEC, ["Gives measurements", "with exact numbers"], [])


def test_what_the_student_knows_anyway_is_no_leak():
    assert not leaks(SPEC, [LONG, FIVE], [f"My answer {LONG.upper()}", f"Task: {FIVE}"])


def test_student_who_knows_a_part_does_not_know_the_rest():
    known = "Explains light, carbon dioxide, water, glucose and oxygen"
    assert leaks(SPEC, [LONG], [known])
    assert not leaks(SPEC, [known], [known])


WORDS = st.lists(
    st.sampled_from(["light", "water", "air", "leaf", "sugar", "and", "the", "of"]), max_size=30
)


@given(WORDS, WORDS, WORDS)
def test_leak_is_a_run_of_the_description_that_nobody_knew(description, shown, known):
    spec = spec_of(
        {
            "criteria": [{"text": "c", "marks": 1}],
            "performance_levels": [{"text": "l"}],
            "cell_descriptions": [[" ".join(description)]],
        }
    )
    length = min(len(description), LONG_RUN)

    def runs(words: list[str]) -> set[str]:
        return {" ".join(words[i : i + length]) for i in range(len(words) - length + 1)}

    expected = length >= 4 and bool(runs(description) & runs(shown) - runs(known))
    assert leaks(spec, [" ".join(shown)], [" ".join(known)]) == expected
