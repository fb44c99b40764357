"""HTML that people and models write: what may stay, and its plain text."""

import html
import re

import nh3
from django.utils.html import linebreaks
from django.utils.safestring import SafeString, mark_safe
from django.utils.text import normalize_newlines

FEEDBACK_TAGS = {"b", "strong", "i", "em", "u", "ul", "ol", "li", "p", "br"}
"""What the API contract allows in feedback."""

RICH_TAGS = FEEDBACK_TAGS | {
    "h1", "h2", "h3", "h4", "h5", "h6", "blockquote", "code", "pre", "a", "sub", "sup", "hr",
    "table", "thead", "tbody", "tr", "th", "td",
}  # fmt: skip
"""What instructions and answers may hold."""

RICH_ATTRIBUTES = {
    "a": {"href", "title"},
    "td": {"colspan", "rowspan"},
    "th": {"colspan", "rowspan"},
}
LINE_END = re.compile(r"<br\s*/?>|</(?:li|tr)>|<hr\s*/?>")
PARAGRAPH_END = re.compile(r"</(?:p|h[1-6]|blockquote|pre|table|ul|ol)>")
PREFORMATTED = re.compile(r"(<pre>.*?</pre>)", re.DOTALL)
# A run of white space is looked at once, from its start: answers may hold a million spaces.
BETWEEN_TAGS = re.compile(r"(?<=>)\s++(?=<)")
WHITE_SPACE = re.compile(r"\s++")
TRAILING_SPACE = re.compile(r"(?<![ \t])[ \t]++$", re.MULTILINE)
CELL_END = re.compile(r"</t[dh]>")
ANY_RICH_TAG = re.compile(
    rf"</?(?:{'|'.join(sorted(RICH_TAGS))})(?:\s[^<>=]+=[^<>]*|\s*+/?)>", re.IGNORECASE
)
"""With its attributes, if it has any: in "a<b and b>c" there is none."""
HAS_MARKUP = re.compile(rf"{ANY_RICH_TAG.pattern}|&#?\w+;", re.IGNORECASE)


def clean_rich_html(text: str) -> str:
    """Instructions or an answer, without anything that could run, load or disguise."""
    return nh3.clean(
        text,
        tags=RICH_TAGS,
        attributes=RICH_ATTRIBUTES,
        url_schemes={"http", "https", "mailto"},
        link_rel="noopener noreferrer nofollow",
    ).strip()


def clean_feedback_html(text: str) -> str:
    """Feedback, with the tags of the API contract only."""
    return nh3.clean(text, tags=FEEDBACK_TAGS, attributes={}).strip()


def text_to_html(text: str) -> str:
    """Plain text as paragraphs; every character that was typed stays visible.

    The result is what the cleaners would make of it, so that :func:`as_typed` knows it again.
    """
    lines = TRAILING_SPACE.sub("", normalize_newlines(text)).strip()
    escaped = html.escape(lines, quote=False).replace("\u00a0", "&nbsp;")
    return linebreaks(escaped) if lines else ""


def typed_to_html(text: str) -> str:
    """What an author typed: HTML where it holds any tag we allow, else plain text."""
    return clean_rich_html(text) if ANY_RICH_TAG.search(text) else text_to_html(text)


def sent_to_html(text: str) -> str:
    """HTML as a program sends it; a text without any tag or entity may be plain text.

    Taken for HTML, "a<b" would lose what follows, and new lines would be gone.
    """
    cleaned = clean_rich_html(text)
    is_the_same = cleaned == text.strip() and "\n" not in cleaned
    return cleaned if is_the_same or HAS_MARKUP.search(text) else text_to_html(text)


def feedback_to_html(text: str) -> str:
    """Feedback as somebody wrote it, plain or HTML, with the tags of the API contract only."""
    return clean_feedback_html(text if ANY_RICH_TAG.search(text) else text_to_html(text))


def as_typed(source: str) -> str:
    """Stored HTML for a text area: plain text where it was typed as such, else the HTML it is."""
    text = html_to_text(source)
    return text if text_to_html(text) == source else source


def html_to_text(source: str) -> str:
    """The plain text of HTML that went through one of the cleaners.

    Blocks end in new lines; spaces that somebody typed, such as the indentation of code, stay.
    """
    parts = PREFORMATTED.split(source)
    parts[::2] = [_without_line_breaks(part) for part in parts[::2]]
    parts[1::2] = [part.replace("\n", "<br>") for part in parts[1::2]]
    # The tags stay: text behind a table that never ends would move in front of it.
    text = CELL_END.sub(r"\g<0>\t", "".join(parts))
    text = LINE_END.sub(r"\g<0>\n", PARAGRAPH_END.sub(r"\g<0>\n\n", text))
    text = html.unescape(nh3.clean(text, tags=set()))
    text = TRAILING_SPACE.sub("", text)
    return re.sub(r"\n{3,}", "\n\n", text).strip("\n")


def _without_line_breaks(source: str) -> str:
    """Source code's own new lines mean nothing: between tags, and a space elsewhere."""
    joined = BETWEEN_TAGS.sub(lambda run: "" if "\n" in run[0] else run[0], source)
    return WHITE_SPACE.sub(lambda run: " " if "\n" in run[0] else run[0], joined)


def trusted(source: str) -> SafeString:
    """Stored HTML for a page, cleaned once more on the way out."""
    return mark_safe(clean_rich_html(source))  # noqa: S308 (this is the cleaner)
