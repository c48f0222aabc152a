"""gosync whose client neither finds its limit, nor hedges, nor resumes: for comparison.

    python -m tests.bench.plainclient sync --config FILE

What the bench measures against. There is no such switch in gosync itself.
"""

from __future__ import annotations

from unittest.mock import patch

from gosync.cli.main import entry
from gosync.upstream import lanes, sources
from gosync.upstream.download import Download
from gosync.upstream.limit import Limit


def switch_off() -> None:
    """Take away what the client has for bad lines, but for retries and breakers."""
    for owner, name, without in (
        (lanes, "new_limit", lambda ceiling: Limit(ceiling, float(ceiling))),
        (Limit, "answered", lambda limit, _: limit),
        (Limit, "overloaded", lambda limit, _: limit),
        (sources, "hedge_delay_seconds", lambda _, **__: float(2**31)),
        (sources, "first_wait_seconds", lambda _, **__: float("inf")),
        (Download, "headers", lambda _, asked: asked),
    ):
        patch.object(owner, name, without).start()


if __name__ == "__main__":
    switch_off()
    entry()
