"""Reading what a browser sent."""

import pytest

from accounts.http import whole_number


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("7", 7),
        (" -3 ", -3),
        ("", 99),
        (None, 99),
        ("x", 99),
        ("1.5", 99),
        ("1e3", 99),
        ("9" * 5000, 99),
        ("\x00", 99),
    ],
)
def test_whole_number_is_the_default_where_there_is_none(text, number):
    assert whole_number(text, 99) == number
