"""Text in HTML that a person who reads it cannot see: taken out, and kept to be shown.

Elements are what nh3's parser says they are. It is the parser of the sanitiser, so that both see
the same elements, and what it writes has one form only: every tag is closed, every ``<`` in a text
is escaped. Reading that again takes a loop over tokens, without a stack of calls.
"""

from __future__ import annotations

import colorsys
import html
import math
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple, TypeVar

import nh3

from accounts.text import storable_text
from components.html import HAS_MARKUP, RICH_ATTRIBUTES, RICH_TAGS, text_to_html

T = TypeVar("T")
RGB = tuple[float, float, float]
RGBA = tuple[float, float, float, float]
"""Red, green, blue and how much covers what is below, each 0 to 1."""

TEXT_LIMIT = 2000
ITEM_LIMIT = 50
MARK_ROOM = 20
"""Of :data:`TEXT_LIMIT`, for how many characters were left out."""

MANY_IN_A_ROW = 8
MANY_IN_ALL = 20
"""More invisible characters than these were not pasted by accident."""


class HiddenKind(StrEnum):
    """How a text was hidden."""

    COMMENT = "comment"
    NOT_SHOWN = "not_shown"
    TRANSPARENT = "transparent"
    COLOUR = "colour"
    TOO_SMALL = "too_small"
    OFF_PAGE = "off_page"
    CHARACTERS = "characters"
    MORE = "more"
    """No text: the number of items that were left out."""


@dataclass(frozen=True)
class Hidden:
    """One hidden text. Where it is too long, it ends in the number of characters left out."""

    kind: HiddenKind
    text: str


def take_out_hidden(source: str) -> tuple[str, list[Hidden]]:
    """The HTML without what a reader cannot see, and that, in the order of the document.

    Where there is nothing to take out, the HTML comes back as it is. Else it is written anew, with
    the tags and attributes of a rich text only. It is not sanitised: links may lead anywhere.
    """
    if not (_may_hide(source) or _has_invisible(source)):
        return source, []
    reader = _Reader(_page_of(storable_text(source)))
    reader.read(_parsed(storable_text(source)))
    if not reader.has_hidden_elements and _is_plain(source):
        return _plain_without_invisible(source)
    if not (reader.has_hidden_elements or reader.characters.removed):
        return source, []
    return "".join(reader.out), reader.hidden()


def _plain_without_invisible(text: str) -> tuple[str, list[Hidden]]:
    """The same for plain text, in which "<" is a character like others."""
    characters = _Characters()
    cleaned = characters.clean(text)
    if not characters.removed:
        return text, []
    items = _listed(hidden for _, hidden in characters.hidden())
    # What was torn apart by an invisible character might be a tag without it.
    is_safe = "<" not in cleaned and "&" not in cleaned
    return cleaned if is_safe else text_to_html(cleaned), items


def _is_plain(source: str) -> bool:
    """Whether it was typed as plain text, as :func:`components.html.sent_to_html` sees it."""
    has_tags = HAS_MARKUP.search(source) or "</" in source
    return not has_tags and html.unescape(source) == source


# --- Parsing -------------------------------------------------------------------------------------

NEVER_SHOWN = {
    "template", "noscript", "title", "iframe", "noembed", "noframes", "audio", "video", "canvas",
    "datalist", "meter", "progress", "rp",
}  # fmt: skip
"""Elements whose text a browser does not show: it is for other programs, or for older ones."""

MAY_HIDE = re.compile(
    rf"<[!?]|</[^a-z>]|style|hidden|bgcolor|"
    rf"<(?:font|body|dialog|{'|'.join(sorted(NEVER_SHOWN))})\b",
    re.IGNORECASE,
)
TAG_NAME = re.compile(r"<([a-zA-Z][^\t\n\f\r />]*)")
ASCII_LOWER = str.maketrans("ABCDEFGHIJKLMNOPQRSTUVWXYZ", "abcdefghijklmnopqrstuvwxyz")
LEFT_TO_SANITISER = {"script", "style", "svg", "math", "plaintext"}
"""Their contents go with them; "plaintext" is one long visible text."""

STAND_INS = {"template": "applet", "body": "x-body", "html": "x-html", "applet": "x-applet"}
"""nh3 drops what these say, unless they have another name. Nothing inside an applet can end what is
around it, as inside a template."""

ROOTS = {STAND_INS[tag]: tag for tag in ("html", "body")}
RENAMED = re.compile(rf"(</?)({'|'.join(STAND_INS)})(?=[\t\n\f\r />])", re.IGNORECASE)

LOOKED_AT = {"style", "hidden", "color", "size", "bgcolor", "text", "type", "value", "open"}
VOID = {
    "area", "base", "basefont", "bgsound", "br", "col", "embed", "frame", "hr", "img", "input",
    "keygen", "link", "meta", "param", "source", "track", "wbr",
}  # fmt: skip
RAW = {"noscript", "iframe", "noembed", "noframes", "xmp"}
"""What they hold is text, whatever it looks like, and it is written as it is."""

BLOCKS = {
    "address", "article", "aside", "blockquote", "body", "br", "button", "caption", "center", "dd",
    "details", "dialog", "dir", "div", "dl", "dt", "fieldset", "figcaption", "figure", "footer",
    "form", "h1", "h2", "h3", "h4", "h5", "h6", "header", "hgroup", "hr", "html", "legend", "li",
    "main", "menu", "nav", "ol", "optgroup", "option", "p", "pre", "search", "section", "select",
    "summary", "table", "tbody", "td", "textarea", "tfoot", "th", "thead", "tr", "ul",
}  # fmt: skip
TOKEN = re.compile(
    r"<!--(?P<comment>.*?)-->"
    r"|</(?P<end>[^\t\n\f\r />]+)>"
    r'|<(?P<start>[^\t\n\f\r />]+)(?P<attributes>(?: [a-z]+="[^"]*")*+)>'
    r"|(?P<text>[^<]++|<)",
    re.DOTALL,
)
ATTRIBUTE = re.compile(r' ([a-z]+)="([^"]*)"')
BY_AN_EDITOR = re.compile(r"\?xml\b|\[if\b|(?:<!)?\[endif\]|(?:Start|End)Fragment$")
"""Comments of word processors and clipboards, which hide nothing: every paste has them."""


