"""A client of the checksum database, and the log in memory that it asks."""

from __future__ import annotations

import functools

from gosync.gomod.module import ModuleVersion
from gosync.sumdb.client import SumClient
from gosync.sumdb.note import (
    parse_verifier_key,
)
from tests.unit.sumdb.memorylog import (
    AnyioConcurrency,
    MemoryLog,
    MemoryOps,
)


@functools.cache
def log(size: int, salt: str = "") -> MemoryLog:
    return MemoryLog(size, salt=salt)


def make(size: int, *, salt: str = "", ops: MemoryOps | None = None):
    """Return operations on a log, and a client with locks of anyio."""
    ops = ops or MemoryOps(log(size, salt), size)
    verifier = parse_verifier_key(ops.log.vkey)
    return ops, SumClient(ops, verifier, concurrency=AnyioConcurrency())


def module(k: int, salt: str = "") -> ModuleVersion:
    return MemoryLog.module(k, salt)


def path_of(k: int) -> str:
    return f"lookup/example.com/m@v1.0.{k}"
