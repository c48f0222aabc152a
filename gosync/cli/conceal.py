"""Secret arguments: those that may hold a password are left out of what is said.

Who types a URL where a folder or a module belongs is told so by a verb that takes it
for one. The configuration's URLs never come here: they are parted from their secrets
when they are read.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

_URL_OR_LOGIN: Final = re.compile(r"://.*[@?#]|:.*@", re.DOTALL)
_SHOWN: Final = "..."


def without_secrets(text: str, arguments: Iterable[str]) -> str:
    """Return a message without the arguments that look like a URL with a secret."""
    for argument in arguments:
        if _URL_OR_LOGIN.search(argument):
            for form in _forms(argument):
                text = text.replace(form, _SHOWN)
    return text


def _forms(argument: str) -> Iterator[str]:
    """Yield an argument as a message may have it, the longest first."""
    value = argument.partition("=")[2] if argument.startswith("--") else argument
    yield argument
    yield value
    yield str(Path(value))
    yield value.rpartition("@")[0]
    yield str(Path(value).parent)
