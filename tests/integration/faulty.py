"""The pattern of the fault tests: one version is broken, all the rest must come.

Of each path v1.0.0 meets a fault and v1.1.0 does not; a good module stands beside.
So one run shows many faults, and that each of them harms only itself.
"""

from __future__ import annotations

from collections.abc import Iterable

from gosync.gomod.module import ModuleVersion
from tests.integration.result import Result
from tests.integration.site import Site
from tests.simulator import Simulator
from tests.simulator.standard import module

GOOD = "good.example/m"


def publish_faulty(sim: Simulator, paths: Iterable[str]) -> list[str]:
    """Publish both versions of each path, and the good module; return the paths."""
    paths = list(paths)
    for path in paths:
        sim.publish(module(path, "v1.0.0"))
        sim.publish(module(path, "v1.1.0", say="sound"))
    sim.publish(module(GOOD, "v1.0.0"))
    return [*paths, GOOD]


def broken(path: str) -> ModuleVersion:
    """Return the version that meets the fault."""
    return ModuleVersion(path, "v1.0.0")


def glob(path: str, suffix: str) -> str:
    """Return the glob of a file of the version that meets the fault."""
    return f"/{path}/@v/v1.0.0.{suffix}"


def check_rest(
    site: Site, sim: Simulator, result: Result, paths: Iterable[str]
) -> None:
    """Check that these paths' v1.0.0 failed, that all the rest came, and no more."""
    paths = list(paths)
    assert set(result.failed) == {f"{path}@v1.0.0" for path in paths}
    sound = {f"{path}@v1.1.0" for path in paths} | {f"{GOOD}@v1.0.0"}
    assert site.listed() == site.carried() == sound
    site.check(sim)
