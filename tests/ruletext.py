"""Version rules as text: the way back from ``site.rules.parse_versions``."""

from __future__ import annotations

from gosync.gomod import semver
from gosync.site.rules import _BEFORE_RELEASE, Pick, VersionRule


def format_versions(rule: VersionRule) -> str:
    """Return what parse_versions makes this pick and these bounds of."""
    terms = []
    if rule.bounds.low:
        terms.append(f">={rule.bounds.low}")
    if rule.bounds.high:
        high = rule.bounds.high
        is_release = semver.prerelease(high) == _BEFORE_RELEASE
        terms.append(f"<{high.removesuffix(_BEFORE_RELEASE) if is_release else high}")
    if rule.count > 1:
        terms.append(f"{rule.pick}:{rule.count}")
    elif rule.pick is not Pick.ALL or not terms:
        terms.append(rule.pick)
    return " ".join(terms)
