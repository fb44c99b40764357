"""The closed sets of values that accounts use."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class Role(models.TextChoices):
    """What a user is here to do."""

    STUDENT = "student", _("Student")
    CONFIGURATOR = "configurator", _("Configurator")
    ADMIN = "admin", _("Admin")
