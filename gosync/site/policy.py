"""What the site wants: selectors, selects and the policy they make. Pure.

A selector is one entry of ``[[select]] modules`` or one line of a
``modules_file``::

    example.com/m                  the module, its select's version rule
    example.com/m@v1.2.3           this version
    example.com/m@v1.2.3/go.mod    only this version's .mod (go.sum's spelling)
    example.com/m@latest           the newest version that its select's rule leaves
    rsc.io/*                       a GOPRIVATE pattern, found by the index

A tool is an entry of ``[[select]] tools``, in the words of ``go install``::

    golang.org/x/tools/gopls@latest
    github.com/go-delve/delve/cmd/dlv@v1.25.2

Several selects may name one module; it gets the union of what they ask for. A
version that is named exactly is taken as it is: of its select's keys only
``deps`` concerns it.

Private modules are never found by pattern, because the index is public. Nor are
toolchains, which ``[toolchains]`` chooses: a pattern like ``golang.org/*`` would
bring every release for every platform.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from functools import cached_property

import msgspec
from msgspec.structs import replace

from gosync.catalog.versions import Need
from gosync.errors import MalformedError
from gosync.gomod import module, semver
from gosync.gomod.deps import Deps
from gosync.gomod.patterns import PatternSet, is_literal
from gosync.site.rules import EVERY_VERSION, Pick, VersionRule, check_pattern

LATEST = "latest"
IMPLIED = 0
"""The number of the select that no ``[[select]]`` is."""
IMPLIED_BY = "vulndb.source"
"""The key that implies what it selects."""
_MOD_SUFFIX = "/go.mod"
# go refuses to take these from any proxy: they come with the toolchain.
_BUILT_IN = frozenset({"golang.org/fips140"})
_NEVER_BY_PATTERN = _BUILT_IN | {"golang.org/toolchain"}
# The number grows when the same configuration begins to choose differently.
_MEANING = 1
# Three modules that share nothing: neither a letter of the host nor a depth below
# three. What matches them all does not depend on the name.
_UNRELATED = ("github.com/acme/tool", "k8s.io/klog/v2", "zombiezen.dev/x/y")


class Selector(msgspec.Struct, frozen=True):
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


class Tool(msgspec.Struct, frozen=True, order=True):
    """A program that clients install.

    Attributes:
        package: The path of its package.
        query: A canonical version of its module, or "latest".
    """

    package: str
    query: str

    def __str__(self) -> str:
        return f"{self.package}@{self.query}"


class Select(msgspec.Struct, frozen=True):
    """One ``[[select]]``.

    Attributes:
        selectors: What it names.
        versions: The rule for those without a version.
        deps: Which dependencies come along.
        tools: The programs that are carried with what it takes to install them.
        together: Whether who requires all of its modules at once finds all, too.
    """

    selectors: tuple[Selector, ...]
    versions: VersionRule = EVERY_VERSION
    deps: Deps = Deps.NONE
    tools: tuple[Tool, ...] = ()
    together: bool = False


class Rule(msgspec.Struct, frozen=True):
    """What one select wants of one module.

    Attributes:
        select: The select's number, from 1 on, or IMPLIED.
        versions: Which versions of its list; None for an exact one.
        exact: The version that is named, if ``versions`` is None.
        need: How much of each version.
        deps: Which dependencies come along.
        by_pattern: Whether a pattern found the module: then it is no error that
            none of its versions fits.
    """

    select: int
    versions: VersionRule | None
    exact: str = ""
    need: Need = Need.ZIP
    deps: Deps = Deps.NONE
    by_pattern: bool = False


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
            "selector",
            text,
            "the version must be canonical (v1.2.3) or latest;"
            " a range stands in the select's versions",
        )
    module.check(path, version)
    return Selector(path, version, need)


def _pattern_selector(text: str, glob: str, query: str) -> Selector:
    if query not in ("", "latest"):
        raise MalformedError(
            "selector", text, "a pattern cannot name a version, only latest"
        )
    check_pattern("selector", text, glob)
    return Selector(glob, query, is_pattern=True)


def parse_tool(text: str) -> Tool:
    """Parse one tool.

    Raises:
        MalformedError: if it is no package path with a version.
    """
    package, _, query = text.strip().partition("@")
    if not query:
        raise MalformedError("tool", text, "names no version; @latest is one")
    if "..." in package:
        raise MalformedError("tool", text, "patterns name no single program")
    module.check_import_path(package)
    if "." not in package.split("/")[0]:
        raise MalformedError("tool", text, "comes with go, never from a proxy")
    if query != LATEST and (
        module.canonical_version(query) != query or not semver.is_valid(query)
    ):
        raise MalformedError(
            "tool", text, "the version must be canonical (v1.2.3) or latest"
        )
    return Tool(package, query)


def parse_selectors(lines: Iterable[str]) -> Iterator[Selector]:
    """Parse a modules file's lines; ``#`` starts a comment.

    Raises:
        MalformedError: for the first line that is no selector.
    """
    for line in lines:
        text = line.partition("#")[0].strip()
        if text:
            yield parse_selector(text)


def check_select(select: Select) -> None:
    """Check that a select does not exclude what it names by its path.

    Raises:
        MalformedError: if it does.
    """
    if not select.versions.exclude:
        return
    for selector in select.selectors:
        if selector.is_pattern:
            continue
        version = "" if selector.query == "latest" else selector.query
        ranges = select.versions.exclusions_of(selector.path)
        if select.versions.excludes_module(selector.path) or (
            version and any(each.holds(version) for each in ranges)
        ):
            named = f"{selector.path}@{version}" if version else selector.path
            reason = "the same select excludes it; drop one of the two"
            raise MalformedError("selector", named, reason)


class Policy:
    """Everything the configuration selects.

    Attributes:
        selects: The ``[[select]]`` blocks in order.
        private: The GOPRIVATE patterns.
        exact: The rules of each module that is named by its path.
        patterns: The rules of each glob.
        tools: The programs of all selects, each once.
        implied: Modules that another key of the configuration needs, and no select
            names by their paths.
    """

    def __init__(
        self,
        selects: Iterable[Select],
        private: Iterable[str] = (),
        *,
        implied: Iterable[Selector] = (),
    ) -> None:
        self.selects = tuple(selects)
        self.private = tuple(private)
        self.exact: dict[str, tuple[Rule, ...]] = {}
        self.patterns: dict[str, tuple[Rule, ...]] = {}
        for number, select in enumerate(self.selects, start=1):
            self._index(select, number)
        self.implied = Select(tuple(e for e in implied if e.path not in self.exact))
        self._index(self.implied, IMPLIED)
        self.tools = tuple(
            dict.fromkeys(tool for select in self.selects for tool in select.tools)
        )
        self._private = PatternSet(self.private)
        self._any = PatternSet(self.patterns)
        self._compiled = [
            (PatternSet([glob]), rules) for glob, rules in self.patterns.items()
        ]

    def _index(self, select: Select, number: int) -> None:
        rules: dict[tuple[str, Need, bool], Rule] = {}
        for selector in select.selectors:
            kind = (selector.query, selector.need, selector.is_pattern)
            if kind not in rules:
                rules[kind] = _rule(select, number, selector)
            table = self.patterns if selector.is_pattern else self.exact
            there = table.get(selector.path, ())
            if rules[kind] not in there:
                table[selector.path] = (*there, rules[kind])

    def select(self, number: int) -> Select:
        """Return the select of a number, as rules name it."""
        return self.implied if number == IMPLIED else self.selects[number - 1]

    def is_private(self, path: str) -> bool:
        """Return whether the module is never asked of public services."""
        return self._private.match(path)

    def selected_public(self, lines: str) -> set[str]:
        """Return the modules that a select names and the index may know.

        Args:
            lines: The paths of some modules, a line each.
        """
        named = self._any.matching_lines(lines) - _NEVER_BY_PATTERN
        if self.exact:
            named.update(self.exact.keys() & lines.split("\n"))
        return {path for path in named - _BUILT_IN if not self.is_private(path)}

    def _found_by_pattern(self, path: str) -> bool:
        return self._any.match(path) and path not in _NEVER_BY_PATTERN

    def rules_for(self, path: str) -> tuple[Rule, ...]:
        """Return all rules about a module, those that name its path first."""
        rules = self.exact.get(path, ())
        if self._any and not self.is_private(path) and self._found_by_pattern(path):
            for pattern, wanted in self._compiled:
                if pattern.match(path):
                    rules += tuple(rule for rule in wanted if rule not in rules)
        return tuple(rule for rule in rules if not _excludes(rule, path))

    def follows(self, path: str) -> bool:
        """Return whether a rule can only be answered by the module's list."""
        return any(rule.versions is not None for rule in self.rules_for(path))

    def asks_for_times(self, path: str) -> bool:
        """Return whether it matters since when the module's versions are known."""
        rules = (rule.versions for rule in self.rules_for(path))
        return any(rule.min_age_days or rule.since for rule in rules if rule)

    @property
    def matches_everything(self) -> tuple[str, ...]:
        """The patterns that select the whole index, like ``*`` or ``*/*``.

        A pattern is held to do so when it matches several modules whose names
        have nothing in common; ``github.com/*`` does not, nor does ``*.com``.
        """
        return tuple(
            glob
            for glob in self.patterns
            if all(map(PatternSet([glob]).match, _UNRELATED))
        )

    def fingerprint(self) -> str:
        """Return a digest that changes when any choice could."""
        return self._fingerprint

    @cached_property
    def _fingerprint(self) -> str:
        parts: tuple[object, ...] = (_MEANING, self.selects, self.private)
        if self.implied.selectors:
            parts = (*parts, self.implied)
        return hashlib.sha256(repr(parts).encode()).hexdigest()


def _rule(select: Select, number: int, selector: Selector) -> Rule:
    deps = Deps.NONE if selector.need is Need.MOD else select.deps
    if selector.query not in ("", "latest"):
        return Rule(number, None, selector.query, selector.need, deps)
    versions = select.versions
    if selector.query:
        versions = replace(versions, pick=Pick.LATEST, count=1)
    return Rule(number, versions, deps=deps, by_pattern=selector.is_pattern)


def _excludes(rule: Rule, path: str) -> bool:
    return rule.versions is not None and rule.versions.excludes_module(path)
