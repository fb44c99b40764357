"""Answers are data: what a student wrote must not read like rules to the model that judges it.

Two defences that need no model. Sentences that speak to whoever grades are found, so that a
person sees the answer; and what goes into a prompt has neither these sentences nor anything that
looks like a delimiter of ours or of a chat. Everything else stays as it was written, so that a
quote from the prompt can be looked up in the original.

All patterns work in linear time: a run of anything is possessive, and everything else bounded.
"""

from __future__ import annotations

import re

from grading.engine.phrases import addressing

LEFT_OUT = "[...]"
MAX_REACH = 300
"""Characters of a sentence on either side of what gave it away: answers may lack full stops."""

UNSPACED = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
)
"""Scripts that put no space between words: Thai, Lao, Burmese, Khmer, Japanese, Chinese."""
WORD = re.compile(rf"[{UNSPACED}]|[^\W_{UNSPACED}]++")

INVISIBLE = re.compile("[\u00ad\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff]")
SENTENCE_END = re.compile(r"[.!?\u2026\u3002\uff01\uff1f]++[\"'\u201d\u2019\u00bb)]*+(?=\s)|\n")

RUN_OF_LINES = re.compile(r"([=\-#~`])\1{3,}+")
FENCE_NAME = re.compile(r"\bANSWER-[0-9a-f]{8,}+", re.IGNORECASE)
CHAT_TOKEN = re.compile(
    r"<\|([\w ./-]{1,40})\|>"
    r"|<<(/?SYS)>>"
    r"|\[(/?INST)\]"
    r"|<(/?(?:start_of_turn|end_of_turn|system|assistant|user|s|bos|eos))>",
    re.IGNORECASE,
)
SPEAKER = re.compile(
    r"^(?=[ \t]{0,20}[*#]{0,4}[ ]?(?:system|assistant|user|human|developer|model)[*]{0,2}[ \t]?:)",
    re.IGNORECASE | re.MULTILINE,
)


def words_of(text: str) -> list[str]:
    """The words of a text without case and punctuation.

    In scripts that put no space between words each character counts as one.
    """
    return WORD.findall(text.casefold())


def addresses_grader(answer: str) -> list[str]:
    """The sentences of an answer that speak to whoever grades it, in the answer's order.

    They order full marks, take the rules back, give a role, or imitate our format; in English,
    German, Spanish or French.
    """
    return [answer[start:end] for start, end in _spans(answer)]


def graded_text(answer: str) -> str:
    """The answer as it goes into a prompt.

    A sentence that speaks to the grader reads "[...]". Delimiters lose their force and stay
    readable: long rules and fences are shortened to three characters, tokens of chat formats are
    put in round brackets, and a line that begins like a speaker's turn becomes a quotation.
    """
    parts, last = [], 0
    for start, end in _spans(answer):
        parts += [answer[last:start], LEFT_OUT]
        last = end
    text = "".join([*parts, answer[last:]])
    text = CHAT_TOKEN.sub(lambda token: f"({token[token.lastindex or 0]})", text)
    text = FENCE_NAME.sub("ANSWER", RUN_OF_LINES.sub(r"\1\1\1", text))
    return SPEAKER.sub("> ", text)


def _spans(answer: str) -> list[tuple[int, int]]:
    """Where the sentences that speak to the grader begin and end; none overlaps another."""
    visible, places = _visible(answer)
    found = sorted(addressing(visible))
    spans: list[tuple[int, int]] = []
    for match_start, match_end in found:
        start, end = _sentence_around(visible, match_start, match_end)
        if spans and start <= spans[-1][1]:
            spans[-1] = (spans[-1][0], max(end, spans[-1][1]))
        else:
            spans.append((start, end))
    return [(places[start], places[end - 1] + 1) for start, end in spans]


def _visible(answer: str) -> tuple[str, range | list[int]]:
    """The answer without characters that nobody sees, and where the others stood.

    Apostrophes are made alike, one for one.
    """
    plain = answer.replace("\u2019", "'")
    if not INVISIBLE.search(plain):
        return plain, range(len(plain))
    places = [place for place, char in enumerate(plain) if not INVISIBLE.match(char)]
    return "".join(plain[place] for place in places), places


def _sentence_around(text: str, start: int, end: int) -> tuple[int, int]:
    """The sentence, or sentences, that a match belongs to; no more than :data:`MAX_REACH` away."""
    left = max(0, start - MAX_REACH)
    ends = [match.end() for match in SENTENCE_END.finditer(text, left, start)]
    begin = ends[-1] if ends else left if left == 0 else start
    while begin < start and text[begin].isspace():
        begin += 1
    while end - 1 > begin and text[end - 1].isspace():
        end -= 1
    if text[end - 1] in ".!?\u2026":
        return begin, end
    right = min(len(text), end + MAX_REACH)
    stop = SENTENCE_END.search(text, end, right)
    if stop:
        return begin, stop.start() if stop[0] == "\n" else stop.end()
    return begin, right if right == len(text) else end
