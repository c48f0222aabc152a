"""Threads that stand beside work, by their names: a fork may leave them behind."""

from typing import Final

HEARTBEAT_THREAD: Final = "heartbeat"