def _may_hide(source: str) -> bool:
    return "<" in source and MAY_HIDE.search(source) is not None


def _parsed(source: str) -> str:
    """The source as nh3 reads it, with every tag, and the attributes that matter."""
    # Rich tags may be there without being written, as rows of tables are.
    names = {name.translate(ASCII_LOWER) for name in TAG_NAME.findall(source)}
    return nh3.clean(
        source,
        tags=(names | RICH_TAGS) - LEFT_TO_SANITISER,
        attributes={"*": LOOKED_AT, **RICH_ATTRIBUTES},
        strip_comments=False,
        link_rel=None,
    )


def _tokens(source: str) -> Iterator[re.Match[str] | str]:
    """The tags, comments and texts of what :func:`_parsed` wrote; raw text is a str."""
    position = 0
    while token := TOKEN.match(source, position):
        yield token
        position = token.end()
        if token["start"] in RAW:
            end = source.find(f"</{token['start']}>", position)
            end = end if end >= 0 else len(source)
            yield source[position:end]
            position = end


def _attributes(source: str) -> dict[str, str]:
    return {name: html.unescape(value) for name, value in ATTRIBUTE.findall(source)}


class _Page:
    """What :func:`_parsed` leaves out: the attributes of the page itself, texts of templates."""

    def __init__(self) -> None:
        self.roots: dict[str, dict[str, str]] = {tag: {} for tag in ROOTS.values()}
        self.templates: list[list[str]] = []
        self._depth = 0

    def add(self, token: re.Match[str] | str) -> None:
        """Note what this token tells, of a source with :data:`STAND_INS`."""
        start = None if isinstance(token, str) else token["start"]
        name = start or ("" if isinstance(token, str) else token["end"])
        if name == STAND_INS["template"]:
            self._open_or_close(is_start=start is not None)
        elif self._depth:
            self.templates[-1].append(_said(token))
        elif start in ROOTS and not isinstance(token, str):
            root = self.roots[ROOTS[start]]
            # As in a browser, a second tag can only add to the first.
            root |= _attributes(token["attributes"]) | root

    def _open_or_close(self, *, is_start: bool) -> None:
        if is_start and not self._depth:
            self.templates.append([])
        self._depth += 1 if is_start else -1


def _page_of(source: str) -> _Page:
    """Found by other names; since those change the tree, only this is taken from it."""
    page = _Page()
    renamed = RENAMED.sub(lambda tag: tag[1] + STAND_INS[tag[2].lower()], source)
    if renamed != source:
        for token in _tokens(_parsed(renamed)):
            page.add(token)
    return page


def _said(token: re.Match[str] | str) -> str:
    """The text of a token; tags of blocks are new lines."""
    if isinstance(token, str):
        return token
    is_block = token["start"] in BLOCKS or token["end"] in BLOCKS
    return "\n" if is_block else html.unescape(token["text"] or "")


@dataclass
class _Found:
    """What one hidden element or comment says, and how much visible text comes before it."""

    kind: HiddenKind
    place: int
    parts: list[str] = field(default_factory=list)

    def hidden(self) -> Hidden | None:
        """None where it says nothing; brackets alone are what <rp> is for."""
        lines = (line.strip() for line in _readable("".join(self.parts)).splitlines())
        text = "\n".join(line for line in lines if line)
        return _capped(self.kind, text) if text.strip("()[] \n") else None


class _Frame(NamedTuple):
    """An open element: how its text looks, and where it goes if nobody can see it."""

    tag: str
    look: Look
    found: _Found | None = None
    is_whole: bool = False
    """Whether everything inside is hidden too, whatever its style."""


