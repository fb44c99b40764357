"""Text that nobody can see is taken out of HTML, and nothing else is."""

import html
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounts.text import storable_text
from components.hidden import ITEM_LIMIT, TEXT_LIMIT, Hidden, HiddenKind, take_out_hidden
from components.html import clean_rich_html, html_to_text, text_to_html

BEFORE, AFTER = "<p>before</p>", "<p>after</p>"
NOT_SHOWN, TRANSPARENT, COLOUR = HiddenKind.NOT_SHOWN, HiddenKind.TRANSPARENT, HiddenKind.COLOUR
TOO_SMALL, OFF_PAGE, CHARACTERS = (
    HiddenKind.TOO_SMALL,
    HiddenKind.OFF_PAGE,
    HiddenKind.CHARACTERS,
)

HIDING_STYLES = [
    ("display:none", NOT_SHOWN),
    ("DISPLAY : None ;", NOT_SHOWN),
    ("display:none!important;display:block", NOT_SHOWN),
    ("display:none;display:bogus", NOT_SHOWN),
    ("dis\\70lay:none", NOT_SHOWN),
    ("/* ; */display:/**/none", NOT_SHOWN),
    ("font-family:';';display:none", NOT_SHOWN),
    ("background:url(a;b);display:none", NOT_SHOWN),
    ("content-visibility:hidden", NOT_SHOWN),
    ("visibility:hidden", NOT_SHOWN),
    ("visibility:collapse", NOT_SHOWN),
    ("opacity:0", TRANSPARENT),
    ("opacity:.04", TRANSPARENT),
    ("opacity:1%", TRANSPARENT),
    ("opacity:1e-3", TRANSPARENT),
    ("opacity:-2", TRANSPARENT),
    ("opacity:calc(0)", TRANSPARENT),
    ("filter:opacity(0%)", TRANSPARENT),
    ("font-size:0", TOO_SMALL),
    ("font-size:1px", TOO_SMALL),
    ("font-size:.5pt", TOO_SMALL),
    ("font-size:0.1em", TOO_SMALL),
    ("font-size:10%", TOO_SMALL),
    ("font:0/0 serif", TOO_SMALL),
    ("font:italic 1px Arial", TOO_SMALL),
    ("font-size:0;font-size:nonsense", TOO_SMALL),
    ("width:0;overflow:hidden", TOO_SMALL),
    ("height:0px;overflow-y:hidden", TOO_SMALL),
    ("max-height:0;overflow:clip", TOO_SMALL),
    ("position:absolute;width:1px;height:1px;overflow:hidden", TOO_SMALL),
    ("position:absolute;left:-9999px", OFF_PAGE),
    ("position:fixed;top:-100vh", OFF_PAGE),
    ("position:relative;left:-62.5em", OFF_PAGE),
    ("position:absolute;inset:0 0 0 -9999px", OFF_PAGE),
    ("position:absolute;left:99999px", OFF_PAGE),
    ("text-indent:-999px", OFF_PAGE),
    ("margin-left:-9999px", OFF_PAGE),
    ("margin:0 0 0 -9999px", OFF_PAGE),
    ("transform:translateX(-9999px)", OFF_PAGE),
    ("transform:rotate(3deg) scale(0)", OFF_PAGE),
    ("scale:0", OFF_PAGE),
    ("position:absolute;clip:rect(0,0,0,0)", OFF_PAGE),
    ("position:absolute;clip:rect(1px 1px 1px 1px)", OFF_PAGE),
    ("clip-path:inset(50%)", OFF_PAGE),
    ("clip-path:inset(0 100% 0 0)", OFF_PAGE),
    ("clip-path:circle(0)", OFF_PAGE),
    ("clip-path:circle(0px at 50% 50%)", OFF_PAGE),
    ("clip-path:polygon(0 0, 0 0, 0 0)", OFF_PAGE),
    ("color:transparent", TRANSPARENT),
    ("color:rgba(0,0,0,0)", TRANSPARENT),
    ("color:#0000", TRANSPARENT),
    ("color:rgb(0 0 0 / 1%)", TRANSPARENT),
    ("-webkit-text-fill-color:transparent;color:black", TRANSPARENT),
    ("color:white", COLOUR),
    ("color:#fff", COLOUR),
    ("color:#FFFFFF !important", COLOUR),
    ("color:#fefefe", COLOUR),
    ("color:ivory", COLOUR),
    ("color:Canvas", COLOUR),
    ("color:rgb(255,255,255)", COLOUR),
    ("color:rgb(100% 100% 99%)", COLOUR),
    ("color:rgba(255,255,255,.5)", COLOUR),
    ("color:hsl(0,0%,100%)", COLOUR),
    ("color:hsla(120deg 0% 99% / 1)", COLOUR),
    ("color:hwb(0 100% 0%)", COLOUR),
    ("color:oklch(1 0 0)", COLOUR),
    ("color:lab(100% 0 0)", COLOUR),
    ("color:color(srgb 1 1 1)", COLOUR),
    ("color:white;background:snow", COLOUR),
    ("color:white;background:transparent", COLOUR),
    ("color:white;background:url(dark.png)", COLOUR),
    ("color:white;background:linear-gradient(black, white)", COLOUR),
    ("color:white;background:rgba(0,0,0,.01)", COLOUR),
    ("color:red;background:#f00", COLOUR),
    ("color:red;background:red;background:bogus", COLOUR),
    ("color:#010101;background-color:black", COLOUR),
    ("color:blue;background:currentcolor", COLOUR),
]
VISIBLE_STYLES = [
    "display:block",
    "display:nonesuch",
    "display:none x",
    "display:none;display:block",
    "x-display:none",
    "content:'display:none'",
    "content:';display:none;'",
    "/*display:none*/",
    "background:url(;display:none;)",
    "visibility:visible",
    "opacity:0.5",
    "opacity:0 0",
    "opacity:none",
    "scale:none",
    "filter:opacity(50%)",
    "font-size:9px",
    "font-size:1",
    "font-size:xx-small",
    "font:400 16px Arial",
    "width:0",
    "overflow:hidden",
    "height:1em;overflow:hidden",
    "width:100%;height:auto;overflow:auto",
    "left:-9999px",
    "position:static;left:-9999px",
    "position:absolute;left:-10px",
    "text-indent:-2em",
    "margin:-10px auto",
    "transform:translate(-50%,-50%)",
    "transform:scale(.8)",
    "clip:rect(0,0,0,0)",
    "position:absolute;clip:auto",
    "clip-path:none",
    "clip-path:inset(10%)",
    "clip-path:circle(40%)",
    "clip-path:polygon(0 0, 100% 0, 50% 100%)",
    "color:black",
    "color:#eee",
    "color:yellow",
    "color:whitish",
    "color:white;color:black",
    "color:white;color:inherit",
    "color:white;background:black",
    "color:#fff;background-color:navy",
    "color:white;background:url(x.png) #333 no-repeat",
    "color:white;background:linear-gradient(90deg, #111, #333)",
    "color:black;background:white",
    "color:white;background:rgba(0,0,0,.8)",
    "color:#000;background-color:transparent",
    "color:rgba(0,0,0,.6)",
    "background:black",
    'mso-spacerun:yes;margin:0cm;font-size:11.0pt;font-family:"Calibri",sans-serif',
]
HIDING_HTML = [
    ("<!--secret-->", HiddenKind.COMMENT),
    ("<!-- secret --!>", HiddenKind.COMMENT),
    ("<!secret>", HiddenKind.COMMENT),
    ("</ secret>", HiddenKind.COMMENT),
    ("<p hidden>secret</p>", NOT_SHOWN),
    ("<P HIDDEN=''>secret</P>", NOT_SHOWN),
    ("<p hidden='until-found'>secret</p>", NOT_SHOWN),
    ("<div/hidden>secret</div>", NOT_SHOWN),
    ("<a<b hidden>secret</a<b>", NOT_SHOWN),
    ("<o:p hidden>secret</o:p>", NOT_SHOWN),
    ("<p hidden><b><i>sec</i></b>ret</p>", NOT_SHOWN),
    ("<p hidden><b style='display:block;visibility:visible'>secret</b></p>", NOT_SHOWN),
    ("<template>secret</template>", NOT_SHOWN),
    ("<TEMPLATE x>secret</TEMPLATE>", NOT_SHOWN),
    ("<noscript>secret</noscript>", NOT_SHOWN),
    ("<title>secret</title>", NOT_SHOWN),
    ("<iframe>secret</iframe>", NOT_SHOWN),
    ("<video>secret</video>", NOT_SHOWN),
    ("<dialog>secret</dialog>", NOT_SHOWN),
    ("<input type=hidden value=secret>", NOT_SHOWN),
    ("<span style='visibility:hidden'>secret</span>", NOT_SHOWN),
    ("<font color=white>secret</font>", COLOUR),
    ("<font color=FFFFFF>secret</font>", COLOUR),
    ("<font size=0>secret</font>", TOO_SMALL),
    ("<table bgcolor=red><tr><td style='color:red'>secret</td></tr></table>", COLOUR),
    ("<div style='background:#000'><p style='color:#fff;background:#fff'>secret</p></div>", COLOUR),
    ("<div style='opacity:.2'><p style='opacity:.2'>secret</p></div>", TRANSPARENT),
    ("<p style='font-size:.3em'><b style='font-size:.3em'>secret</b></p>", TOO_SMALL),
    ("<p style='display&colon;none'>secret</p>", NOT_SHOWN),
    ("<p style=display:none style=display:block>secret</p>", NOT_SHOWN),
]  # fmt: skip
VISIBLE_HTML = [
    "<p>text</p>",
    "<p aria-hidden='true'>text</p>",
    "<p class='hidden'>text</p>",
    "<p title='hidden' data-style='display:none'>text</p>",
    "<p title='<!-- x -->'>text</p>",
    "<p hidden style='display:block'>text</p>",
    "<dialog open>text</dialog>",
    "<details><summary>more</summary>text</details>",
    "<p style='visibility:hidden'><b style='visibility:visible'>text</b></p>",
    "<p style='font-size:0'><b style='font-size:12px'>text</b></p>",
    "<p style='color:white'><b style='color:black'>text</b></p>",
    "<div style='background:black'><p style='color:white'>text</p></div>",
    "<table><tr bgcolor=black><td><font color=white>text</font></td></tr></table>",
    "<font color=red size=1>text</font>",
    "<font color=fade>text</font>",
    "<p color=white>text</p>",
    "<span style='width:0;height:0;overflow:hidden'>text</span>",
    "<span style='text-indent:-9999px'>text</span>",
    "<p style='display:none'></p>text",
    "<p hidden> </p>text",
    "<p style='display:none'>\u200b</p>text",
    "<p style='display:none'><p>text</p>",
    "<table style='display:none'>text<tr><td></td></tr></table>",
    "<!-->text",
    "<!--[if !mso]><!-->text<!--<![endif]-->",
    "<!--StartFragment-->text<!--EndFragment-->",
    "<?xml version='1.0'?>text",
    "<ruby>kanji<rp>(</rp><rt>text</rt><rp>)</rp></ruby>",
    "<p>my hidden style: &lt;!-- in code --&gt; text</p>",
    "<p>&lt;p style=\"display:none\"&gt;text&lt;/p&gt;</p>",
    "<xmp><!-- text --></xmp>",
    "<textarea><!-- text --></textarea>",
    "a<b and b>c text",
    "x <3 text",
    "5 < 6 && style > text",
    "\U0001f468\u200d\U0001f469\u200d\U0001f467 \u2764\ufe0f text",
    "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645 text",
    "\U0001f3f4\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f text",
    "\u845b\U000e0100 text",
    "text &amp;#8203;",
    "",
]  # fmt: skip


