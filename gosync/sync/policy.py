"""What the site wants: selectors, selects and the policy they make. Pure.

A selector is one entry of ``[[select]] modules`` or one line of a
``modules_file``::

    example.com/m                  the module, its select's version rule
    example.com/m@v1.2.3           this version
    example.com/m@v1.2.3/go.mod    only this version's .mod (go.sum's spelling)
    example.com/m@latest           the newest version, by Go's rule
    rsc.io/*                       a GOPRIVATE pattern, found by the index

Several selects may name one module; it gets the union of what they ask for.

Other version rules (ranges, "latest:3") become further members of VersionRule
and further branches of ``plan.choose``; projects and dependencies become
further producers of ModuleRule.versions.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from gosync.catalog.versions import Need
from gosync.errors import MalformedError
from gosync.gomod import module, semver
from gosync.gomod.patterns import PatternSet, is_literal

_MOD_SUFFIX = "/go.mod"
# go refuses to take these from any proxy: they come with the toolchain.
_BUILT_IN = frozenset({"golang.org/fips140"})


class VersionRule(StrEnum):
    """Which versions of a module a select asks for."""

    ALL = "all"
    LATEST = "latest"


@dataclass(frozen=True, slots=True)
class Selector:
    """One parsed entry.

    Attributes:
        path: A module path, or a GOPRIVATE glob when ``is_pattern``.
        query: A canonical version, "latest", or "" for the select's rule.
        need: MOD when only the go.mod is asked for.
        is_pattern: Whether ``path`` is a glob.
    """

    path: str
    query: str = ""
    need: Need = Need.ZIP
    is_pattern: bool = False


@dataclass(frozen=True, slots=True)
class Select:
    """One ``[[select]]``: its selectors and the rule for those without query."""

    selectors: tuple[Selector, ...]
    versions: VersionRule = VersionRule.ALL


@dataclass(frozen=True, slots=True)
class ModuleRule:
    """What all selects together want of one module.

    Attributes:
        all: Every version that list or the index names.
        latest: The newest version.
        versions: Exact versions and what is needed of each.
    """

    all: bool = False
    latest: bool = False
    versions: tuple[tuple[str, Need], ...] = ()

    @property
    def asks_list(self) -> bool:
        """Whether the rule can only be answered by asking the upstream's list."""
        return self.all or self.latest

    def fingerprint(self) -> str:
        """Return a short text that changes when the listed versions would."""
        return f"{int(self.all)}{int(self.latest)}"

    def merge(self, other: ModuleRule) -> ModuleRule:
        """Return the union of two rules; a zip includes its go.mod."""
        needs: dict[str, Need] = {}
        for version, need in (*self.versions, *other.versions):
            if needs.get(version) is not Need.ZIP:
                needs[version] = need
        return ModuleRule(
            all=self.all or other.all,
            latest=self.latest or other.latest,
            versions=tuple(sorted(needs.items())),
        )


NOTHING = ModuleRule()


def parse_selector(text: str) -> Selector:
    """Parse one selector.

    Raises:
        MalformedError: if it is neither a module path, a pattern, nor either
            of these with a query that fits.
    """
    path, at, query = text.strip().partition("@")
    if at and not query:
        raise MalformedError("selector", text, "nothing after the @")
    if not is_literal(path):
        return _pattern_selector(text, path, query)
    module.check_path(path)
    if path in _BUILT_IN:
        raise MalformedError("selector", text, "comes with go, never from a proxy")
    if query in ("", "latest"):
        return Selector(path, query)
    need = Need.MOD if query.endswith(_MOD_SUFFIX) else Need.ZIP
    version = query.removesuffix(_MOD_SUFFIX)
    if module.canonical_version(version) != version or not semver.is_valid(version):
        raise MalformedError(
            "selector", text, "the version must be canonical (v1.2.3) or latest"
        )
    module.check(path, version)
    return Selector(path, version, need)


def _pattern_selector(text: str, glob: str, query: str) -> Selector:
    if query not in ("", "latest"):
        raise MalformedError(
            "selector", text, "a pattern cannot name a version, only latest"
        )
    if "," in glob:
        raise MalformedError("selector", text, "one pattern an entry, no commas")
    PatternSet([glob])
    return Selector(glob, query, is_pattern=True)


def parse_selectors(lines: Iterable[str]) -> Iterator[Selector]:
    """Parse a modules file's lines; ``#`` starts a comment.

    Raises:
        MalformedError: for the first line that is no selector.
    """
    for line in lines:
        text = line.partition("#")[0].strip()
        if text:
            yield parse_selector(text)


def _rule_of(selector: Selector, versions: VersionRule) -> ModuleRule:
    if selector.query == "latest":
        return ModuleRule(latest=True)
    if selector.query:
        return ModuleRule(versions=((selector.query, selector.need),))
    if versions is VersionRule.LATEST:
        return ModuleRule(latest=True)
    return ModuleRule(all=True)


class Policy:
    """Everything the configuration selects.

    Attributes:
        selects: The ``[[select]]`` blocks in order.
        exact: What is wanted of each module that is named by its path.
        patterns: What is wanted of each module that a glob matches.
    """

    def __init__(self, selects: Iterable[Select], private: Iterable[str] = ()) -> None:
        self.selects = tuple(selects)
        self.private = tuple(private)
        self.exact: dict[str, ModuleRule] = {}
        self.patterns: dict[str, ModuleRule] = {}
        for select in self.selects:
            self._index(select)
        self._private = PatternSet(self.private)
        self._any = PatternSet(self.patterns)
        self._compiled = [
            (PatternSet([glob]), rule) for glob, rule in self.patterns.items()
        ]

    def _index(self, select: Select) -> None:
        for selector in select.selectors:
            table = self.patterns if selector.is_pattern else self.exact
            rule = _rule_of(selector, select.versions)
            table[selector.path] = table.get(selector.path, NOTHING).merge(rule)

    def is_private(self, path: str) -> bool:
        """Return whether the module is never asked of public services."""
        return self._private.match(path)

    def selects_public(self, path: str) -> bool:
        """Return whether a select names this module and the index may know it."""
        if self.is_private(path) or path in _BUILT_IN:
            return False
        return path in self.exact or self._any.match(path)

    def rule_for(self, path: str) -> ModuleRule:
        """Return what is wanted of a module; NOTHING when no select names it.

        Private modules are never found by pattern: the index is public.
        """
        rule = self.exact.get(path, NOTHING)
        if self._any.match(path) and not self.is_private(path):
            for pattern, wanted in self._compiled:
                if pattern.match(path):
                    rule = rule.merge(wanted)
        return rule