class _Reader:
    """Reads what :func:`_parsed` wrote, and writes the part that is visible."""

    def __init__(self, page: _Page) -> None:
        self.out: list[str] = []
        self.characters = _Characters()
        self._found: list[_Found] = []
        self._frames = [_Frame("", Look())]
        # Visible text is put together first: taking out what is between two texts joins them.
        self._texts: list[str] = []
        self._length = 0
        self._flushed = 0
        self._last = ""
        self._has_gap = False
        self._templates = iter(page.templates)
        for tag, attributes in page.roots.items():
            self._frames = [self._frame(tag, attributes)._replace(tag="")]

    def read(self, source: str) -> None:
        """Read it all. To be called once."""
        for token in _tokens(source):
            self._read_token(token)
        self._flush()

    @property
    def has_hidden_elements(self) -> bool:
        """Whether an element or a comment hid anything."""
        return any(found.hidden() for found in self._found)

    def hidden(self) -> list[Hidden]:
        """All that was hidden, in order, with the number of those that were left out."""
        items = self.characters.hidden()
        items[:0] = [(found.place, hidden) for found in self._found if (hidden := found.hidden())]
        return _listed(hidden for _, hidden in sorted(items, key=lambda item: item[0]))

    def _read_token(self, token: re.Match[str] | str) -> None:
        if isinstance(token, str):
            self._add_text(token)
        elif (tag := token["start"]) is not None:
            self._open(tag, token["attributes"])
        elif (tag := token["end"]) is not None:
            self._close(tag)
        elif (comment := token["comment"]) is not None:
            self._add_comment(comment.strip())
        else:
            self._add_text(html.unescape(token["text"]))

    def _open(self, tag: str, source: str) -> None:
        attributes = _attributes(source)
        self._break_line(tag)
        frame = self._frame(tag, attributes)
        if tag == "input" and attributes.get("type", "").strip().lower() == "hidden":
            self._add_found(HiddenKind.NOT_SHOWN).parts.append(attributes.get("value", ""))
        elif tag == "template" and frame.found:
            frame.found.parts += next(self._templates, [])
        if not frame.is_whole:
            kept = RICH_ATTRIBUTES.get(tag, set())
            written = [part[0] for part in ATTRIBUTE.finditer(source) if part[1] in kept]
            self._write_tag(tag, f"<{tag}{''.join(written)}>")
        if tag not in VOID:
            self._frames.append(frame)

    def _close(self, tag: str) -> None:
        if self._frames[-1].tag != tag:
            return
        frame = self._frames.pop()
        self._break_line(tag)
        if not frame.is_whole:
            self._write_tag(tag, f"</{tag}>")

    def _frame(self, tag: str, attributes: dict[str, str]) -> _Frame:
        """How this element looks inside those that are open."""
        parent = self._frames[-1]
        if parent.is_whole:
            return parent._replace(tag=tag)
        style = Style([*_hints(tag, attributes), *_declarations(attributes.get("style", ""))])
        look = parent.look.inside(style) if style.groups else parent.look
        if kind := _hides_all(tag, style, look):
            return _Frame(tag, look, self._add_found(kind), is_whole=True)
        kind = look.hidden_as()
        if kind is None:
            return _Frame(tag, look)
        is_same = parent.found is not None and parent.found.kind == kind
        return _Frame(tag, look, parent.found if is_same else self._add_found(kind))

    def _add_found(self, kind: HiddenKind) -> _Found:
        found = _Found(kind, self._length)
        self._found.append(found)
        return found

    def _add_comment(self, comment: str) -> None:
        if not BY_AN_EDITOR.match(comment):
            self._add_found(HiddenKind.COMMENT).parts.append(comment)

    def _break_line(self, tag: str) -> None:
        """Have the texts of two blocks not run together, nor what is around a hidden one."""
        if tag in BLOCKS and (found := self._frames[-1].found):
            found.parts.append("\n")

    def _add_text(self, text: str) -> None:
        frame = self._frames[-1]
        if frame.found and (frame.is_whole or not text.isspace()):
            frame.found.parts.append(text)
            takes_room = not frame.is_whole and frame.found.kind != HiddenKind.TOO_SMALL
            self._has_gap = self._has_gap or takes_room
        elif text:
            self._show(text)

    def _show(self, text: str) -> None:
        """Add visible text; what was in white between two words was a space to the reader."""
        if self._has_gap and self._last.isalnum() and text[0].isalnum():
            text = f" {text}"
        self._texts.append(text)
        self._length += len(text)
        self._last = text[-1]
        self._has_gap = False

    def _write_tag(self, tag: str, written: str) -> None:
        if tag in RICH_TAGS:
            self._flush()
            self.out.append(written)
        if tag in BLOCKS:
            self._last = ""

    def _flush(self) -> None:
        if not self._texts:
            return
        text = self.characters.clean("".join(self._texts), self._flushed)
        if self.out and self.out[-1] == "<pre>" and text.startswith("\n"):
            text = f"\n{text}"  # A parser skips the first one.
        self.out.append(html.escape(text, quote=False).replace("\u00a0", "&nbsp;"))
        self._texts.clear()
        self._flushed = self._length


def _capped(kind: HiddenKind, text: str) -> Hidden:
    if len(text) <= TEXT_LIMIT:
        return Hidden(kind, text)
    kept = TEXT_LIMIT - MARK_ROOM
    return Hidden(kind, f"{text[:kept]}… +{len(text) - kept}")


def _listed(items: Iterable[Hidden]) -> list[Hidden]:
    """The first of them, and how many more there were."""
    found = list(items)
    more = len(found) - ITEM_LIMIT
    return found[:ITEM_LIMIT] + ([Hidden(HiddenKind.MORE, str(more))] if more > 0 else [])


# --- Characters ----------------------------------------------------------------------------------

RUN = re.compile(
    "[\u00ad\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff"
    "\U000e0000-\U000e007f\U000e0100-\U000e01ef]++"
)
SOFT_HYPHEN = "\u00ad"
NEEDED = re.compile("[^\u200c-\u200f\ufe00-\ufe0f]+")
"""All but what scripts and emoji need: joiners, directional marks, variation selectors."""

SELECTORS = re.compile("[\U000e0100-\U000e01ef]")
FIRST_SELECTOR = 0xE0100
TAGS = re.compile("[\U000e0000-\U000e007f]")
TAG_ASCII = {0xE0000 + code: chr(code) for code in (0x0A, *range(0x20, 0x7F))}
NOT_TAG = re.compile("[^\U000e0000-\U000e007f]+")
BLACK_FLAG = "\U0001f3f4"
FLAGS = {
    "".join(chr(0xE0000 + ord(letter)) for letter in region) + "\U000e007f"
    for region in ("gbeng", "gbsct", "gbwls")
}
"""England, Scotland and Wales: the only emoji that are written with tag characters."""

IDEOGRAPH = re.compile("[\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]")
"""Japanese names need a selector after one of these."""


def _has_invisible(source: str) -> bool:
    if source.isascii() and "&" not in source:
        return False
    return RUN.search(source) is not None or (
        "&" in source and RUN.search(html.unescape(source)) is not None
    )


def _smuggled(run: str) -> str:
    """The text that tag characters or variation selectors stand for; "" if they are no text."""
    text = NOT_TAG.sub("", run).translate(TAG_ASCII)
    values = [ord(mark) - FIRST_SELECTOR + 16 for mark in SELECTORS.findall(run)]
    text += bytes(values).decode(errors="replace")
    return text if text.replace("\n", "").isprintable() else ""


def _names(characters: Counter[str]) -> str:
    """Such as "U+200B x 12"."""
    return ", ".join(f"U+{ord(each):04X} x {count}" for each, count in sorted(characters.items()))


def _readable(text: str) -> str:
    """A hidden text, with what is hidden in it."""
    return RUN.sub(lambda run: _smuggled(run[0]), text)


