"""The errors that every service of every app raises."""


class DomainError(Exception):
    """A request that the rules of FlexAGE refuse.

    Pages show `message` to the person who asked; the API answers 400 with it, unless one of the
    subclasses below says more.

    Attributes:
        code: a stable word for programs, such as `already_enrolled`.
        message: a sentence for people that says what to do.
        field: the input that the message belongs to, or empty for the whole request.
    """

    def __init__(self, code: str, message: str, *, field: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.field = field


class ForbiddenError(DomainError):
    """Whoever asked may not do this (HTTP 403)."""


class MissingError(DomainError):
    """What the request speaks of does not exist (HTTP 404)."""


class ConflictError(DomainError):
    """The request was right, but something changed meanwhile (HTTP 409)."""
