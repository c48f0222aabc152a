"""403 for 404: whether a source answers 403 where it means that it has no such file.

Storage whose folders may not be listed does so, and mirrors over it. A control question
tells: a commit that nobody makes, of a module of which the source has just served a
file. Where that is forbidden, 403 is a no like 404; where it is 404, its 403 are meant
as they are (a policy's, say), and nobody else is asked what it refuses.
"""

from __future__ import annotations

from typing import Final

import anyio

from gosync.errors import GosyncError, NotFoundError, UpstreamStatusError
from gosync.upstream.circuit import Circuit
from gosync.upstream.http import Fetcher
from gosync.upstream.kept import FORBIDDEN_FOR_ABSENT
from gosync.upstream.manners import Manners
from gosync.upstream.options import MIB

ABSENT_VERSION: Final = "v0.0.0-00010101000000-000000000000"  # nobody makes this commit
FORBIDDEN: Final = 403
_OF_MODULES: Final = "/@v/"
_SECONDS: Final = 30.0


class ForbiddenAnswers:
    """What one source's 403 mean; asked once, at the first of them."""

    def __init__(self, fetcher: Fetcher, circuit: Circuit, manners: Manners) -> None:
        """Believe what was learned before, until it can be asked.

        Args:
            fetcher: Sends the control question.
            circuit: The source's; its gaps have what was learned.
            manners: How the source is asked.
        """
        self._fetcher = fetcher
        self._manners = manners
        self._circuit = circuit
        self._folder: str | None = None
        self._is_known = False
        self._asking = anyio.Lock()

    def note_served(self, url: str) -> None:
        """Take note of a file that the source has."""
        before, found, _ = url.partition(_OF_MODULES)
        if found:
            self._folder = before + found

    async def meant(self, error: UpstreamStatusError) -> GosyncError:
        """Return what an answer means: the error itself, or a definite no."""
        if error.status != FORBIDDEN or error.may_have_expired:
            return error
        async with self._asking:
            if not self._is_known and self._folder is not None:
                await self._ask(f"{self._folder}{ABSENT_VERSION}.info")
        if FORBIDDEN_FOR_ABSENT not in self._circuit.gaps:
            return error
        return NotFoundError(f"{error}; which it says of all that it does not have")

    async def _ask(self, control: str) -> None:
        asked = self._manners.asked(control)
        try:
            await self._fetcher.ask_aside(
                asked.url, limit_bytes=MIB, seconds=_SECONDS, headers=asked.headers
            )
        except UpstreamStatusError as exc:
            if exc.status == FORBIDDEN:
                self._circuit.gaps.add(FORBIDDEN_FOR_ABSENT)
                self._is_known = True
            return
        except NotFoundError:
            pass
        except GosyncError:
            return  # no answer tells nothing; the next one may
        self._circuit.gaps.discard(FORBIDDEN_FOR_ABSENT)
        self._is_known = True