class _Characters:
    """Takes invisible characters out of texts, and remembers those that were no accident."""

    def __init__(self) -> None:
        self.removed = 0
        self._found: list[tuple[int, Hidden]] = []
        self._stray: Counter[str] = Counter()

    def clean(self, text: str, place: int = 0) -> str:
        """The text without them.

        Args:
            place: how much text comes before this one.
        """
        return RUN.sub(lambda run: self._kept(run, place), text)

    def hidden(self) -> list[tuple[float, Hidden]]:
        """What was taken out, each with its place."""
        found: list[tuple[float, Hidden]] = [*self._found]
        if self._stray.total() > MANY_IN_ALL:
            found.append((math.inf, _capped(HiddenKind.CHARACTERS, _names(self._stray))))
        return found

    def _kept(self, found: re.Match[str], place: int) -> str:
        run = found[0].replace(SOFT_HYPHEN, "")
        before = found.string[found.start() - 1 : found.start()]
        if _belongs(before, found[0]):
            return found[0]
        is_text = TAGS.search(run) or SELECTORS.search(run)
        kept = "" if len(run) > MANY_IN_A_ROW else NEEDED.sub("", run)
        self.removed += len(found[0]) - len(kept)
        if is_text or len(run) > MANY_IN_A_ROW:
            text = _smuggled(run).strip() or _names(Counter(run))
            self._found.append((place + found.start(), _capped(HiddenKind.CHARACTERS, text)))
        else:
            self._stray.update("".join(NEEDED.findall(run)))
        return kept


def _belongs(before: str, run: str) -> bool:
    """Whether the run makes a flag, or another shape, of the character before it."""
    if before == BLACK_FLAG:
        return run in FLAGS
    is_selector = len(run) == 1 and SELECTORS.match(run)
    return bool(is_selector and IDEOGRAPH.match(before))


# --- Style declarations --------------------------------------------------------------------------

STYLE_TOKEN = re.compile(
    r"""(?P<comment>/\*.*?(?:\*/|\Z))"""
    r"""|(?P<string>"(?:\\.|[^"\\])*+(?:"|\Z)|'(?:\\.|[^'\\])*+(?:'|\Z))"""
    r"""|\\(?P<code>[0-9a-fA-F]{1,6})\s?|\\(?P<escaped>.)"""
    r"""|(?P<mark>[;(){}\[\]])|(?P<other>[^;(){}\[\]"'\\/]++|.)""",
    re.DOTALL,
)
IMPORTANT = re.compile(r"!\s*important$")
LAST_CODE = 0x10FFFF
GROUPS = {
    "font": "font-size",
    "background-color": "background",
    "overflow-x": "overflow",
    "overflow-y": "overflow",
    "inline-size": "width",
    "max-inline-size": "max-width",
    "block-size": "height",
    "max-block-size": "max-height",
    "inset-inline-start": "left",
    "inset-block-start": "top",
    "margin-inline-start": "margin-left",
    "margin-block-start": "margin-top",
}
"""Properties that set the same as another one."""

PROPERTIES = {
    "background", "bottom", "clip", "clip-path", "color", "content-visibility", "display", "filter",
    "float", "font-size", "height", "inset", "left", "margin", "margin-left", "margin-top",
    "max-height", "max-width", "opacity", "overflow", "position", "right", "scale", "text-indent",
    "top", "transform", "translate", "visibility", "-webkit-text-fill-color", "width",
}  # fmt: skip


class Declaration(NamedTuple):
    name: str
    value: str
    is_important: bool = False


def _declarations(source: str) -> list[Declaration]:
    """The declarations of a style attribute that matter here, the strongest last."""
    found = [_declaration(part) for part in _split(source)] if source else []
    known = [each for each in found if GROUPS.get(each.name, each.name) in PROPERTIES]
    return sorted(known, key=lambda each: each.is_important)


def _declaration(source: str) -> Declaration:
    name, _, value = source.partition(":")
    value = value.strip().lower()
    without = IMPORTANT.sub("", value[-30:])
    is_important = without != value[-30:]
    value = (value[:-30] + without).strip()
    return Declaration(name.strip().lower(), value, is_important)


def _split(source: str) -> Iterable[str]:
    """The parts between semicolons; those in strings and brackets are no ends."""
    parts: list[str] = []
    depth = 0
    for token in STYLE_TOKEN.finditer(source):
        mark = token["mark"]
        if mark == ";" and not depth:
            yield "".join(parts)
            parts = []
            continue
        if mark and mark != ";":
            depth = depth + 1 if mark in "([{" else max(depth - 1, 0)
        parts.append(_style_text(token))
    yield "".join(parts)


def _style_text(token: re.Match[str]) -> str:
    """What a token means: escapes are characters, comments are nothing."""
    if token["comment"]:
        return " "
    if token["code"]:
        code = int(token["code"], 16)
        return chr(code) if code <= LAST_CODE else "\ufffd"
    return token["escaped"] or token[0]


class Style:
    """What is declared for one element."""

    def __init__(self, declarations: Iterable[Declaration]) -> None:
        self.groups: dict[str, list[Declaration]] = {}
        for each in declarations:
            self.groups.setdefault(GROUPS.get(each.name, each.name), []).append(each)

    def read(self, name: str, parse: Callable[[str], T | None]) -> T | None:
        """The value in force: the last that can be parsed, as in a browser; None if none can."""
        values = (parse(each.value) for each in reversed(self.groups.get(name, ())))
        return next((value for value in values if value is not None), None)

    def word(self, name: str) -> str:
        """The value of a property that has words for values."""
        return self.read(name, WORDS[name].get) or ""

    def any(self, names: Iterable[str], is_so: Callable[[str], bool | None]) -> bool:
        """Whether it is so for the value in force of any of these properties."""
        return any(self.read(name, is_so) for name in names)


def _words(*words: str) -> dict[str, str]:
    """Known words by themselves; others are no values."""
    return {word: word for word in (*words, "inherit", "initial", "unset", "revert")}


