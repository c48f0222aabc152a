"""Which version ``latest`` means (golang.org/ref/mod, #version-queries).

1. ``+incompatible`` versions do not count when the highest compatible one, be it
   a pre-release, has a go.mod: its author keeps to import compatibility.
2. The highest release is meant; without any, the highest pre-release.
3. The go.mod of what 1 and 2 yield says which versions are retracted. These are
   as if they did not exist, and 1 and 2 choose among the others.
4. When nothing is left, or nothing was listed, what ``@latest`` names is meant,
   if it is not retracted.

A go.mod costs a request or a read, so the rule is a generator: it yields the
versions whose go.mod decides, three at most, and is sent what these say.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence

import msgspec

from gosync.errors import MalformedError
from gosync.gomod import semver
from gosync.gomod.modfile import Retraction, parse_lax, synthesize
from gosync.gomod.versionlist import newest

_INCOMPATIBLE = "+incompatible"


class GoModFacts(msgspec.Struct, frozen=True):
    """What a version's go.mod says about other versions.

    Attributes:
        is_own: Whether it is its author's, not made up for a module without.
        retracted: The intervals that it retracts.
    """

    is_own: bool
    retracted: tuple[Retraction, ...] = ()

    def allow(self, version: str) -> bool:
        """Return whether no interval covers the version."""
        return not any(
            semver.compare(each.low, version) <= 0 <= semver.compare(each.high, version)
            for each in self.retracted
        )


class Latest(msgspec.Struct, frozen=True):
    """What ``latest`` means among listed versions.

    Attributes:
        version: The version; None when all are retracted, or none was listed.
        top: What it would be if nothing were retracted.
        facts: What the go.mod of ``top`` says.
    """

    version: str | None
    top: str | None
    facts: GoModFacts

    def or_unlisted(self, version: str | None) -> str | None:
        """Return the version, else this unlisted one, else the retracted top."""
        if self.version is None and version is not None and self.facts.allow(version):
            return version
        return self.version or self.top


def read_facts(path: str, go_mod: bytes) -> GoModFacts:
    """Read a ``.mod``.

    Raises:
        MalformedError: It is broken, or something else: it names no module.
        TooLargeError: More than 16 MiB.
    """
    parsed = parse_lax(go_mod)
    if not parsed.module:
        raise MalformedError("go.mod", path, "has no module line")
    return GoModFacts(go_mod != synthesize(path), parsed.retract)


def find_latest(listed: Sequence[str]) -> Generator[str, GoModFacts, Latest]:
    """Find what ``latest`` means; yields versions, is sent their GoModFacts.

    Args:
        listed: Canonical versions of one module, pseudo-versions left out.
    """
    known: dict[str, GoModFacts] = {}
    top = yield from _highest(listed, known)
    if top is None:
        return Latest(None, None, GoModFacts(is_own=False))
    facts = yield from _facts_of(top, known)
    allowed = [version for version in listed if facts.allow(version)]
    return Latest((yield from _highest(allowed, known)), top, facts)


def latest_of(listed: Sequence[str], read: Callable[[str], GoModFacts]) -> Latest:
    """Find what ``latest`` means, with a function that has every go.mod."""
    asking = find_latest(listed)
    try:
        version = next(asking)
        while True:
            version = asking.send(read(version))
    except StopIteration as end:
        return answer_of(end)


def answer_of(end: StopIteration) -> Latest:
    """Return what ``find_latest`` ended with."""
    found = end.value
    assert isinstance(found, Latest)
    return found


def _facts_of(
    version: str, known: dict[str, GoModFacts]
) -> Generator[str, GoModFacts, GoModFacts]:
    if version not in known:
        known[version] = yield version
    return known[version]


def _highest(
    versions: Sequence[str], known: dict[str, GoModFacts]
) -> Generator[str, GoModFacts, str | None]:
    compatible = [each for each in versions if not each.endswith(_INCOMPATIBLE)]
    judge = semver.max_version(compatible)
    if judge is None or len(compatible) == len(versions):
        return newest(versions)
    facts = yield from _facts_of(judge, known)
    return newest(compatible if facts.is_own else versions)
