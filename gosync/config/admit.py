"""Sections ``[[admit]]``, made into the scanners that new versions are shown to."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Final
from urllib.parse import urlsplit

from gosync.admit.verdict import ScannerSpec
from gosync.config.durations import parse_duration
from gosync.config.mistakes import Key, Mistakes
from gosync.config.schema import AdmitSection
from gosync.errors import ConfigError, MalformedError
from gosync.gomod.patterns import PatternSet
from gosync.site.rules import check_pattern

_SCHEMES: Final = frozenset({"http", "https"})


def make_scanners(
    sections: Sequence[AdmitSection], mistakes: Mistakes
) -> tuple[ScannerSpec, ...]:
    """Return the scanners; what is wrong is noted and left out."""
    names: set[str] = set()
    found = []
    for number, each in enumerate(sections, start=1):
        key = ("admit", number)
        if each.name in names:
            mistakes.add((*key, "name"), ConfigError(f"{each.name!r} is there twice"))
        names.add(each.name)
        found.append(_scanner(each, key, mistakes))
    return tuple(found)


def _scanner(section: AdmitSection, key: Key, mistakes: Mistakes) -> ScannerSpec:
    if bool(section.command) is bool(section.url):
        mistakes.add(key, ConfigError("wants either a command or a url"))
    mistakes.attempt((*key, "url"), partial(_check_url, section.url), None)
    for pattern in section.patterns:
        mistakes.attempt((*key, "patterns"), partial(_check_glob, pattern), None)
    seconds = mistakes.attempt(
        (*key, "time_limit"),
        lambda: parse_duration(section.time_limit).total_seconds(),
        0.0,
    )
    return ScannerSpec(
        name=section.name,
        command=section.command,
        url=section.url,
        version_command=section.version_command,
        modules=PatternSet(section.patterns),
        seconds=seconds,
        on_error=section.on_error,
    )


def _check_glob(pattern: str) -> None:
    try:
        check_pattern("patterns", pattern, pattern)
    except MalformedError as exc:
        raise ConfigError(str(exc)) from exc


def _check_url(text: str) -> None:
    if text and (urlsplit(text).scheme not in _SCHEMES or not urlsplit(text).hostname):
        raise ConfigError("must be an http or https URL")
