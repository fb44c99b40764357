"""How a component and an entry want their answers graded, and what a component used of late."""

from __future__ import annotations

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from components.models import Component, Entry
from grading.engine.types import Plan
from grading.models.providers import ProviderProfile

MAX_OPINIONS = 5


class ComponentGrading(models.Model):
    """What holds for all entries of a component. No row means the site's default, without limit."""

    component = models.OneToOneField(
        Component, models.CASCADE, primary_key=True, related_name="grading"
    )
    profile = models.ForeignKey(
        ProviderProfile,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("provider"),
    )
    calls_per_day = models.PositiveIntegerField(
        _("calls per day"),
        null=True,
        blank=True,
        help_text=_("Empty for no limit. What is beyond it waits for the next day."),
    )
    cost_per_day = models.DecimalField(
        _("cost per day"),
        max_digits=10,
        decimal_places=2,
        null=True,
        blank=True,
        validators=[MinValueValidator(0)],
        help_text=_("Empty for no limit. What is beyond it waits for the next day."),
    )

    class Meta:
        verbose_name = _("grading of a component")
        verbose_name_plural = _("grading of components")

    def __str__(self) -> str:
        return str(self.component_id)


class EntryGrading(models.Model):
    """What holds for one entry. No row means what its component has, and one opinion."""

    entry = models.OneToOneField(Entry, models.CASCADE, primary_key=True, related_name="grading")
    profile = models.ForeignKey(
        ProviderProfile,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("provider"),
    )
    opinions = models.PositiveSmallIntegerField(
        _("opinions"),
        default=1,
        validators=[MinValueValidator(1), MaxValueValidator(MAX_OPINIONS)],
        help_text=_(
            "How often each answer is judged, independently. Where opinions differ on a level, a "
            "person looks. Each one costs a call."
        ),
    )
    second_profile = models.ForeignKey(
        ProviderProfile,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("provider of further opinions"),
        help_text=_("Empty for the same one."),
    )
    per_criterion = models.BooleanField(
        _("one call per criterion"),
        null=True,
        blank=True,
        help_text=_("For long rubrics: slower and dearer, but each criterion gets full attention."),
    )
    min_words = models.PositiveSmallIntegerField(
        _("least number of words"),
        default=0,
        help_text=_(
            "A shorter answer gets the lowest levels at once, with this as the reason. 0 for none."
        ),
    )

    class Meta:
        verbose_name = _("grading of an entry")
        verbose_name_plural = _("grading of entries")
        constraints = [
            models.CheckConstraint(
                condition=Q(opinions__gte=1, opinions__lte=MAX_OPINIONS),
                name="entry_grading_has_opinions",
                violation_error_message=_("There is one opinion at least, and five at most."),
            )
        ]

    def __str__(self) -> str:
        return str(self.entry_id)

    def plan(self, *, per_criterion: bool) -> Plan:
        """The plan for one answer; `per_criterion` is the site's default."""
        own = self.per_criterion
        return Plan(self.opinions, per_criterion if own is None else own)


class DayUsage(models.Model):
    """What the grading of one component used on one day, by the site's calendar.

    Calls count when they begin; tokens and cost when they end.
    """

    component = models.ForeignKey(Component, models.CASCADE, related_name="usage")
    day = models.DateField()
    calls = models.PositiveIntegerField(default=0)
    input_tokens = models.PositiveBigIntegerField(default=0)
    output_tokens = models.PositiveBigIntegerField(default=0)
    cost = models.DecimalField(max_digits=14, decimal_places=6, default=0)

    class Meta:
        verbose_name = _("usage of a day")
        verbose_name_plural = _("usage of days")
        constraints = [
            models.UniqueConstraint(fields=["component", "day"], name="usage_once_a_day")
        ]

    def __str__(self) -> str:
        return f"{self.component_id} {self.day}"


class GradingBatch(models.Model):
    """Many submissions of an entry graded at one person's request: a bulk run.

    Its progress follows from its runs. Stopping pauses those that have not begun.
    """

    id = models.BigAutoField(primary_key=True)
    entry = models.ForeignKey(Entry, models.CASCADE, related_name="batches")
    requested_by = models.ForeignKey("accounts.User", models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField()
    stopped_at = models.DateTimeField(null=True)
    stopped_by = models.ForeignKey("accounts.User", models.SET_NULL, null=True, related_name="+")

    class Meta:
        ordering = ["-created_at"]
        verbose_name = _("bulk run")
        verbose_name_plural = _("bulk runs")

    def __str__(self) -> str:
        return f"{self.entry_id} {self.created_at:%Y-%m-%d %H:%M}"
