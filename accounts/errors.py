"""The error that every service of every app raises."""


class DomainError(Exception):
    """A request that the rules of FlexAGE refuse.

    Pages show `message` to the person who asked, the API answers it as `detail`.

    Attributes:
        code: a stable word for programs, such as `already_enrolled`.
        message: a sentence for people that says what to do.
        field: the input that the message belongs to, or empty for the whole request.
        is_conflict: the request was right, but something changed meanwhile (HTTP 409).
    """

    def __init__(
        self, code: str, message: str, *, field: str = "", is_conflict: bool = False
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.field = field
        self.is_conflict = is_conflict
