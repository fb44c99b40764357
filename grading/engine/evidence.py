"""Looks a quote up in the answer: white space, quotation marks, dashes and case are folded."""

import re

from grading.engine.types import Evidence

FOLDED = str.maketrans({"“": '"', "”": '"', "„": '"', "«": '"', "»": '"', "‘": "'", "’": "'",
                        "‚": "'", "–": "-", "—": "-", "‑": "-", "\u00a0": " "})  # fmt: skip


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