def visible(text):
    """The characters of a text that a reader sees."""
    return [character for character in text if not (character.isspace() or character == "\u200b")]


def tags(text):
    """The text as tag characters, which have no shape."""
    return "".join(chr(0xE0000 + ord(character)) for character in text)


def selectors(text):
    """The text as variation selectors, one for each byte."""
    return "".join(chr(0xE0100 + byte - 16) for byte in text.encode())


@pytest.mark.parametrize(("style", "kind"), HIDING_STYLES)
@pytest.mark.parametrize("tag", ["p", "div"])
def test_text_that_a_style_hides_is_taken_out(tag, style, kind):
    source = f'{BEFORE}<{tag} style="{style}">secret</{tag}>{AFTER}'
    cleaned, hidden = take_out_hidden(source)
    assert hidden == [Hidden(kind, "secret")]
    assert html_to_text(clean_rich_html(cleaned)) == "before\n\nafter"


@pytest.mark.parametrize("style", VISIBLE_STYLES)
def test_text_that_no_style_hides_stays(style):
    source = f"<p style='{html.escape(style)}'>text</p>"
    assert take_out_hidden(source) == (source, [])


@pytest.mark.parametrize(("part", "kind"), HIDING_HTML)
def test_hidden_part_is_taken_out(part, kind):
    cleaned, hidden = take_out_hidden(BEFORE + part + AFTER)
    assert hidden == [Hidden(kind, "secret")]
    assert "".join(html_to_text(clean_rich_html(cleaned)).split()) == "beforeafter"


