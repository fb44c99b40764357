"""Texts that a database can hold."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounts.text import storable_text


@given(st.text(st.characters(categories=["Cs", "Cc", "L"]), max_size=20))
def test_storable_text_keeps_the_places(text):
    stored = storable_text(text)
    assert len(stored) == len(text)
    assert "\x00" not in stored
    stored.encode()


@pytest.mark.parametrize("text", ["plain", "Ünïcödé", "😀", "two\nlines\t"])
def test_storable_text_leaves_the_rest_alone(text):
    assert storable_text(text) == text