WORDS = {
    "display": _words(
        "none", "block", "inline", "inline-block", "contents", "flex", "inline-flex", "grid",
        "inline-grid", "flow-root", "list-item", "table", "inline-table", "table-row", "table-cell",
        "table-row-group", "table-header-group", "table-footer-group", "table-column",
        "table-column-group", "table-caption", "ruby", "run-in",
    ),
    "visibility": _words("visible", "hidden", "collapse"),
    "content-visibility": _words("visible", "hidden", "auto"),
    "position": _words("static", "relative", "absolute", "fixed", "sticky"),
    "float": _words("none", "left", "right"),
}  # fmt: skip


def _hints(tag: str, attributes: dict[str, str]) -> list[Declaration]:
    """What attributes and elements mean in terms of style; any style is stronger."""
    hints = []
    if "hidden" in attributes or (tag == "dialog" and "open" not in attributes):
        hints.append(Declaration("display", "none"))
    if "bgcolor" in attributes:
        hints.append(Declaration("background", _old_colour(attributes["bgcolor"])))
    colour = {"font": "color", "body": "text"}.get(tag, "")
    if colour in attributes:
        hints.append(Declaration("color", _old_colour(attributes[colour])))
    if tag == "font" and attributes.get("size", "").strip() == "0":
        hints.append(Declaration("font-size", "0"))
    return hints


def _old_colour(value: str) -> str:
    """A colour of an attribute, where the "#" may be missing."""
    value = value.strip().lower()
    return f"#{value}" if _hex_colour(value) and value not in COLOURS else value


# --- Lengths -------------------------------------------------------------------------------------

NUMBER = re.compile(r"[+-]?(?:[0-9]++\.?[0-9]*+|\.[0-9]++)(?:e[+-]?[0-9]++)?")
LENGTH = re.compile(rf"({NUMBER.pattern})([a-z]*|%)")
CALC = re.compile(r"calc\(([^()]*)\)")
EM = 16.0
PIXELS = {
    "px": 1.0, "pt": 96 / 72, "pc": 16.0, "in": 96.0, "cm": 96 / 2.54, "mm": 96 / 25.4,
    "q": 96 / 101.6, "rem": EM, "vw": 19.2, "vh": 10.8, "vmin": 10.8, "vmax": 19.2,
}  # fmt: skip
"""Those of the page's size are about right on any screen."""

FONT_SIZES = {
    "xx-small": 9.0, "x-small": 10.0, "small": 13.0, "medium": EM, "large": 18.0, "x-large": 24.0,
    "xx-large": 32.0, "xxx-large": 48.0, "initial": EM,
}  # fmt: skip
SMALLEST_TEXT = 1.6
"""Pixels: 0.1 of the normal size; a point is less."""

SMALLEST_BOX = 1.0
FAR_BEFORE = -999.0
FAR_AFTER = 9999.0
WORD = re.compile(r"[^\s(),/]++(?:\([^()]*+(?:\([^()]*+\)[^()]*+)*+\))?")
FUNCTION = re.compile(r"([a-z0-9-]++)\(([^()]*+)\)")


def _pixels(value: str, em: float = EM, percent: float | None = None) -> float | None:
    """A length in pixels, or None if it is none.

    Args:
        em: the size of the text.
        percent: pixels of one per cent; by default per cents are no length.
    """
    calculated = CALC.fullmatch(value)
    found = LENGTH.fullmatch(calculated[1].strip() if calculated else value)
    if not found:
        return None
    number, unit = float(found[1]), found[2]
    units = PIXELS | {"em": em, "ch": em / 2, "ex": em / 2, "%": percent}
    if not unit:
        return 0.0 if number == 0 else None
    factor = units.get(unit)
    return None if factor is None else number * factor


def _font_size(value: str, parent: float) -> float | None:
    """The size that a value of `font-size` or `font` sets, or None if it is no such value."""
    relative = {"smaller": 1 / 1.2, "larger": 1.2, "inherit": 1.0, "unset": 1.0, "revert": 1.0}
    for word in WORD.findall(value):
        if word in relative:
            return parent * relative[word]
        size = FONT_SIZES.get(word, _pixels(word, parent, parent / 100))
        if size is not None:
            return max(size, 0.0)
    return None


def _is_nothing(value: str) -> bool | None:
    """Whether a width or height leaves no room."""
    size = _pixels(value, percent=EM)
    if size is None:
        return False if value.isascii() and value.replace("-", "").isalpha() else None
    return size <= SMALLEST_BOX


def _cuts_off(value: str) -> bool | None:
    known = {"hidden", "clip", "scroll", "auto", "visible"}
    words = value.split()
    return bool(set(words) - {"visible"}) if words and set(words) <= known else None


def _is_far(value: str) -> bool | None:
    """Whether an offset, or one of several, leads off the page."""
    sizes = [_pixels(word, percent=-FAR_BEFORE / 100) for word in WORD.findall(value)]
    known = [size for size in sizes if size is not None]
    if not known:
        return False if value == "auto" else None
    return any(size <= FAR_BEFORE or size >= FAR_AFTER for size in known)


def _is_indented_away(value: str) -> bool | None:
    size = _pixels(value, percent=-FAR_BEFORE / 100)
    return None if size is None else abs(size) >= -FAR_BEFORE


def _transforms_away(value: str) -> bool | None:
    """Whether `transform` leaves nothing to see."""
    if value == "none":
        return False
    functions = FUNCTION.findall(value)
    return any(_transforms(*each) for each in functions) if functions else None


def _transforms(name: str, arguments: str) -> bool:
    if name.startswith("scale"):
        return bool(_scales_away(arguments))
    return name.startswith("translate") and bool(_moves_away(arguments))


def _scales_away(value: str) -> bool | None:
    factors = [_share(word) for word in WORD.findall(value)]
    return any(each is not None and abs(each) < FAINT for each in factors[:2])