@pytest.mark.parametrize("source", VISIBLE_HTML)
def test_html_without_anything_hidden_is_the_same(source):
    assert take_out_hidden(source) == (source, [])


@pytest.mark.parametrize(
    ("source", "cleaned", "texts"),
    [
        ("<p>a<!-- 1 -->b</p>", "<p>ab</p>", ["1"]),
        ("a<?1>b", "ab", ["?1"]),
        ("a</p>b<!--1-->", "a<p></p>b", ["1"]),
        ("<p>one<i style='color:#fff'>x</i>two</p>", "<p>one<i></i> two</p>", ["x"]),
        ("<p>one<i style='font-size:0'>x</i>two</p>", "<p>one<i></i>two</p>", ["x"]),
        ("a<p hidden>1</p><!--2--><b hidden>3</b>b", "ab", ["1", "2", "3"]),
        ("<p hidden>1<!--2-->3</p>", "", ["13", "2"]),
        ("<ul hidden><li>1</li><li>2</li></ul>", "", ["1\n2"]),
        (
            "<p style='visibility:hidden'>1<b style='visibility:visible'>a</b>2</p>",
            "<p><b>a</b></p>",
            ["12"],
        ),
        ("<p hidden>1<p>a", "<p>a</p>", ["1"]),
        ("<b hidden>1<p>2</p></b>a", "a", ["1\n2"]),
        ("<pre>\n\n  x &lt; y\n</pre><!--1-->", "<pre>\n\n  x &lt; y\n</pre>", ["1"]),
        ("<a href=/x title='\"' id=y>a</a><!--1-->", '<a href="/x" title="&quot;">a</a>', ["1"]),
        ("<td colspan=2><table><td colspan=2>a</table><!--1-->",
         '<table><tbody><tr><td colspan="2">a</td></tr></tbody></table>', ["1"]),
        ("<xmp><script></xmp><!--1-->", "&lt;script&gt;", ["1"]),
        ("&lt;script&gt;&nbsp;&amp;lt;<!--1-->", "&lt;script&gt;&nbsp;&amp;lt;", ["1"]),
        ("&lt;<!--1-->b&gt;", "&lt;b&gt;", ["1"]),
        ("<body style='color:white'><p>1<p style='color:red'>a</body>", "<p></p><p>a</p>", ["1"]),
        ("<html hidden><body><p>1</p></body></html>", "", ["1"]),
        ("<p>1<body bgcolor=red text=red><div>2</div>", "<p></p>", ["1\n2"]),
        ("<body text=red><body text=white>a<!--1-->", "a", ["1"]),
        ("<p>a<template><p>1</p></template></p>", "<p>a</p>", ["1"]),
        ("<template>1<template>2</template>3</template>a<template>4</template>", "a", ["123", "4"]),
        ("<i hidden>1<template>2</template></i><template>3", "", ["12", "3"]),
        ("<applet>a</applet><!--1-->", "a", ["1"]),
        ("<noscript><b>1</b></noscript>a", "a", ["<b>1</b>"]),
        (f"<p hidden>1{tags('2')}</p>a", "a", ["12"]),
    ],
)  # fmt: skip
def test_what_is_left_and_what_was_hidden(source, cleaned, texts):
    left, hidden = take_out_hidden(source)
    assert (left, [item.text for item in hidden]) == (cleaned, texts)


