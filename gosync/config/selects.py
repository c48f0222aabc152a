"""From the file's ``[[select]]`` sections to the policy.

Every error names the select by its number; one in a ``modules_file`` names that
file. A pattern needs an index, which alone knows what modules there are.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from msgspec.structs import replace

from gosync.config.files import read_text
from gosync.config.schema import FileSchema, SelectSection, UpstreamSection
from gosync.config.sizes import parse_size
from gosync.errors import ConfigError, MalformedError
from gosync.gomod.patterns import match_prefix_patterns
from gosync.sync.policy import (
    Policy,
    Select,
    Selector,
    check_select,
    parse_selector,
    parse_selectors,
)
from gosync.sync.rules import (
    VersionRule,
    parse_exclusion,
    parse_since,
    parse_versions,
)


def make_policy(sections: FileSchema, base: Path) -> Policy:
    """Return the policy of all selects.

    Args:
        sections: The file's values.
        base: The folder that relative paths count from.

    Raises:
        ConfigError: if one is wrong.
    """
    selects = [
        _numbered_select(section, number, base)
        for number, section in enumerate(sections.select, start=1)
    ]
    policy = Policy(selects, sections.upstream.private)
    for glob in policy.patterns:
        _check_findable(glob, sections.upstream)
    return policy


def _check_findable(glob: str, upstream: UpstreamSection) -> None:
    if not upstream.index:
        raise ConfigError(
            f"pattern {glob!r} needs upstream.index to find its modules",
            hint="set upstream.index, or name the module paths themselves",
        )
    if match_prefix_patterns(",".join(upstream.private), glob):
        raise ConfigError(
            f"pattern {glob!r} is private, and private names are never"
            " asked of the index",
            hint="name the module paths themselves",
        )


def _numbered_select(section: SelectSection, number: int, base: Path) -> Select:
    try:
        return _select(section, base)
    except MalformedError as exc:
        raise ConfigError(f"select {number}: {exc}", hint=exc.hint) from exc
    except ConfigError as exc:
        raise ConfigError(f"select {number}: {exc}", hint=exc.hint) from exc


def _select(section: SelectSection, base: Path) -> Select:
    selectors = tuple(_selectors(section, base))
    if not selectors:
        raise ConfigError("names no module", hint="set modules or modules_file")
    select = Select(selectors, _version_rule(section), section.deps)
    check_select(select)
    return select


def _version_rule(section: SelectSection) -> VersionRule:
    return replace(
        parse_versions(section.versions),
        prereleases=section.prereleases,
        pseudo=section.pseudo,
        retracted=section.retracted,
        exclude=tuple(map(parse_exclusion, section.exclude)),
        min_age_days=section.min_age,
        since=parse_since(section.since) if section.since else "",
        max_zip_bytes=parse_size(section.max_zip) if section.max_zip else None,
    )


def _selectors(section: SelectSection, base: Path) -> Iterator[Selector]:
    for text in section.modules:
        yield parse_selector(text)
    if section.modules_file:
        path = base / Path(section.modules_file).expanduser()
        try:
            yield from parse_selectors(read_text(path).splitlines())
        except MalformedError as exc:
            raise ConfigError(f"{path}: {exc}") from exc
