"""Keys ``publish.upper_tiles``, ``heads`` and ``heads_since``, made into options."""

from __future__ import annotations

from functools import partial

from gosync.config.mistakes import Mistakes
from gosync.config.places import ConfigPaths
from gosync.config.schema import PublishSection
from gosync.errors import ConfigError
from gosync.site.options import OldHeadSpec
from gosync.site.rules import parse_since

_MAX_SIZE = (1 << 63) - 1


def make_old_heads(
    publish: PublishSection, places: ConfigPaths, mistakes: Mistakes, *, has_index: bool
) -> OldHeadSpec:
    """Return which clients with an older tree head are served.

    Args:
        publish: The section.
        places: Makes paths.
        mistakes: Takes what is wrong: a size that is none, a time without an index.
        has_index: Whether there is an index that tells how large the log was.
    """
    sizes, notes = set(), []
    for number, value in enumerate(publish.heads, start=1):
        key, text = ("publish", "heads", number), str(value).strip()
        if text.lstrip("-").isdecimal():
            sizes.add(mistakes.attempt(key, partial(_size, text), 0))
        else:
            notes.append(places.path(key, text))
    since = mistakes.attempt(
        ("publish", "heads_since"),
        partial(_since, publish.heads_since, has_index=has_index),
        "",
    )
    return OldHeadSpec(
        upper=publish.upper_tiles,
        sizes=tuple(sorted(sizes - {0})),
        notes=tuple(notes),
        since=since,
    )


def _size(text: str) -> int:
    if not text.isascii() or len(text) > len(str(_MAX_SIZE)):
        raise ConfigError(f"{text:.40} is no size of a tree head")
    if not 0 < int(text) <= _MAX_SIZE:
        raise ConfigError(f"{text} is no size of a tree head")
    return int(text)


def _since(text: str, *, has_index: bool) -> str:
    if text and not has_index:
        raise ConfigError(
            "needs upstream.index: how large the log was at a time is told by the"
            " records of versions whose time the index names",
            hint="set upstream.index, or name sizes in publish.heads",
        )
    return parse_since(text) if text else ""