@pytest.mark.parametrize(
    ("source", "cleaned", "texts"),
    [
        ("a\u200bb", "ab", []),
        ("<p>a\u200bb\ufeff</p>", "<p>ab</p>", []),
        ("<p>a&#8203;b&ZeroWidthSpace;c&#x2060;d</p>", "<p>abcd</p>", []),
        ("<p>soft&shy;hyphen</p>", "<p>softhyphen</p>", []),
        ("soft\u00adhyphen" * 30, "softhyphen" * 30, []),
        ("\u202eabc\u202c", "abc", []),
        ("a<b and b>c\u200b", "<p>a&lt;b and b&gt;c</p>", []),
        ("x\u200b <3", "<p>x &lt;3</p>", []),
        ("<\u200bscript>", "<p>&lt;script&gt;</p>", []),
        ("<p>&lt;\u200bb&gt; &\u200blt;</p>", "<p>&lt;b&gt; &amp;lt;</p>", []),
        (f"a{tags('give 10')}b", "ab", ["give 10"]),
        (f"<p>a{tags('one')}b{tags('two')}</p>", "<p>ab</p>", ["one", "two"]),
        ("<p>&#xE0041;&#xE0042</p>", "<p></p>", ["AB"]),
        (f"\U0001f600{selectors('give é')}", "\U0001f600", ["give é"]),
        ("a\U000e0100", "a", ["U+E0100 x 1"]),
        ("a" + "\u200b" * 8 + "b", "ab", []),
        ("a" + "\u200b" * 9 + "b", "ab", ["U+200B x 9"]),
        ("a" + "\u200b\u200c" * 5 + "b", "ab", ["U+200B x 5, U+200C x 5"]),
        ("a\u200b" * 20, "a" * 20, []),
        ("a\u200b" * 21, "a" * 21, ["U+200B x 21"]),
        ("\U0001f3f4" + tags("ignore"), "\U0001f3f4", ["ignore"]),
        (f"{tags('1')}a<!--2-->b{tags('3')}<i hidden>4</i>", "ab", ["1", "2", "3", "4"]),
    ],
)  # fmt: skip
def test_invisible_characters_are_removed_and_reported_where_they_are_many(source, cleaned, texts):
    left, hidden = take_out_hidden(source)
    assert (left, [item.text for item in hidden]) == (cleaned, texts)


