"""``python -m gosync``."""

from __future__ import annotations

from gosync.cli.main import entry

entry()
