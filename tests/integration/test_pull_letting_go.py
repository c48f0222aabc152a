"""Who asks while the owner lets versions go waits for no publish of the whole tree."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from pathlib import Path

import anyio
import pytest
from anyio import from_thread

from gosync.config.config import Config
from gosync.config.load import load_config
from gosync.folder.requests import ProxyRequest, ProxyRequestKind
from gosync.gomod.module import ModuleVersion
from gosync.publish.storage.localtree import LocalTreeWriter
from gosync.serve.origin import Fate
from gosync.serve.owner import StoreOwner
from gosync.serve.runtime import make_runtime
from gosync.site.site import open_site
from gosync.site.upstreams import connect
from tests.integration.pulling import pulling_site
from tests.simulator import Simulator
from tests.simulator.standard import module

_MODULES = 8
_SECONDS_EACH = 0.25  # a file that is removed from the tree
_OLD = [ModuleVersion(f"old.example/m{number}", "v1.0.0") for number in range(_MODULES)]
_NEW = ModuleVersion("new.example/m", "v1.0.0")


class _SlowTree:
    """A tree whose disk takes its time to remove a file."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._removed: list[str] = []
        self._seconds = _SECONDS_EACH
        self._is_zip_gone = anyio.Event()
        real = LocalTreeWriter.remove

        def remove(writer: LocalTreeWriter, path: str) -> bool:
            done = real(writer, path)
            self._removed.append(path)
            if path.endswith(".zip"):
                from_thread.run_sync(self._is_zip_gone.set)
            time.sleep(self._seconds)
            return done

        monkeypatch.setattr(LocalTreeWriter, "remove", remove)

    async def first_zip_gone(self) -> ModuleVersion:
        """Return the first version whose zip has left the tree."""
        await self._is_zip_gone.wait()
        zips = [each for each in self._removed if each.endswith(".zip")]
        return next(mv for mv in _OLD if zips[0] == f"{mv.path}/@v/{mv.version}.zip")

    def hurry(self) -> None:
        self._seconds = 0.0


async def _bring(owner: StoreOwner, mv: ModuleVersion) -> Fate:
    answer = await owner.bring(
        ProxyRequest(
            kind=ProxyRequestKind.ZIP, module=mv.path, version=mv.version, database=""
        )
    )
    return answer.fate


async def _ask_meanwhile(
    config: Config, tree: _SlowTree, choose: Callable[[ModuleVersion], ModuleVersion]
) -> tuple[ModuleVersion, bool]:
    """Return what was asked for while others went, and whether that came first."""
    spec = config.serve.pull
    assert spec is not None
    with open_site(config.pull_options(), command="test") as site:
        async with connect(site) as upstreams:
            assert upstreams.sums is not None
            await upstreams.sums.start()
            folder = make_runtime(site.options.store_path)
            owner = StoreOwner(site, upstreams, spec, folder)
            for mv in _OLD:
                assert await _bring(owner, mv) is Fate.HERE
            expiring = asyncio.create_task(owner._keep.expire())
            asked = choose(await tree.first_zip_gone())
            fate = await _bring(owner, asked)
            came_first = not expiring.done()
            tree.hurry()
            assert await expiring == len(_OLD)
            assert fate is Fate.HERE
            await owner._queue.publish_rest(always=True)
    return asked, came_first


@pytest.mark.parametrize("asked", ["gone", "new"])
def test_a_version_is_brought_while_a_slow_publish_lets_others_go(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, asked: str
) -> None:
    with Simulator() as sim:
        for mv in (*_OLD, _NEW):
            sim.publish(module(mv.path, mv.version))
        site = pulling_site(tmp_path, sim, max_bytes="1B")
        config = load_config(site.config_file, {})

        def choose(gone: ModuleVersion) -> ModuleVersion:
            return gone if asked == "gone" else _NEW

        found, came_first = anyio.run(
            _ask_meanwhile, config, _SlowTree(monkeypatch), choose
        )
        assert came_first
        assert site.listed() == site.carried() == {str(found)}
        site.check(sim)
