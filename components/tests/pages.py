"""Reads pages the way a browser does."""

from html.parser import HTMLParser


class _Fields(HTMLParser):
    """Collects what the form `form_id` would send, without its buttons."""

    def __init__(self, form_id):
        super().__init__()
        self.form_id = form_id
        self.is_inside = False
        self.area = ""
        self.values: dict[str, str] = {}

    def handle_starttag(self, tag, attrs):
        found = dict(attrs)
        if tag == "form":
            self.is_inside = found.get("id") == self.form_id
        if not self.is_inside or not found.get("name"):
            return
        if tag == "input":
            self.values[found["name"]] = found.get("value") or ""
        if tag == "textarea":
            self.area = found["name"]
            self.values[self.area] = ""

    def handle_endtag(self, tag):
        if tag == "form":
            self.is_inside = False
        if tag == "textarea":
            self.area = ""

    def handle_data(self, data):
        if self.area:
            self.values[self.area] += data


def fields_of(text, form_id):
    """The names and values of the fields of a form on a page."""
    parser = _Fields(form_id)
    parser.feed(text)
    return parser.values


def part_of(text, start, end):
    """The part of a page from one string up to the next occurrence of another."""
    assert start in text
    return text.partition(start)[2].partition(end)[0]


def messages_of(response):
    return [str(message) for message in response.context["messages"]]
