"""A server's owner remembers nothing of what it brought but in memories with a limit.

Counted are the entries of all containers that are reachable from the owner and from
gosync's modules. Memories with a limit are given a small one, or are emptied before.
"""

from __future__ import annotations

import functools
import gc
import sqlite3
import sys
from collections import Counter, deque
from collections.abc import Iterable
from itertools import chain
from pathlib import Path, PurePath
from types import CoroutineType, FrameType, ModuleType
from weakref import WeakSet

import anyio
import pytest

from gosync.config.config import Config
from gosync.config.load import load_config
from gosync.folder.requests import ProxyRequest, ProxyRequestKind
from gosync.gomod.module import ModuleVersion
from gosync.gomod.seen import seen_here
from gosync.serve import expiring, flights
from gosync.serve.origin import Fate
from gosync.serve.owner import StoreOwner
from gosync.serve.runtime import make_runtime
from gosync.site.site import open_site
from gosync.site.upstreams import connect
from tests.integration.pulling import pulling_site
from tests.integration.test_policy import offer
from tests.simulator import Simulator
from tests.unit.licence.texts import MIT

_EACH = 20  # versions in a round, each of a module of its own
_LIMIT = 5
_Cache = type(functools.lru_cache(int))
_ASIDE = (CoroutineType, FrameType, ModuleType, PurePath, WeakSet, sqlite3.Connection)
_SHARDS = 256  # whose names a store knows to be durable
_Kind = ProxyRequestKind


def _requests(mv: ModuleVersion, database: str) -> list[ProxyRequest]:
    """Return what clients ask: one of each kind, and what is not there."""
    module, version = mv.path, mv.version
    return [
        ProxyRequest(kind=_Kind.LIST, module=module),
        ProxyRequest(kind=_Kind.LATEST, module=module),
        ProxyRequest(kind=_Kind.QUERY, module=module, version="v1"),
        ProxyRequest(kind=_Kind.INFO, module=module, version=version),
        ProxyRequest(kind=_Kind.ZIP, module=module, version=version),
        ProxyRequest(
            kind=_Kind.LOOKUP, module=module, version=version, database=database
        ),
        ProxyRequest(kind=_Kind.MOD, module=module, version="v1.9.9"),
        ProxyRequest(kind=_Kind.LIST, module=f"{module}/none"),
    ]


async def _bring(owner: StoreOwner, modules: Iterable[str], database: str) -> None:
    for module in modules:
        mv = ModuleVersion(module, "v1.0.0")
        asked = _requests(mv, database)
        fates = [(await owner.bring(each)).fate for each in asked]
        assert fates.count(Fate.HERE) >= 5, fates
        assert fates[-2:] == [Fate.NO, Fate.NO]
        owner._keep.use([mv])
    await owner._queue.publish_rest(always=True)
    await owner._keep.expire()


def _has_limit(each: object) -> bool:
    """Whether something keeps no more than so much, or is nobody's memory."""
    if isinstance(each, _Cache):
        return each.cache_parameters()["maxsize"] is not None
    if isinstance(each, deque):
        return each.maxlen is not None
    return isinstance(each, _ASIDE)


def _entries(*roots: object) -> Counter[str]:
    """Return how many entries containers have, by whose they are."""
    gc.collect()
    loaded = {n: getattr(m, "__dict__", {}) for n, m in sys.modules.items()}
    ours = [each for name, each in loaded.items() if name.startswith("gosync")]
    met = {id(each) for n, each in loaded.items() if not n.startswith("gosync")}
    found: Counter[str] = Counter()
    rest: list[tuple[object, str]] = [(each, "") for each in (*roots, *ours)]
    while rest:
        each, whose = rest.pop()
        if id(each) in met or _has_limit(each):
            continue
        met.add(id(each))
        if isinstance(each, dict | list | set | deque):
            found[whose] += len(each)
            name = whose
        else:
            name = getattr(each, "__qualname__", type(each).__qualname__)
        rest += [(to, name) for to in gc.get_referents(each)]
    return found


def test_no_memory_of_an_owner_grows_with_what_it_brought(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for limited in (expiring, flights):
        monkeypatch.setattr(limited, "_REMEMBERED", _LIMIT)
    monkeypatch.setattr(seen_here(), "_half", _LIMIT)
    rounds = [[f"r{r}.example/m{n}" for n in range(_EACH)] for r in range(2)]
    with Simulator() as sim:
        for module in chain(*rounds):
            offer(sim, module, "v1.0.0", MIT)
        site = pulling_site(tmp_path, sim, max_bytes="4KB")
        config = load_config(site.config_file, {})
        counts = anyio.run(_count, config, rounds, sim.verifier_key.split("+")[0])
    assert sum(counts[0].values()) > 1_000
    assert counts[1].pop("LocalBlobStore") <= _SHARDS
    more = (
        counts[1] - counts[0]
    )  # what a version leaves behind makes as many as there are
    grown = {name: n for name, n in more.items() if n > _EACH // 2}
    assert grown == {}


async def _count(
    config: Config, rounds: list[list[str]], database: str
) -> list[Counter[str]]:
    counts, spec = [], config.serve.pull
    assert spec is not None
    with open_site(config.pull_options(), command="test") as site:
        async with connect(site) as upstreams:
            assert upstreams.sums is not None
            await upstreams.sums.start()
            folder = make_runtime(site.options.store_path)
            owner = StoreOwner(site, upstreams, spec, folder)
            for modules in rounds:
                await _bring(owner, modules, database)
                counts.append(_entries(owner, upstreams, site))
            await owner.close()
    return counts
