"""A real go switches to another toolchain, which it finds in gosync's tree alone.

The toolchains of the upstream are stand-ins: their bin/go is a script that tells
who it is and what it was asked to do, so that nothing but switching is tried. A
real one has just as little its execute bits set in the zip, and `_go.mod` files in
place of go.mod; the client's go makes both right before it runs anything.
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path

import pytest

from gosync.sync.toolchains import TOOLCHAIN_PATH, toolchain_module
from tests.go.golangs import NEWEST, OLDEST_AND_NEWEST, need_go
from tests.go.needed import routes
from tests.go.served import Served
from tests.integration.result import Result
from tests.integration.site import Site
from tests.simulator import Simulator
from tests.simulator.goclient import GoClient
from tests.simulator.standard import source

pytestmark = [pytest.mark.go, pytest.mark.slow]

RELEASES = ("1.98.0", "1.98.1", "1.99.0")
ELSEWHERE = "plan9-arm"
ASKED = "linux-amd64"
NEW = "new.example/tool"
STAND_IN = """\
#!/bin/sh
test -x "$GOROOT/pkg/tool/compile" || exit 3
test -f "$GOROOT/src/go.mod" || exit 4
echo "stand-in $(cat "$GOROOT/VERSION") as $GOTOOLCHAIN_INTERNAL_SWITCH_VERSION: $*"
"""


@cache
def own_platform() -> str:
    """Return the platform of the go commands, as toolchains' names have it."""
    command = [str(need_go(NEWEST)), "env", "GOOS", "GOARCH"]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd="/")
    return "-".join(done.stdout.split())


def publish(sim: Simulator) -> None:
    """Publish the toolchains, and a program that the installed go is too old for."""
    files = {
        "go.mod": f"module {TOOLCHAIN_PATH}\n",
        "bin/go": STAND_IN,
        "bin/gofmt": "never run\n",
        "lib/go_js_wasm_exec": "never run\n",
        "pkg/tool/compile": "never run\n",
        "src/_go.mod": "module std\n",
        "go.env": "GOTOOLCHAIN=auto\n",
    }
    for release in RELEASES:
        for platform in sorted({own_platform(), ASKED, ELSEWHERE}):
            mv = toolchain_module(release, platform)
            own = files | {"VERSION": f"go{release}\n"}
            sim.publish(source(mv.path, mv.version, own))
    code = {"go.mod": f"module {NEW}\n\ngo 1.99.0\n", "main.go": "package main\n"}
    sim.publish(source(NEW, "v1.0.0", code))


@dataclass(frozen=True)
class Sites:
    """Trees with toolchains for the clients' platform, and for another alone.

    The third names a tool and a platform, and no toolchain.
    """

    key: str
    own: Site
    elsewhere: Site
    tools: Site


@pytest.fixture(scope="module")
def sites(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sites]:
    folder = tmp_path_factory.mktemp("toolchains")
    with Simulator(records=300) as sim:
        publish(sim)
        sites = Sites(
            sim.verifier_key,
            Site(folder / "own", sim, modules=[NEW]),
            Site(folder / "elsewhere", sim),
            Site(folder / "tools", sim),
        )
        sites.tools.declare(
            select=[{"tools": [f"{NEW}@latest"]}],
            toolchains={"platforms": [own_platform()]},
        )
        sites.tools.sync()
        for site, platform in (
            (sites.own, own_platform()),
            (sites.elsewhere, ELSEWHERE),
        ):
            versions = ["1.98", "go1.98.1", "1.99.0"]  # the first is 1.98.0
            site.declare(toolchains={"versions": versions, "platforms": [platform]})
            site.sync()
            site.check(sim)
    yield sites
    shutil.rmtree(folder)


@pytest.fixture(params=OLDEST_AND_NEWEST)
def go(request: pytest.FixtureRequest) -> Path:
    return need_go(request.param)


Serve = Callable[[Path], Served]


@pytest.fixture
def serve(sites: Sites, tmp_path: Path) -> Iterator[Serve]:
    """Serve trees over HTTP, where go insists on the checksum database."""
    with ExitStack() as stack:

        def start(tree: Path) -> Served:
            return stack.enter_context(Served(tree, sites.key, tmp_path / "served"))

        yield start


def client_with(served: Served, go: Path, go_mod: str, gotoolchain: str) -> GoClient:
    """Return a client whose working folder has this go.mod."""
    client = served.client("client", go, GOTOOLCHAIN=gotoolchain)
    (client.work / "go.mod").write_text(f"module main.example/main\n\n{go_mod}\n")
    return client


def stand_in(release: str, command: str) -> str:
    return f"stand-in go{release} as go{release}: {command}\n"


SWITCHES = {
    "named": ("go 1.21", "go1.99.0", "1.99.0"),
    "named, an older one": ("go 1.21", "go1.98.0", "1.98.0"),
    "go line": ("go 1.99.0", "auto", "1.99.0"),
    "go line of a language": ("go 1.98", "auto", "1.98.0"),
    "toolchain line": ("go 1.21\n\ntoolchain go1.98.1", "auto", "1.98.1"),
    "go line above what is named": ("go 1.99.0", "go1.98.0+auto", "1.99.0"),
}


@pytest.mark.parametrize("switch", SWITCHES)
def test_go_switches(sites: Sites, serve: Serve, go: Path, switch: str) -> None:
    go_mod, gotoolchain, release = SWITCHES[switch]
    served = serve(sites.own.tree)
    client = client_with(served, go, go_mod, gotoolchain)

    assert client.run("build", "./...") == stand_in(release, "build ./...")

    mv = toolchain_module(release, own_platform())
    modules = {name for name in served.asked() if not name.startswith("sumdb/")}
    assert modules == {routes(mv).zip}
    assert any(name.endswith(f"/lookup/{mv}") for name in served.asked())
    assert served.missed() == set()


