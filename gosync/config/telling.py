"""Options of status.json and metrics: what they say of a mirror."""

from __future__ import annotations

from gosync.config.config import Config
from gosync.status.files import Telling


def telling_of(config: Config) -> Telling:
    """Return what is told of a mirror beside the facts, and where."""
    entries = config.site_options().proxies.entries
    return Telling(
        name=config.sections.daemon.name,
        upstream=", ".join(entry.shown_url for entry in entries),
        metrics_path=config.metrics_path,
    )