def _moves_away(value: str) -> bool | None:
    sizes = [_pixels(word, percent=1.0) or 0.0 for word in WORD.findall(value)]
    return any(size <= FAR_BEFORE or size >= FAR_AFTER for size in sizes)


def _clips_all(value: str) -> bool | None:
    """Whether `clip` shows no area."""
    found = FUNCTION.fullmatch(value)
    sides = [_pixels(word) for word in WORD.findall(found[2])] if found else []
    if not found or found[1] != "rect" or len(sides) != len(("top", "right", "bottom", "left")):
        return False if value == "auto" else None
    top, right, bottom, left = sides
    is_flat = top is not None and bottom is not None and bottom - top <= SMALLEST_BOX
    is_thin = left is not None and right is not None and right - left <= SMALLEST_BOX
    return is_flat or is_thin


def _clips_path(value: str) -> bool | None:
    """Whether `clip-path` shows no area."""
    found = FUNCTION.search(value)
    shape = SHAPES.get(found[1]) if found else None
    if found is None or shape is None:
        return False if value == "none" else None
    return shape(found[2])


def _is_empty_inset(arguments: str) -> bool:
    """Whether nothing is left between two opposite sides."""
    sides = [_side(word) for word in WORD.findall(arguments.partition("round")[0])][:4]
    if not sides:
        return False
    top = sides[0]
    right = sides[1] if len(sides) > 1 else top
    bottom = sides[2] if len(sides) > len((top, right)) else top
    left = sides[3] if len(sides) > len((top, right, bottom)) else right
    return top + bottom >= ALMOST_ALL or right + left >= ALMOST_ALL


def _side(value: str) -> float:
    """How much of a box is cut off: a share of it, or very many pixels."""
    return (_pixels(value, percent=-FAR_BEFORE / 100) or 0.0) / -FAR_BEFORE


def _is_empty_round(arguments: str) -> bool:
    sizes = [_pixels(word, percent=EM) for word in WORD.findall(arguments.partition("at ")[0])]
    return any(size is not None and size <= SMALLEST_BOX for size in sizes)


def _is_empty_polygon(arguments: str) -> bool:
    """Whether all points are on one line across or down."""
    words = [word for word in WORD.findall(arguments) if word not in {"nonzero", "evenodd"}]
    places = [_pixels(word, percent=1.0) for word in words]
    return bool(places) and (len(set(places[::2])) == 1 or len(set(places[1::2])) == 1)


SHAPES: dict[str, Callable[[str], bool]] = {
    "inset": _is_empty_inset,
    "circle": _is_empty_round,
    "ellipse": _is_empty_round,
    "polygon": _is_empty_polygon,
}
ALMOST_ALL = 0.98


# --- Colours -------------------------------------------------------------------------------------

WHITE: RGB = (1.0, 1.0, 1.0)
BLACK: RGBA = (0.0, 0.0, 0.0, 1.0)
NO_BACKGROUND: RGBA = (0.0, 0.0, 0.0, 0.0)
FAINT = 0.05
"""Less than this cannot be seen: of an opacity, or of a scale."""

NEARLY_WHITE = 0.95
MAX_DIFFERENCE = 24 / 255
MIN_CONTRAST = 1.15
COLOURS: dict[str, str] = dict(
    re.findall(
        r"(\w+)\s+(\w+)",
        """
    aliceblue f0f8ff antiquewhite faebd7 aqua 00ffff aquamarine 7fffd4 azure f0ffff beige f5f5dc
    bisque ffe4c4 black 000000 blanchedalmond ffebcd blue 0000ff blueviolet 8a2be2 brown a52a2a
    burlywood deb887 cadetblue 5f9ea0 canvas ffffff canvastext 000000 chartreuse 7fff00 chocolate
    d2691e coral ff7f50 cornflowerblue 6495ed cornsilk fff8dc crimson dc143c cyan 00ffff darkblue
    00008b darkcyan 008b8b darkgoldenrod b8860b darkgray a9a9a9 darkgreen 006400 darkgrey a9a9a9
    darkkhaki bdb76b darkmagenta 8b008b darkolivegreen 556b2f darkorange ff8c00 darkorchid 9932cc
    darkred 8b0000 darksalmon e9967a darkseagreen 8fbc8f darkslateblue 483d8b darkslategray 2f4f4f
    darkslategrey 2f4f4f darkturquoise 00ced1 darkviolet 9400d3 deeppink ff1493 deepskyblue 00bfff
    dimgray 696969 dimgrey 696969 dodgerblue 1e90ff field ffffff firebrick b22222 floralwhite
    fffaf0 forestgreen 228b22 fuchsia ff00ff gainsboro dcdcdc ghostwhite f8f8ff gold ffd700
    goldenrod daa520 gray 808080 green 008000 greenyellow adff2f grey 808080 honeydew f0fff0
    hotpink ff69b4 indianred cd5c5c indigo 4b0082 ivory fffff0 khaki f0e68c lavender e6e6fa
    lavenderblush fff0f5 lawngreen 7cfc00 lemonchiffon fffacd lightblue add8e6 lightcoral f08080
    lightcyan e0ffff lightgoldenrodyellow fafad2 lightgray d3d3d3 lightgreen 90ee90 lightgrey
    d3d3d3 lightpink ffb6c1 lightsalmon ffa07a lightseagreen 20b2aa lightskyblue 87cefa
    lightslategray 778899 lightslategrey 778899 lightsteelblue b0c4de lightyellow ffffe0 lime
    00ff00 limegreen 32cd32 linen faf0e6 magenta ff00ff maroon 800000 mediumaquamarine 66cdaa
    mediumblue 0000cd mediumorchid ba55d3 mediumpurple 9370db mediumseagreen 3cb371
    mediumslateblue 7b68ee mediumspringgreen 00fa9a mediumturquoise 48d1cc mediumvioletred c71585
    midnightblue 191970 mintcream f5fffa mistyrose ffe4e1 moccasin ffe4b5 navajowhite ffdead navy
    000080 oldlace fdf5e6 olive 808000 olivedrab 6b8e23 orange ffa500 orangered ff4500 orchid
    da70d6 palegoldenrod eee8aa palegreen 98fb98 paleturquoise afeeee palevioletred db7093
    papayawhip ffefd5 peachpuff ffdab9 peru cd853f pink ffc0cb plum dda0dd powderblue b0e0e6
    purple 800080 rebeccapurple 663399 red ff0000 rosybrown bc8f8f royalblue 4169e1 saddlebrown
    8b4513 salmon fa8072 sandybrown f4a460 seagreen 2e8b57 seashell fff5ee sienna a0522d silver
    c0c0c0 skyblue 87ceeb slateblue 6a5acd slategray 708090 slategrey 708090 snow fffafa
    springgreen 00ff7f steelblue 4682b4 tan d2b48c teal 008080 thistle d8bfd8 tomato ff6347
    turquoise 40e0d0 violet ee82ee wheat f5deb3 white ffffff whitesmoke f5f5f5 window ffffff
    yellow ffff00 yellowgreen 9acd32
""",
    )
)
"""The names of CSS, and those of the system's colours that are white or black."""

