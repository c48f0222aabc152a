"""Alerts of exceptions to the policy that end within a week, each told once."""

from __future__ import annotations

from gosync.clock import format_time
from gosync.site.policyreport import read_policy
from gosync.site.site import Site

RULE = "policy.exception"


def ending_alerts(site: Site) -> list[dict[str, object]]:
    """Return what hooks are not told of yet; from here on it counts as told.

    Shaped as alerts over access logs are: ``until`` is the exception's last day,
    ``count`` how many versions leave then, ``versions`` which.

    Raises:
        CatalogError: the catalog cannot be read or written.
    """
    now = site.clock.now()
    return [
        {
            "rule": RULE,
            "key": each.reason,
            "count": len(each.versions),
            "since": format_time(now),
            "until": each.until,
            "versions": list(each.versions),
        }
        for each in read_policy(site.catalog, now).ending
        if site.catalog.told_alerts.note(RULE, each.reason, each.until, now)
    ]
