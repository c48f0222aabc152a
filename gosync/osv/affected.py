"""Which versions an entry affects, and where it is fixed. Pure.

By the SEMVER ranges of the entry, as golang.org/x/vulndb and govulncheck read them: a
version is affected from an ``introduced`` on until the next ``fixed``; a module
without ranges is affected in all versions. The fixed version is the last ``fixed``
that no later ``introduced`` takes back. Of the standard library and the toolchain the
versions are Go's own, as ``1.22.3``. An entry may name a module more than once, each
time with other ranges: it affects what any of them does.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from gosync.gomod import semver
from gosync.osv.entry import (
    AffectedModule,
    AffectedRange,
    GoSpecific,
    RangeEvent,
    VulnEntry,
)

_SEMVER: Final = "SEMVER"
_FIRST: Final = "0"


def modules_of(entry: VulnEntry) -> Iterator[AffectedModule]:
    """Yield the modules that an entry names, each once, with all that it says of it."""
    named: dict[str, list[AffectedModule]] = {}
    for each in entry.affected:
        named.setdefault(each.package.name, []).append(each)
    for parts in named.values():
        yield parts[0] if len(parts) == 1 else _joined(parts)


def _joined(parts: Sequence[AffectedModule]) -> AffectedModule:
    """Return one for several about one module; without ranges or imports means all."""
    ranges = [_semver(each) for each in parts]
    imports = [each.ecosystem_specific.imports for each in parts]
    return AffectedModule(
        parts[0].package,
        tuple(one for each in ranges for one in each) if all(ranges) else (),
        GoSpecific(
            tuple(dict.fromkeys(one for each in imports for one in each))
            if all(imports)
            else ()
        ),
    )


def is_affected(module: AffectedModule, version: str) -> bool:
    """Return whether a version of the module is affected.

    Args:
        module: What an entry says of it.
        version: A version, with its ``v``.
    """
    ranges = _semver(module)
    return not ranges or any(_is_in(each, version) for each in ranges)


def fixed_in(module: AffectedModule) -> str:
    """Return the version that fixes it, without ``v``, or "" for none."""
    fixed = ""
    for each in _semver(module):
        for event in sorted(each.events, key=_place):
            if event.introduced is not None:
                fixed = ""
            elif event.fixed is not None:
                fixed = event.fixed
    return fixed


def fixes_after(module: AffectedModule, version: str) -> str:
    """Return the first fix above a version that no range affects, with ``v``, or ""."""
    events = (event for each in module.ranges for event in each.events)
    fixes = (_tagged(e.fixed) for e in events if e.fixed is not None)
    above = [each for each in fixes if semver.compare(each, version) > 0]
    sound = (each for each in above if not is_affected(module, each))
    return min(sound, key=semver.version_key, default="")


def _semver(module: AffectedModule) -> list[AffectedRange]:
    return [each for each in module.ranges if each.type == _SEMVER]


def _is_in(events_of: AffectedRange, version: str) -> bool:
    affected = False
    for event in sorted(events_of.events, key=_place):
        if _is_above(event, version):
            break
        affected = event.introduced is not None
    return affected


def _is_above(event: RangeEvent, version: str) -> bool:
    at = _version_of(event)
    return at != _FIRST and semver.compare(_tagged(at), version) > 0


def _place(event: RangeEvent) -> tuple[bool, semver.VersionKey | None, bool]:
    at = _version_of(event)
    key = None if at == _FIRST else semver.version_key(_tagged(at))
    return at != _FIRST, key, event.fixed is not None


def _version_of(event: RangeEvent) -> str:
    return event.introduced or event.fixed or _FIRST


def _tagged(version: str) -> str:
    return f"v{version}"
