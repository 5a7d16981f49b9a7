"""The root of every refusal that a client or an operator is told about."""

from typing import Any, ClassVar


class Refusal(Exception):
    """A request that is refused for a reason its sender can act on.

    Leaves stand beside the code that raises them. `status` is the HTTP status, `code` the word that programs compare,
    the message a sentence for people, and `facts` further fields of the answer.
    """

    status: ClassVar[int] = 400
    code: str = "bad_request"

    def __init__(self, message: str, **facts: Any) -> None:
        super().__init__(message)
        self.message = message
        self.facts = facts
