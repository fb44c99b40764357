"""Template filters about rubrics."""

from django import template

from components.models import Entry
from components.rubrics import RubricSpec, without_descriptions

register = template.Library()


@register.filter
def shown_rubric(entry: Entry) -> RubricSpec | None:
    """The rubric of an entry as its students may see it; None where there is none."""
    if entry.rubric is None:
        return None
    return without_descriptions(entry.rubric.spec) if entry.is_rubric_hidden else entry.rubric.spec
