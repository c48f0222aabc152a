"""`versions = "latest"` is what `go get m@latest` takes, upstream and inside.

The judge is the newest go, before the upstream itself: no gosync between.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from gosync.demo.modules import ModuleSource, info_json
from gosync.gomod.module import ModuleVersion
from tests.go.golangs import NEWEST, need_go
from tests.go.world import LATEST
from tests.integration.site import Site
from tests.simulator import Simulator
from tests.simulator import standard as std
from tests.simulator.goclient import GoClient
from tests.simulator.standard import publish_standard, source

pytestmark = [pytest.mark.go, pytest.mark.slow]

PSEUDO = "v0.0.0-20240601000000-dddddddddddd"
NO_GO_MOD = None


def versions_of(name: str, versions: Mapping[str, str | None]) -> list[ModuleSource]:
    """Return a module's versions: what follows `module` in go.mod, or none at all."""
    path = f"edge.example/{name}"
    return [
        source(path, version, _files(path, rest)) for version, rest in versions.items()
    ]


def _files(path: str, rest: str | None) -> dict[str, str]:
    code = {"m.go": "package m\n"}
    if rest is None:
        return code
    return {**code, "go.mod": f"module {path}\n\ngo 1.21\n\n{rest}\n"}


EDGES: dict[str, dict[str, str | None]] = {
    "newest-retracts-itself": {
        "v1.0.0": "",
        "v1.1.0": "retract v1.1.0",
    },
    "newest-retracts-a-range": {
        "v1.0.0": "",
        "v1.1.0": "",
        "v1.2.0": "",
        "v1.3.0": "retract [v1.1.0, v1.3.0]",
    },
    "older-retracts-newest": {
        "v1.0.0": "retract v1.1.0",
        "v1.1.0": "",
    },
    "prerelease-retracts-release": {
        "v1.0.0": "",
        "v1.1.0-rc.1": "retract v1.0.0",
    },
    "all-releases-retracted": {
        "v1.0.0": "",
        "v1.1.0-rc.1": "",
        "v1.1.0": "retract [v1.0.0, v1.1.0]",
        "v1.2.0-rc.1": "",
    },
    "release-below-prerelease": {"v1.0.0": "", "v1.1.0-rc.1": ""},
    "prereleases-alone": {"v1.0.0-rc.2": "", "v1.0.0-rc.10": ""},
    "pseudo-beside-a-tag": {"v0.1.0": "", PSEUDO: ""},
    "pseudo-alone": {PSEUDO: ""},
    "incompatible-no-go-mod": {"v1.0.0": NO_GO_MOD, "v2.0.0+incompatible": NO_GO_MOD},
    "incompatible-go-mod": {"v1.0.0": "", "v2.0.0+incompatible": NO_GO_MOD},
    "incompatible-alone": {
        "v2.0.0+incompatible": NO_GO_MOD,
        "v3.0.0-rc.1+incompatible": NO_GO_MOD,
    },
    "incompatible-older-go-mod": {
        "v1.0.0": "",
        "v1.1.0": NO_GO_MOD,
        "v2.0.0+incompatible": NO_GO_MOD,
    },
    "incompatible-go-mod-in-prerelease": {
        "v1.0.0": NO_GO_MOD,
        "v1.1.0-rc.1": "",
        "v2.0.0+incompatible": NO_GO_MOD,
    },
    "incompatible-go-mod-below-prerelease": {
        "v1.0.0": "",
        "v1.1.0-rc.1": NO_GO_MOD,
        "v2.0.0+incompatible": NO_GO_MOD,
    },
    "incompatible-go-mod-retracted": {
        "v1.0.0": NO_GO_MOD,
        "v1.1.0": "retract v1.1.0",
        "v2.0.0+incompatible": NO_GO_MOD,
    },
    "incompatible-prerelease-alone-has-go-mod": {
        "v1.0.0-rc.1": "",
        "v2.0.0+incompatible": NO_GO_MOD,
    },
}
SNAPSHOT = "v1.0.2-0.20240601000000-dddddddddddd"
WITHDRAWN = {"v1.0.0": "", "v1.0.1": "retract [v1.0.0, v1.0.1]", SNAPSHOT: ""}
"""Every release is retracted, so `@latest` names a commit."""


@pytest.fixture
def upstream() -> Iterator[Simulator]:
    """The standard set and the edge cases."""
    need_go(NEWEST)
    with Simulator(records=300) as sim:
        publish_standard(sim)
        for name, versions in EDGES.items():
            sim.publish_all(versions_of(name, versions))
        yield sim


def client_of(sim: Simulator, folder: Path, goproxy: str) -> GoClient:
    go = need_go(NEWEST)
    return GoClient(folder, goproxy=goproxy, gosumdb=sim.verifier_key, go=go)


def latest_by_go(client: GoClient, paths: list[str]) -> dict[str, str]:
    """Return what `go get PATH@latest` takes, each path in a project of its own."""
    taken = {}
    for path in paths:
        (client.work / "go.mod").write_text("module main.example/main\n\ngo 1.21\n")
        client.run("get", f"{path}@latest")
        listed = client.run("list", "-m", "-f", "{{.Version}}", path)
        taken[path] = listed.strip()
    return taken


def test_latest_is_what_go_takes_upstream_and_go_takes_it_inside(
    upstream: Simulator, tmp_path: Path
):
    paths = [*LATEST, std.PROGRAM, *(f"edge.example/{name}" for name in EDGES)]
    with client_of(upstream, tmp_path / "out", upstream.url) as outside:
        want = latest_by_go(outside, paths)
    assert want.items() >= LATEST.items()
    site = Site(tmp_path / "site", upstream, modules=paths, versions="latest")
    site.sync()
    assert site.carried() == {f"{path}@{version}" for path, version in want.items()}
    with client_of(upstream, tmp_path / "in", f"file://{site.tree}") as inside:
        assert latest_by_go(inside, paths) == want


def test_a_mirror_of_all_versions_has_the_same_latest(
    upstream: Simulator, tmp_path: Path
):
    paths = [f"edge.example/{name}" for name in EDGES]
    with client_of(upstream, tmp_path / "out", upstream.url) as outside:
        want = latest_by_go(outside, paths)
    site = Site(tmp_path / "site", upstream, modules=["edge.example/*"], index=True)
    site.sync()
    with client_of(upstream, tmp_path / "in", f"file://{site.tree}") as inside:
        assert latest_by_go(inside, paths) == want


@pytest.mark.parametrize("versions", ["all", "latest"])
def test_where_every_release_is_retracted_a_commit_is_the_latest(
    tmp_path: Path, versions: str
):
    need_go(NEWEST)
    path = "edge.example/withdrawn"
    with Simulator(records=300) as sim:
        sim.publish_all(versions_of("withdrawn", WITHDRAWN))
        snapshot = sim.publication(ModuleVersion(path, SNAPSHOT)).source
        sim.replace_body(f"/{path}/@latest", info_json(snapshot))
        selected, index = (
            ("edge.example/*", True) if versions == "all" else (path, False)
        )
        site = Site(
            tmp_path / "site", sim, modules=[selected], versions=versions, index=index
        )
        site.sync()
        for name, goproxy in (("out", sim.url), ("in", f"file://{site.tree}")):
            with client_of(sim, tmp_path / name, goproxy) as client:
                assert latest_by_go(client, [path]) == {path: SNAPSHOT}
