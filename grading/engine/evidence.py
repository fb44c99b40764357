"""Looks a quote up in the answer: white space, quotation marks, dashes and case are folded."""

import re

from grading.engine.types import Evidence

FOLDED = str.maketrans(
    {
        **dict.fromkeys("\u201c\u201d\u201e\u00ab\u00bb", '"'),
        **dict.fromkeys("\u2018\u2019\u201a", "'"),
        **dict.fromkeys("\u2010\u2011\u2012\u2013\u2014", "-"),
    }
)
"""One character for one, so that places in the folded text are places in the original."""


def find_evidence(quote: str, answer: str) -> Evidence:
    """The quote with its place in the answer, or with none where the answer does not have it.

    Nothing fuzzier than the folding above: a quote with a changed word is not a quote.
    """
    words = quote.translate(FOLDED).split()
    if not words:
        return Evidence(quote, None, None)
    pattern = r"\s+".join(re.escape(word) for word in words)
    match = re.search(pattern, answer.translate(FOLDED), re.IGNORECASE)
    return Evidence(quote, *match.span()) if match else Evidence(quote, None, None)