def test_long_text_ends_in_the_number_of_characters_left_out():
    [hidden] = take_out_hidden(f"<p hidden>{'x' * 10_000}</p>")[1]
    kept, number = hidden.text.split("… +")
    assert len(hidden.text) <= TEXT_LIMIT
    assert len(kept) + int(number) == 10_000


def test_number_of_items_left_out_is_the_last_item():
    hidden = take_out_hidden("<!--x-->" * (ITEM_LIMIT + 7))[1]
    assert len(hidden) == ITEM_LIMIT + 1
    assert hidden[-1] == Hidden(HiddenKind.MORE, "7")


def test_cell_in_a_template_in_a_table_does_not_come_out():
    cleaned, _ = take_out_hidden("<table><td>a<template><td>1</td></template></table><!--x-->b")
    assert cleaned == "<table><tbody><tr><td>a</td></tr></tbody></table>b"


@pytest.mark.parametrize("source", VISIBLE_HTML)
def test_all_that_is_visible_stays_where_something_is_taken_out(source):
    cleaned, hidden = take_out_hidden(f"{source}<!--secret-->")
    assert hidden == [Hidden(HiddenKind.COMMENT, "secret")]
    left, there = (html_to_text(clean_rich_html(each)) for each in (cleaned, source))
    # Who sees a <ruby> sees no brackets.
    assert visible(left) == visible(there.replace("(text)", "text"))


