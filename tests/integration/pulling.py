"""A site whose server pulls through from a simulator."""

from collections.abc import Mapping
from pathlib import Path

from tests.integration.site import Site
from tests.simulator import Simulator


def pulling_site(
    folder: Path,
    sim: Simulator,
    *,
    upstream: Mapping[str, object] | None = None,
    **serve: object,
) -> Site:
    """Return a site with an empty store; ``serve`` is more of its section."""
    site = Site(folder, sim, upstream=upstream)
    site.declare(serve={"pull_through": True, "workers": 2, **serve})
    return site
