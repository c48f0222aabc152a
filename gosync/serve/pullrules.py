"""What may be pulled through: rules over modules and versions. Pure.

    deny      what it names may not be, whatever else is said
    allow     where it names anything, nothing else may be
    versions  and its neighbours, as for a select
    min_age   and since: when a version became known, as for a select (``ages``)

What a rule keeps away is refused with 403 where it is asked for by name, with the rule
in the text. A list leaves out what the rules do not select, so that ``@latest`` means
a version that can be had.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from gosync.clock import format_time, parse_time, shift
from gosync.gomod.patterns import PatternSet
from gosync.gomod.pseudo import is_pseudo_version
from gosync.gomod.semver import prerelease
from gosync.site.rules import VersionRule


class PullRules:
    """The rules of one server."""

    def __init__(
        self, allow: Iterable[str], deny: Iterable[str], versions: VersionRule
    ) -> None:
        allow = tuple(allow)
        self._allow = PatternSet(allow) if allow else None
        self._deny = PatternSet(deny)
        self._versions = versions

    @property
    def max_zip_bytes(self) -> int | None:
        """The largest zip that may be pulled, None for no limit."""
        return self._versions.max_zip_bytes

    def refusal(self, path: str, version: str = "") -> str:
        """Return which rule keeps something away, "" for none.

        Args:
            path: The module path.
            version: A canonical version; "" for the module as a whole.
        """
        if self._deny.match(path):
            return "serve.deny names the module"
        if self._allow is not None and not self._allow.match(path):
            return "serve.allow does not name the module"
        if self._versions.excludes_module(path):
            return "serve.exclude names the module"
        return self._of_version(path, version) if version else ""

    def _of_version(self, path: str, version: str) -> str:
        rule = self._versions
        if any(bounds.holds(version) for bounds in rule.exclusions_of(path)):
            return "serve.exclude names the version"
        if not rule.bounds.holds(version):
            return "it lies outside of serve.versions"
        if is_pseudo_version(version):
            return "" if rule.pseudo else "serve.pseudo is false"
        if prerelease(version) and not rule.prereleases:
            return "serve.prereleases is false"
        return ""

    @property
    def looks_at_age(self) -> bool:
        """Whether it counts when a version became known."""
        return bool(self._versions.min_age_days or self._versions.since)

    def refusal_of_age(self, known_since: str, now: datetime) -> str:
        """Return which rule of age keeps a version away, "" for none.

        Args:
            known_since: When it became known, an RFC 3339 time.
            now: What time it is.
        """
        rule = self._versions
        if rule.since and known_since.removesuffix("Z") < rule.since.removesuffix("Z"):
            return "serve.since: it was known before"
        old_enough = shift(parse_time(known_since), timedelta(days=rule.min_age_days))
        if now >= old_enough:
            return ""
        return (
            f"serve.min_age: it became known less than {rule.min_age_days:g} days ago;"
            f" ask again after {format_time(old_enough)[:16]}Z"
        )

    def allowed(self, path: str, versions: Iterable[str]) -> list[str]:
        """Return those of a module's versions that no rule keeps away."""
        return [each for each in versions if not self.refusal(path, each)]