def test_get_of_a_newer_go_switches_to_it(sites: Sites, serve: Serve, go: Path) -> None:
    served = serve(sites.own.tree)
    client = client_with(served, go, "go 1.21", "auto")
    assert client.run("get", "go@1.99.0") == stand_in("1.99.0", "get go@1.99.0")
    assert routes(toolchain_module("1.99.0", ASKED)).info in served.asked()
    assert served.missed() == set()


def test_get_of_a_toolchain_notes_it(sites: Sites, serve: Serve, go: Path) -> None:
    client = client_with(serve(sites.own.tree), go, "go 1.21", "auto")
    client.run("get", "toolchain@go1.98.1")
    assert "\ntoolchain go1.98.1\n" in (client.work / "go.mod").read_text()
    assert client.run("version") == stand_in("1.98.1", "version")


def test_what_there_is_can_be_listed(sites: Sites, serve: Serve, go: Path) -> None:
    client = client_with(serve(sites.own.tree), go, "go 1.21", "local")
    _, _, *listed = client.run("list", "-m", "-versions", "go").split()
    assert listed == list(RELEASES)  # after "go" and go's own version
    latest = client.run("list", "-m", "toolchain@latest")
    assert latest == "toolchain go1.99.0\n"


@pytest.mark.parametrize("command", ["get", "install"])
def test_a_module_that_needs_a_newer_go_brings_it(
    sites: Sites, serve: Serve, go: Path, command: str
) -> None:
    client = client_with(serve(sites.own.tree), go, "go 1.21", "auto")
    got = client.run(command, f"{NEW}@v1.0.0")
    assert got == stand_in("1.99.0", f"{command} {NEW}@v1.0.0")


def test_a_tool_that_needs_a_newer_go_is_carried_with_it(
    sites: Sites, serve: Serve, go: Path
) -> None:
    served = serve(sites.tools.tree)
    client = client_with(served, go, "go 1.21", "auto")
    got = client.run("install", f"{NEW}@latest")
    assert got == stand_in("1.99.0", f"install {NEW}@latest")
    carried = sites.tools.carried()
    assert carried == {f"{NEW}@v1.0.0", str(toolchain_module("1.99.0", own_platform()))}


def test_another_platforms_toolchain_is_not_available(
    sites: Sites, serve: Serve, go: Path
) -> None:
    served = serve(sites.elsewhere.tree)
    client = client_with(served, go, "go 1.21", "auto")

    # The .info of linux-amd64 answers, so that there is a go 1.99.0 at all.
    local = served.client("local", go, GOTOOLCHAIN="local")
    assert local.run("list", "-m", "go@1.99.0") == "go 1.99.0\n"
    assert routes(toolchain_module("1.99.0", ASKED)).info in served.asked()

    done = client.try_run("get", "go@1.99.0")
    assert done.returncode != 0
    assert "toolchain not available" in done.stderr
    zip_name = routes(toolchain_module("1.99.0", own_platform())).zip
    assert served.missed() == {zip_name}


def needed_for_get() -> dict[str, str]:
    """Return what is asked for when go switches because of `go get go@1.99.0`."""
    own, asked = (toolchain_module("1.99.0", each) for each in (own_platform(), ASKED))
    return {
        "zip": routes(own).zip,
        "info": routes(asked).info,
        "lookup": f"sumdb/*/lookup/{own}",
        "list": f"{TOOLCHAIN_PATH}/@v/list",
    }


@pytest.mark.parametrize("kind", ["zip", "info", "lookup", "list"])
def test_nothing_of_it_is_idle(
    sites: Sites, serve: Serve, kind: str, tmp_path: Path
) -> None:
    tree = tmp_path / "tree"
    shutil.copytree(sites.own.tree, tree)
    (file,) = tree.glob(needed_for_get()[kind])
    file.unlink()

    client = client_with(serve(tree), need_go(NEWEST), "go 1.21", "auto")
    assert client.try_run("get", "go@1.99.0").returncode != 0


def test_an_extracted_toolchain_is_held_against_the_log(
    sites: Sites, serve: Serve, go: Path
) -> None:
    """What go changed of it is known; what anybody else did is found, and mended."""
    served = serve(sites.own.tree)
    client = client_with(served, go, "go 1.21", "go1.99.0")
    client.run("version")
    mv = toolchain_module("1.99.0", own_platform())
    folder = client.modcache / str(mv)
    assert (folder / "src/go.mod").read_bytes() == b"module std\n"
    verify = partial(_verify, sites, client.modcache)

    assert (verify().code, verify().document["findings"]) == (0, [])
    for name, data in (("bin/go", b"#!/bin/sh\n"), ("src/go.mod", b"module evl\n")):
        file = folder / name
        file.parent.chmod(0o755)
        file.unlink()
        file.write_bytes(data)
        found = verify()
        assert [each["file"] for each in found.document["findings"]] == [str(mv)], name
        assert verify("--repair").code == 5
        assert not folder.exists()
        client.run("version")  # go extracts it anew, from the zip that is proven
        assert verify().code == 0
    assert served.missed() == set()


def _verify(sites: Sites, cache: Path, *more: str) -> Result:
    proofs = ("--proofs", str(sites.own.tree), "--sumdb", sites.key, "--offline")
    return sites.own.run("verify", str(cache), *proofs, *more)
