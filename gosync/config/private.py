"""Sections ``[[private]]``, made into the repositories that private modules come from.

Where credentials are needed git has its own ways (a credential helper, ~/.netrc, ssh's
keys); a URL that holds any is refused. ``ssh://git@host`` names a user, and no secret.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import partial
from typing import Final
from urllib.parse import urlsplit

from gosync.config.durations import parse_duration
from gosync.config.mistakes import Key, Mistakes
from gosync.config.schema import FileSchema, PrivateSection
from gosync.config.sizes import parse_size
from gosync.errors import ConfigError
from gosync.gomod.patterns import PatternSet
from gosync.upstream.route import OwnSource

_SCHEMES: Final = frozenset({"file", "https", "ssh"})
_PLACEHOLDER: Final = re.compile(r"\{[^}]*\}?|\}")
_KNOWN: Final = frozenset({"{path}", "{module}"})


def private_patterns(sections: FileSchema) -> tuple[str, ...]:
    """Return the GOPRIVATE patterns of all that is private."""
    own = (each.pattern for each in sections.private)
    return tuple(dict.fromkeys((*sections.upstream.private, *own)))


def make_private(
    sections: Sequence[PrivateSection], mistakes: Mistakes
) -> tuple[OwnSource, ...]:
    """Return the repositories; what is wrong is noted and left out."""
    found = (
        _own(each, ("private", number), mistakes)
        for number, each in enumerate(sections, start=1)
    )
    return tuple(each for each in found if each is not None)


def _own(section: PrivateSection, key: Key, mistakes: Mistakes) -> OwnSource | None:
    before = len(mistakes.found)
    mistakes.attempt((*key, "pattern"), partial(_check_pattern, section.pattern), None)
    mistakes.attempt((*key, "git"), partial(_check_url, section.git), None)
    seconds = mistakes.attempt(
        (*key, "time_limit"),
        lambda: parse_duration(section.time_limit).total_seconds(),
        0.0,
    )
    size = partial(parse_size, section.max_bytes)
    max_bytes = mistakes.attempt((*key, "max_bytes"), size, 0)
    if len(mistakes.found) > before:
        return None
    pattern = PatternSet(section.pattern.split(","))
    return OwnSource(pattern, section.git, section.depth, seconds, max_bytes)


def _check_pattern(text: str) -> None:
    if not text.strip(","):
        raise ConfigError("names no module", hint='write "corp.example/*"')


def _check_url(text: str) -> None:
    parts = urlsplit(text)
    if parts.scheme not in _SCHEMES:
        raise ConfigError("must be a file, https or ssh URL")
    if parts.scheme != "file" and not parts.hostname:
        raise ConfigError("names no host")
    if parts.query or parts.fragment or parts.password is not None:
        hint = "give credentials to git: a credential helper, or ~/.netrc"
        raise ConfigError("must hold no credentials", hint=hint)
    unknown = set(_PLACEHOLDER.findall(text)) - _KNOWN
    if unknown:
        raise ConfigError("knows {path} and {module} alone")
