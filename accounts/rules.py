"""Who may do what to accounts: one predicate each, for the button and for the request."""

from accounts.enums import Role
from accounts.models import User


def can_configure(user: User) -> bool:
    """May author components at all."""
    return user.is_active and user.role in {Role.CONFIGURATOR, Role.ADMIN}


def can_study(user: User) -> bool:
    """May use the student pages."""
    return user.is_active and user.is_student


def can_give_role(user: User | None, role: str) -> bool:
    """May make an account of this role; only an admin, or the command line, makes an admin."""
    if user is None:
        return True
    return can_configure(user) and (user.is_admin or role != Role.ADMIN)
