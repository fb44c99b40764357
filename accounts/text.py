"""Texts from outside that a database cannot hold."""

import re

UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
"""NUL, and halves of surrogate pairs: JSON can say them, PostgreSQL and a page cannot."""


def storable_text(text: str) -> str:
    """The text with each character that cannot be stored replaced by one that can.

    One for one, so that places in the text stay the same.
    """
    return UNSTORABLE.sub("\ufffd", text)
