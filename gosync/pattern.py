"""Regular expressions that are compiled when they are first used. Pure.

To compile one takes 0.05 to 1 ms, and a command uses few of those that its modules
have.
"""

from __future__ import annotations

import re
from typing import AnyStr, cast


class _Uncompiled:
    """Stands for a compiled pattern; what was asked of it once is an attribute."""

    def __init__(self, pattern: str | bytes, flags: int) -> None:
        self.pattern = pattern
        self._flags = flags

    def __getattr__(self, name: str) -> object:
        value = getattr(re.compile(self.pattern, self._flags), name)
        setattr(self, name, value)
        return value


def compile_on_use(pattern: AnyStr, flags: int = 0) -> re.Pattern[AnyStr]:
    """Return what ``re.compile`` does, compiled when it is asked for something else.

    The module's own functions (``re.sub`` ...) do not take it: call its methods.
    """
    return cast("re.Pattern[AnyStr]", _Uncompiled(pattern, flags))