HEX = re.compile(r"[0-9a-f]{3,4}|[0-9a-f]{6}|[0-9a-f]{8}")
SHORT = 4
DEGREES = {"": 1.0, "deg": 1.0, "turn": 360.0, "grad": 0.9, "rad": 180 / math.pi}
SAME_AS_PARENT = {"inherit", "unset", "revert", "currentcolor"}
NO_COLOUR = re.compile(r"url\(|gradient\(|none\b|inherit|initial|unset|revert")


def _share(value: str, whole: float = 1.0) -> float | None:
    """A number or per cents as a share of the whole."""
    calculated = CALC.fullmatch(value)
    found = LENGTH.fullmatch(calculated[1].strip() if calculated else value)
    if not found or found[2] not in {"", "%"}:
        return None
    return float(found[1]) / (100 if found[2] else whole)


def _opacity(value: str) -> float | None:
    share = _share(value)
    return None if share is None else _within(share)


def _filters_away(value: str) -> bool | None:
    found = [_opacity(inside.strip()) for name, inside in FUNCTION.findall(value) if "opac" in name]
    return any(each is not None and each < FAINT for each in found)


def _within(value: float) -> float:
    """At least 0 and at most 1."""
    return min(max(value, 0.0), 1.0)


def _colour(value: str) -> RGBA | None:
    """A colour of a style, or None if it is none."""
    if value == "transparent":
        return NO_BACKGROUND
    if value == "initial":
        return BLACK
    code = COLOURS.get(value) or (value[1:] if value.startswith("#") else "")
    return _hex_colour(code) if code else _function_colour(value)


def _hex_colour(code: str) -> RGBA | None:
    if not HEX.fullmatch(code):
        return None
    if len(code) <= SHORT:
        code = "".join(digit * 2 for digit in code)
    red, green, blue, alpha = (
        int(code.ljust(8, "f")[at : at + 2], 16) / 255 for at in range(0, 8, 2)
    )
    return red, green, blue, alpha


def _function_colour(value: str) -> RGBA | None:
    """A colour such as "rgb(0 0 0 / 50%)"."""
    found = FUNCTION.fullmatch(value)
    read = COLOUR_FUNCTIONS.get(found[1]) if found else None
    if not found or not read:
        return None
    words = WORD.findall(found[2])
    if found[1] == "color":
        words = words[1:]
    alpha = _share(words.pop()) if len(words) > len(WHITE) else 1.0
    colour = read(words) if len(words) == len(WHITE) else None
    if colour is None or alpha is None:
        return None
    red, green, blue = (_within(part) for part in colour)
    return red, green, blue, _within(alpha)


def _shares(words: Iterable[str], whole: float) -> list[float] | None:
    shares = [_share(word.replace("none", "0"), whole) for word in words]
    known = [share for share in shares if share is not None]
    return known if len(known) == len(shares) else None


def _rgb(words: list[str], whole: float = 255.0) -> RGB | None:
    shares = _shares(words, whole)
    return (shares[0], shares[1], shares[2]) if shares else None


def _hue(words: list[str]) -> tuple[float, float, float] | None:
    """A hue and what goes with it, each as a share."""
    found = LENGTH.fullmatch(words[0])
    rest = _shares(words[1:], 100)
    if not found or found[2] not in DEGREES or not rest:
        return None
    return float(found[1]) * DEGREES[found[2]] / 360, _within(rest[0]), _within(rest[1])


def _hsl(words: list[str]) -> RGB | None:
    parts = _hue(words)
    return colorsys.hls_to_rgb(parts[0], parts[2], parts[1]) if parts else None


def _hwb(words: list[str]) -> RGB | None:
    parts = _hue(words)
    if not parts:
        return None
    hue, white, black = parts
    if white + black >= 1:
        white, black = white / (white + black), black / (white + black)
    pure = colorsys.hls_to_rgb(hue, 0.5, 1.0)
    red, green, blue = (part * (1 - white - black) + white for part in pure)
    return red, green, blue


def _grey(words: list[str], whole: float) -> RGB | None:
    """How light a colour is: enough to know white."""
    light = _share(words[0], whole)
    return None if light is None else (light, light, light)


COLOUR_FUNCTIONS: dict[str, Callable[[list[str]], RGB | None]] = {
    "rgb": _rgb,
    "rgba": _rgb,
    "hsl": _hsl,
    "hsla": _hsl,
    "hwb": _hwb,
    "color": lambda words: _rgb(words, 1.0),
    "lab": lambda words: _grey(words, 100.0),
    "lch": lambda words: _grey(words, 100.0),
    "oklab": lambda words: _grey(words, 1.0),
    "oklch": lambda words: _grey(words, 1.0),
}