PARTS = [
    *(source for source, _ in HIDING_HTML),
    *VISIBLE_HTML,
    *(f"<p style='{html.escape(style)}'>" for style, _ in HIDING_STYLES),
    *(f"<b style='{html.escape(style)}'>" for style in VISIBLE_STYLES),
    "</p>", "</b>", "<", ">", "</", "<!--", "-->", "<!", "<?", "&", ";", "&#8203;", "'", '"',
    "<pre>\n",
    "<table>", "<td>", "<a href=x>", "<a>", "</a>", "<xmp>", "<noscript>", "<template>", "<select>",
    "<svg>", "<math>", "<script>", "<style>", "<plaintext>", "<textarea>", "<form>", "</body>",
    "<p style=", "<b hidden ", "\x00", "\ud800", "\u200b", "\u200d", "\ufe0f", "\n", " ", "word",
    tags("x"), selectors("x"),
]  # fmt: skip
soup = st.lists(st.sampled_from(PARTS) | st.text(max_size=5), max_size=12).map("".join)
plain = st.text(
    st.characters(
        exclude_categories=["Cs", "Cc", "Cf", "Cn", "Mn"], include_characters="\n\t<>&\"'-! "
    ),
    max_size=60,
)
style_soup = st.lists(
    st.sampled_from(
        [*(style for style, _ in HIDING_STYLES), *VISIBLE_STYLES, *":;(){}[]\"'\\/ -.,%#!"]
    )
    | st.sampled_from(["inf", "nan", "1e999", "0e9", "-0", "rgb(", "hsl(1e999 0% 0%)", "scale("])
    | st.text(max_size=4),
    max_size=8,
).map("".join)


@given(soup)
def test_any_text_is_taken_and_a_second_look_finds_nothing(source):
    cleaned, hidden = take_out_hidden(source)
    assert all(item.text for item in hidden)
    assert take_out_hidden(cleaned) == (cleaned, [])


@given(soup)
def test_nothing_is_left_that_was_not_there(source):
    cleaned, _ = take_out_hidden(source)
    left = Counter(html_to_text(clean_rich_html(storable_text(cleaned))))
    there = Counter(source)
    for character, count in Counter(html_to_text(clean_rich_html(storable_text(source)))).items():
        there[character] = max(there[character], count)
    more = {character for character, count in left.items() if count > there[character]}
    assert not {character for character in more if not character.isspace()}


@given(style_soup)
def test_any_style_is_read(style):
    source = f'<p style="{html.escape(style)}">text</p>'
    cleaned, hidden = take_out_hidden(source)
    assert hidden or cleaned == source


@given(plain)
def test_typed_text_is_the_same(text):
    source = text_to_html(text)
    assert take_out_hidden(source) == (source, [])


@given(plain, plain)
def test_typed_text_around_a_hidden_one_is_the_same(before, after):
    cleaned, hidden = take_out_hidden(f"{text_to_html(before)}<!--x-->{text_to_html(after)}")
    assert cleaned == text_to_html(before) + text_to_html(after)
    assert hidden == [Hidden(HiddenKind.COMMENT, "x")]


@pytest.mark.parametrize(
    "source",
    [
        "<" * 1_000_000,
        "<!--" * 250_000,
        "<!-- a -->" * 100_000,
        "<p hidden>" + " " * 1_000_000,
        "<div>" * 20_000 + "<!--x-->",
        "<div hidden>" * 20_000 + "x",
        "<i style='color:#fff'>" * 20_000 + "x",
        "<i hidden>" * 50_000,
        "<a hidden " * 100_000,
        "<p hidden>x" * 50_000,
        "<noscript>" * 100_000,
        "<template>" * 20_000,
        "<iframe></iframe>" * 50_000,
        "<!--x-->" + "&" * 300_000,
        "\u200b" * 1_000_000,
        "x\u200b" * 200_000,
        *(
            f'<p style="{style}">x</p>'
            for style in [
                "color:red;" * 100_000,
                "background:" + "a(" * 400_000,
                "background:" + "gradient((" * 80_000,
                "background:" + "url(" * 200_000,
                "transform:" + "scale(" * 150_000,
                "clip-path:inset(" + "1px " * 200_000 + ")",
                "/*" * 400_000,
                "'" * 500_001,
                "\\" * 500_001,
                "(" * 500_000,
                "color:" + " " * 900_000 + "x",
                "color:" + "! " * 400_000,
                "opacity:" + "1" * 900_000 + "x",
                "opacity:" + "1" * 900_000,
            ]
        ),
    ],
    ids=range(30),
)
def test_hostile_text_ends_and_does_not_overflow(source):
    """Hours or a deep stack, if each part was looked at from each of its places."""
    cleaned, _ = take_out_hidden(source)
    assert take_out_hidden(cleaned) == (cleaned, [])
