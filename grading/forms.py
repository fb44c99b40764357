"""Forms about submissions and outcomes."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from django import forms
from django.conf import settings
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from components.html import as_typed, text_to_html
from components.rubrics import Criterion
from grading.models import Outcome, OutcomeRevision, ReviewRequest, Submission
from grading.services.outcomes import CriterionDecision, rubric_in_force
from grading.services.reviews import MAX_ANSWER, MAX_REASON


class AnswerForm(forms.Form):
    """An answer as plain text. What was typed comes back with every error.

    The hidden key makes a double click one submission.
    """

    title = forms.CharField(
        label=_("Title"), max_length=255, required=False, help_text=_("Optional.")
    )
    content = forms.CharField(
        label=_("Your answer"),
        strip=False,
        widget=forms.Textarea(attrs={"rows": 14}),
        error_messages={"required": _("Write an answer before you submit.")},
    )
    idempotency_key = forms.CharField(widget=forms.HiddenInput, max_length=255, required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["content"].help_text = _(
            "Blank lines make paragraphs. At most %(limit)s characters."
        ) % {"limit": f"{settings.ANSWER_MAX_CHARS:,}"}
        self.initial.setdefault("idempotency_key", str(uuid.uuid4()))

    def clean_content(self) -> str:
        return text_to_html(self.cleaned_data["content"])

    def renew_key(self) -> None:
        """Let the next submit of this form be a submission of its own."""
        replace_value(self, "idempotency_key", str(uuid.uuid4()))


class OverrideForm(forms.Form):
    """A person's decision: a level and, where wanted, points and a comment per criterion."""

    feedback = forms.CharField(
        label=_("Feedback for the student"),
        widget=forms.Textarea(attrs={"rows": 6}),
        error_messages={"required": _("Write feedback for the student.")},
    )
    reason = forms.CharField(
        label=_("Reason for the change"),
        widget=forms.Textarea(attrs={"rows": 2}),
        required=False,
        help_text=_("For the history of this outcome; staff see it, the student does not."),
    )
    revision = forms.IntegerField(widget=forms.HiddenInput)
    rubric = forms.CharField(widget=forms.HiddenInput, required=False)

    def __init__(self, submission: Submission, data: QueryDict | None = None) -> None:
        outcome = submission.current_outcome
        rubric = rubric_in_force(submission)
        self.criteria = rubric.spec.criteria if rubric else ()
        initial = _initial(outcome, self.criteria)
        initial["rubric"] = rubric.content_hash if rubric else ""
        super().__init__(data, initial=initial)
        for criterion in self.criteria:
            self._add_fields(criterion)
        self.fields["reason"].required = outcome is not None
        self.fields["reason"].error_messages["required"] = _("Say why you change the outcome.")

    def follow(self, submission: Submission) -> None:
        """Let the next save replace what is in force now, after its person was warned.

        Levels chosen by another rubric are forgotten: they would mean something else.
        """
        now = OverrideForm(submission)
        if self.data.get("rubric") != now.initial["rubric"]:
            for name in [name for name in self.data if name.startswith(("level_", "points_"))]:
                replace_value(self, name, "")
        self.criteria, self.fields = now.criteria, now.fields
        replace_value(self, "revision", str(now.initial["revision"]))
        replace_value(self, "rubric", now.initial["rubric"])

    def rows(self) -> list[dict[str, Any]]:
        """Per criterion: itself and its bound fields, for the template."""
        return [
            {
                "criterion": criterion,
                "level": self[f"level_{criterion.index}"],
                "choices": list(
                    zip(self[f"level_{criterion.index}"], criterion.levels, strict=True)
                ),
                "points": self[f"points_{criterion.index}"],
                "comment": self[f"comment_{criterion.index}"],
            }
            for criterion in self.criteria
        ]

    def decisions(self) -> list[CriterionDecision]:
        """What was decided, in the rubric's order."""
        return [self._decision(criterion) for criterion in self.criteria]

    def _add_fields(self, criterion: Criterion) -> None:
        choices = [(str(level.index), level.text) for level in criterion.levels]
        self.fields[f"level_{criterion.index}"] = forms.ChoiceField(
            label=criterion.text,
            choices=choices,
            widget=forms.RadioSelect(attrs={"class": "form-check-input"}),
            error_messages={"required": _("Choose a level.")},
        )
        self.fields[f"points_{criterion.index}"] = forms.DecimalField(
            label=_("Points"),
            required=False,
            min_value=Decimal(0),
            max_value=criterion.max_points,
            max_digits=8,
            decimal_places=2,
            widget=forms.NumberInput(
                attrs={"class": "form-control", "step": "any", "placeholder": _("by level")}
            ),
        )
        self.fields[f"comment_{criterion.index}"] = forms.CharField(
            label=_("Comment"),
            required=False,
            max_length=5000,
            widget=forms.TextInput(attrs={"class": "form-control"}),
        )

    def _decision(self, criterion: Criterion) -> CriterionDecision:
        data = self.cleaned_data
        return CriterionDecision(
            level=int(data[f"level_{criterion.index}"]),
            points=data[f"points_{criterion.index}"],
            comment=data[f"comment_{criterion.index}"],
        )


class ReviewRequestForm(forms.Form):
    """A student asks a person to look at an outcome again, or at one criterion of it."""

    field_order = ["criterion", "reason"]
    reason = forms.CharField(
        label=_("What should a person look at, and why?"),
        widget=forms.Textarea(attrs={"rows": 4, "maxlength": MAX_REASON}),
        error_messages={"required": _("Say what a person should look at.")},
    )

    def __init__(self, revision: OutcomeRevision, data: QueryDict | None = None) -> None:
        super().__init__(data)
        criteria = [
            (item["index"], f"{item['index'] + 1}. {item['text']}") for item in revision.criteria
        ]
        self.fields["criterion"] = forms.TypedChoiceField(
            label=_("What is it about?"),
            choices=[("", _("The whole outcome")), *criteria],
            coerce=int,
            empty_value=None,
            required=False,
        )
        self.order_fields(self.field_order)


class ReviewAnswerForm(forms.Form):
    """A person's answer to one request; on a page there may be several of these forms."""

    answer = forms.CharField(
        label=_("Your answer to the student"),
        widget=forms.Textarea(attrs={"rows": 3, "maxlength": MAX_ANSWER}),
        error_messages={"required": _("Write an answer for the student.")},
    )

    def __init__(self, request: ReviewRequest, data: QueryDict | None = None) -> None:
        super().__init__(data, auto_id=f"{request.pk}_%s")


def _initial(outcome: Outcome | None, criteria: Iterable[Criterion]) -> dict[str, Any]:
    """What is in force; points only where they are not simply those of the level."""
    if outcome is None:
        return {"revision": 0}
    current = outcome.current
    initial: dict[str, Any] = {"revision": current.number, "feedback": as_typed(current.feedback)}
    for criterion, item in zip(criteria, current.criteria, strict=True):
        initial[f"level_{criterion.index}"] = str(item["level"])
        points = Decimal(item["points"])
        if points != criterion.level(item["level"]).points:
            initial[f"points_{criterion.index}"] = Decimal(f"{points.normalize():f}")
    return initial


def replace_value(form: forms.Form, name: str, value: str) -> None:
    """Have a bound form show another value in a hidden field; all that was typed stays."""
    form.data = {**dict(form.data.items()), form.add_prefix(name): value}
