"""Which language explanations are in: English or Chinese. Pure.

As of every program that follows POSIX, LC_ALL goes before LC_MESSAGES, and that before
LANG; the first that is set and not empty decides.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Final


class Language(StrEnum):
    """A language that the catalogue has texts in."""

    ENGLISH = "en"
    CHINESE = "zh"


def language_of(environment: Mapping[str, str]) -> Language:
    """Return the language of a process's environment; English where nothing says."""
    said = (environment.get(name) for name in ("LC_ALL", "LC_MESSAGES", "LANG"))
    locale = next(filter(None, said), "")
    return Language.CHINESE if locale.startswith("zh") else Language.ENGLISH


# A web server shows the first one; each page links to the other.
PAGE_FILES: Final = {Language.ENGLISH: "index.html", Language.CHINESE: "index.zh.html"}
