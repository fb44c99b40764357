"""Who may do what to components: one predicate each, for the button and for the request."""

from accounts.models import User
from accounts.rules import can_configure
from components.models import Component, Enrollment

__all__ = ["can_configure", "can_manage", "is_enrolled"]


def can_manage(user: User, component: Component) -> bool:
    """May change this component, its entries, its people, and the outcomes in it."""
    return Component.objects.managed_by(user).filter(pk=component.pk).exists()


def is_enrolled(user: User, component: Component) -> bool:
    """Has a student's place in this component."""
    return user.is_active and Enrollment.objects.filter(student=user, component=component).exists()
