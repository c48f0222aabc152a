"""How much may go at once before somebody is asked: one rule for all that removes.

A publish counts the versions that would leave a tree, a prune and an import those
that a selection lets go. More than the limit is rarely meant: a wrong pattern, a wrong
configuration. Where somebody sits at a terminal they are asked, elsewhere nothing is
done. What an operator withdrew is not counted.
"""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from gosync.errors import TooManyDeletesError
from gosync.hint import Hint


class DeleteLimit(msgspec.Struct, frozen=True):
    """How many versions may go at once.

    Attributes:
        at_most: How many may go unasked.
        ask: Asks somebody whether more may, None where nobody is there.
    """

    at_most: int = 100
    ask: Callable[[str], bool] | None = None

    def check(self, count: int, what: str, *, hint: Hint | str) -> None:
        """Check that so many may go.

        Args:
            count: How many would go.
            what: A sentence that says so, for who is asked.
            hint: What to do where nobody is there.

        Raises:
            TooManyDeletesError: if they may not.
        """
        if count <= self.at_most:
            return
        what = f"{what}, more than {self.at_most}"
        if self.ask is None or not self.ask(what):
            raise TooManyDeletesError(what, hint=hint)

    def allowing(self, count: int) -> DeleteLimit:
        """Return the limit for what follows from an answer that was given."""
        return msgspec.structs.replace(self, at_most=max(self.at_most, count))
