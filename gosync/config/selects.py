"""Sections ``[[select]]``, made into the policy.

Every error names the select by its number; one in a ``modules_file`` names that
file. A pattern needs an index, which alone knows what modules there are.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from pathlib import Path

from msgspec.structs import replace

from gosync.config.files import read_text
from gosync.config.mistakes import Key, Mistakes
from gosync.config.places import ConfigPaths
from gosync.config.private import private_patterns
from gosync.config.schema import FileSchema, SelectSection, UpstreamSection
from gosync.config.sizes import parse_size
from gosync.errors import ConfigError, MalformedError
from gosync.gomod.deps import Deps
from gosync.gomod.patterns import match_prefix_patterns
from gosync.site.policy import (
    Policy,
    Select,
    Selector,
    Tool,
    check_select,
    parse_selector,
    parse_selectors,
    parse_tool,
)
from gosync.site.rules import (
    VersionRule,
    parse_exclusion,
    parse_since,
    parse_versions,
)


def make_policy(
    sections: FileSchema,
    places: ConfigPaths,
    mistakes: Mistakes,
    implied: Iterable[Selector] = (),
) -> Policy:
    """Return the policy of all selects; what is wrong is noted and left out.

    Args:
        sections: The file's values.
        places: Makes absolute paths.
        mistakes: Takes what is wrong.
        implied: What another key needs to be selected.
    """
    selects = [
        _select(section, ("select", number), places, mistakes)
        for number, section in enumerate(sections.select, start=1)
    ]
    private = private_patterns(sections)
    for number, select in enumerate(selects, start=1):
        for selector in select.selectors:
            if selector.is_pattern:
                mistakes.attempt(
                    ("select", number),
                    partial(_check_findable, selector.path, sections.upstream, private),
                    None,
                )
    return Policy(selects, private, implied=implied)


def _check_findable(
    glob: str, upstream: UpstreamSection, private: Sequence[str]
) -> None:
    if not (upstream.index or upstream.follow):
        raise ConfigError(
            f"pattern {glob!r} needs upstream.index to find its modules",
            hint="set upstream.index, or name the module paths themselves",
        )
    if match_prefix_patterns(",".join(private), glob):
        raise ConfigError(
            f"pattern {glob!r} is private, and private names are never"
            " asked of the index",
            hint="name the module paths themselves",
        )


def _select(
    section: SelectSection, key: Key, places: ConfigPaths, mistakes: Mistakes
) -> Select:
    before = len(mistakes.found)
    selectors = tuple(_selectors(section, key, places, mistakes))
    tools = tuple(_tools(section, key, mistakes))
    if not selectors and not tools and len(mistakes.found) == before:
        hint = "set modules, modules_file or tools"
        mistakes.add(key, ConfigError("names no module", hint=hint))
    select = Select(
        selectors,
        _version_rule(section, key, mistakes),
        _deps(section, key, mistakes),
        tools,
        section.together,
    )
    mistakes.attempt((*key, "exclude"), partial(check_select, select), None)
    return select


def _tools(section: SelectSection, key: Key, mistakes: Mistakes) -> Iterator[Tool]:
    for number, text in enumerate(section.tools, start=1):
        tool = mistakes.attempt(
            (*key, "tools", number), partial(parse_tool, text), None
        )
        if tool is not None:
            yield tool


def _deps(section: SelectSection, key: Key, mistakes: Mistakes) -> Deps:
    if section.together and section.deps is Deps.NONE:
        error = ConfigError(
            "together is about dependencies, and deps brings none along",
            hint='set deps = "build", or leave together out',
        )
        mistakes.add((*key, "together"), error)
    return section.deps


def _version_rule(section: SelectSection, key: Key, mistakes: Mistakes) -> VersionRule:
    exclude = (
        mistakes.attempt((*key, "exclude", n), partial(parse_exclusion, text), None)
        for n, text in enumerate(section.exclude, start=1)
    )
    return replace(
        mistakes.attempt(
            (*key, "versions"), partial(parse_versions, section.versions), VersionRule()
        ),
        prereleases=section.prereleases,
        pseudo=section.pseudo,
        retracted=section.retracted,
        exclude=tuple(each for each in exclude if each is not None),
        min_age_days=section.min_age,
        since=mistakes.attempt((*key, "since"), partial(_since, section.since), ""),
        max_zip_bytes=mistakes.attempt(
            (*key, "max_zip"), partial(_max_zip, section.max_zip), None
        ),
    )


def _since(text: str) -> str:
    return parse_since(text) if text else ""


def _max_zip(text: str) -> int | None:
    return parse_size(text) if text else None


def _selectors(
    section: SelectSection, key: Key, places: ConfigPaths, mistakes: Mistakes
) -> Iterator[Selector]:
    for number, text in enumerate(section.modules, start=1):
        selector = mistakes.attempt(
            (*key, "modules", number), partial(parse_selector, text), None
        )
        if selector is not None:
            yield selector
    if section.modules_file:
        file = (*key, "modules_file")
        path = places.path(file, section.modules_file)
        text = mistakes.attempt(file, partial(read_text, path), "")
        yield from _listed(path, text, file, mistakes)


def _listed(path: Path, text: str, key: Key, mistakes: Mistakes) -> Iterator[Selector]:
    """Yield the selectors of a modules file, and note its wrong lines."""
    for number, line in enumerate(text.splitlines(), start=1):
        try:
            yield from parse_selectors([line])
        except MalformedError as exc:
            mistakes.add(key, exc, file=str(path), line=number)