def _luminance(colour: RGB) -> float:
    """How light a colour is to the eye, 0 to 1 (as WCAG has it)."""
    linear = [
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4  # noqa: PLR2004
        for part in colour
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def _over(colour: RGBA, below: RGB) -> RGB:
    """The colour that is seen where one covers another."""
    *parts, alpha = colour
    red, green, blue = (
        part * alpha + under * (1 - alpha) for part, under in zip(parts, below, strict=True)
    )
    return red, green, blue


def _is_like(one: RGB, other: RGB) -> bool:
    """Whether nobody could read one on the other."""
    differences = [abs(first - second) for first, second in zip(one, other, strict=True)]
    dark, light = sorted((_luminance(one), _luminance(other)))
    return max(differences) <= MAX_DIFFERENCE and (light + 0.05) / (dark + 0.05) < MIN_CONTRAST


def _grounds(value: str, text: RGBA | None) -> list[RGBA] | None:
    """The colours of a background, none where it is a picture; None if it is no background."""
    own = text or BLACK
    words = [word for word in WORD.findall(value) if not word.startswith("url(")]
    inside = [part for word in words if "gradient(" in word for part in _inside(word)]
    found = [own if word == "currentcolor" else _colour(word) for word in (*words, *inside)]
    known = [colour for colour in found if colour and colour != NO_BACKGROUND]
    return known if known or NO_COLOUR.search(value) or "transparent" in words else None


def _inside(function: str) -> list[str]:
    return WORD.findall(function.partition("(")[2].removesuffix(")"))


def _ground(colours: list[RGBA], below: RGB | None) -> RGB | None:
    """What a text stands on; None where that may be white, as a page is."""
    seen = [_over(colour, below or WHITE) for colour in colours]
    if not seen:
        return below
    has_white = any(_luminance(colour) >= NEARLY_WHITE for colour in seen)
    return None if has_white and len(seen) > 1 else seen[0]


# --- Looks ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Look:
    """How the text of an element looks, after all elements that it is in."""

    is_shown: bool = True
    size: float = EM
    opacity: float = 1.0
    colour: RGBA | None = None
    fill: RGBA | None = None
    background: RGB | None = None

    def inside(self, style: Style) -> Look:
        """How an element of this style looks inside."""
        opacity = style.read("opacity", _opacity)
        size = style.read("font-size", lambda value: _font_size(value, self.size))
        colour = style.read("color", lambda value: self._colour(value, self.colour))
        fill = style.read("-webkit-text-fill-color", lambda value: self._colour(value, colour))
        colour = colour or self.colour
        grounds = style.read("background", lambda value: _grounds(value, colour))
        return Look(
            is_shown=self._shows(style.word("visibility")),
            size=self.size if size is None else size,
            opacity=self.opacity * (1.0 if opacity is None else opacity),
            colour=colour,
            fill=fill or self.fill,
            background=_ground(grounds or [], self.background),
        )

    def hidden_as(self) -> HiddenKind | None:
        """Why its text cannot be read; None if it can."""
        if not self.is_shown:
            return HiddenKind.NOT_SHOWN
        if self.size <= SMALLEST_TEXT:
            return HiddenKind.TOO_SMALL
        colour = self.fill or self.colour
        if colour is None:
            return None
        if colour[-1] < FAINT:
            return HiddenKind.TRANSPARENT
        return HiddenKind.COLOUR if self._is_lost(colour) else None

    def _is_lost(self, colour: RGBA) -> bool:
        """Whether text of this colour is the same as what it stands on."""
        ground = self.background or WHITE
        seen = _over(colour, ground)
        if min(_luminance(seen), _luminance(ground)) >= NEARLY_WHITE:
            return True
        return self.background is not None and _is_like(seen, ground)

    def _shows(self, word: str) -> bool:
        if word in {"hidden", "collapse"}:
            return False
        return self.is_shown or word in {"visible", "initial"}

    @staticmethod
    def _colour(value: str, same: RGBA | None) -> RGBA | None:
        return (same or BLACK) if value in SAME_AS_PARENT else _colour(value)


def _hides_all(tag: str, style: Style, look: Look) -> HiddenKind | None:
    """How an element hides everything inside; None if it does not."""
    if tag in NEVER_SHOWN:
        return HiddenKind.NOT_SHOWN
    if not style.groups:
        return None
    if style.word("display") == "none" or style.word("content-visibility") == "hidden":
        return HiddenKind.NOT_SHOWN
    if look.opacity < FAINT or style.any(["filter"], _filters_away):
        return HiddenKind.TRANSPARENT
    return _hides_place(style, is_box=_is_box(tag, style))


def _is_box(tag: str, style: Style) -> bool:
    """Whether an element is more than a part of a line, and so has a size of its own."""
    if style.word("position") in {"absolute", "fixed"} or style.word("float") in {"left", "right"}:
        return True
    display = style.word("display")
    return display not in {"inline", "contents", "ruby"} if display else tag in BLOCKS


def _hides_place(style: Style, *, is_box: bool) -> HiddenKind | None:
    """How an element hides its text by where it is, or how large."""
    sizes = ("width", "height", "max-width", "max-height")
    if is_box and style.any(sizes, _is_nothing) and style.read("overflow", _cuts_off):
        return HiddenKind.TOO_SMALL
    if is_box and (
        style.any(["transform"], _transforms_away) or style.any(["scale"], _scales_away)
    ):
        return HiddenKind.OFF_PAGE
    return HiddenKind.OFF_PAGE if _is_off_page(style, is_box=is_box) else None


def _is_off_page(style: Style, *, is_box: bool) -> bool:
    position = style.word("position")
    is_free = position in {"absolute", "fixed"}
    return (
        (is_free and style.any(["clip"], _clips_all))
        or style.any(["clip-path"], _clips_path)
        or style.any(["margin", "margin-left", "margin-top"], _is_far)
        or (is_box and style.any(["text-indent"], _is_indented_away))
        or (is_box and style.any(["translate"], _moves_away))
        or (
            position not in {"", "static"}
            and style.any(["left", "top", "right", "bottom", "inset"], _is_far)
        )
    )
