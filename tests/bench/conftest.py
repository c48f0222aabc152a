"""The bench runs where every case is tried: to import it takes half a second."""

from __future__ import annotations

from tests.tiers import EVERY_STEP

collect_ignore = [] if EVERY_STEP else ["test_bench.py"]
