"""Module caches that a real go filled, damaged, and good enough for go again."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import partial
from html import escape, unescape
from pathlib import Path
from typing import Any

import pytest

from gosync.cli.main import run as run_cli
from gosync.folder.layouts import TargetKind
from gosync.gomod.gosum import parse_gosum
from gosync.gomod.module import ModuleVersion, escape_path
from gosync.verify.act.plan import Action
from tests.go.golangs import OLDEST_AND_NEWEST, need_go
from tests.go.standins import Athens, ObjectStore, Read, plain, serving
from tests.integration.site import CHECKOUT
from tests.simulator import Simulator
from tests.simulator.goclient import GoClient
from tests.simulator.standard import source
from tests.simulator.static import write_static
from tests.tiers import spread
from tests.unit.verify.caches import ALPHA, World, run
from tests.unit.verify.damage import (
    ACCESS,
    DAMAGES,
    Damage,
    Part,
    can,
    harm,
    parts,
)

pytestmark = [pytest.mark.go, pytest.mark.slow]

LIB, UPPER, BARE = "lib.example/lib", "lib.example/Upper", "lib.example/bare"


def publish(sim: Simulator) -> None:
    code = {"p.go": "package p\n\nfunc P() string { return `p` }\n"}
    sim.publish(source(BARE, "v1.2.3", code))  # no go.mod
    sim.publish(source(LIB, "v1.0.0", {"go.mod": f"module {LIB}\n\ngo 1.20\n", **code}))
    go_mod = f"module {UPPER}\n\ngo 1.20\n\nrequire {LIB} v1.0.0\n"
    uses = f'package p\n\nimport _ "{LIB}"\n'
    sim.publish(source(UPPER, "v0.1.0", {"go.mod": go_mod, "p.go": uses}))
    sim.log.grow(600)


@pytest.fixture(scope="module")
def sim() -> Iterator[Simulator]:
    with Simulator() as sim:
        publish(sim)
        yield sim


@pytest.fixture(params=OLDEST_AND_NEWEST)
def client(
    request: pytest.FixtureRequest, sim: Simulator, tmp_path: Path
) -> Iterator[GoClient]:
    go = need_go(request.param)
    folder = tmp_path / "go"
    with GoClient(folder, goproxy=sim.url, gosumdb=sim.verifier_key, go=go) as client:
        write_project(client)
        client.run("mod", "tidy")
        client.run("mod", "download", "all")
        client.run("build", "./...")
        yield client


def write_project(client: GoClient) -> None:
    (client.work / "go.mod").write_text(
        f"module app.example/app\n\ngo 1.20\n\nrequire (\n\t{UPPER} v0.1.0\n"
        f"\t{BARE} v1.2.3\n)\n"
    )
    (client.work / "a.go").write_text(
        f'package app\n\nimport (\n\t_ "{UPPER}"\n\t_ "{BARE}"\n)\n'
    )


def verify(
    target: Path, sim: Simulator, *more: str, state: Path | None = None
) -> tuple[int, dict[str, Any], str]:
    """Run ``gosync verify`` as a process; return code, document and errors."""
    command: list[str | Path] = [sys.executable, "-m", "gosync", "verify", target]
    command += ["--json"]
    command += ["--sumdb", sim.verifier_key, "--proxy", sim.url, "--no-progress"]
    folder = target.parent
    command += ["--state", state or folder / "state", *more]
    done = subprocess.run(
        command,
        cwd=folder,
        env={"PYTHONPATH": str(CHECKOUT), "HOME": str(folder), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    return done.returncode, json.loads(done.stdout or "{}"), done.stderr


def test_a_cache_as_go_leaves_it_is_clean(client: GoClient, sim: Simulator):
    cache = client.modcache

    online = verify(cache, sim)
    offline = verify(cache, sim, "--offline")  # by the lookups and tiles go kept

    for code, document, errors in (online, offline):
        assert (code, document["findings"], document["kind"]) == (0, [], "modcache"), (
            errors
        )
        assert document["checked"] == 3


def parts_of(cache: Path, database: str) -> list[Part]:
    """Return one file of each kind that this go made."""
    lib, upper, bare = (
        f"cache/download/lib.example/{name}"
        for name in ("lib/@v/v1.0.0", "!upper/@v/v0.1.0", "bare/@v/v1.2.3")
    )
    log = f"cache/download/sumdb/{database}"
    tiles = sorted(each for each in (cache / log).glob("tile/8/0/*") if each.is_file())
    tile = str(tiles[0].relative_to(cache))
    return [
        Part("info", f"{lib}.info", "", f"{bare}.info"),
        Part("mod", f"{upper}.mod", "", f"{lib}.mod", 9),
        Part("zip", f"{lib}.zip", "", f"{bare}.zip", 80),
        Part("ziphash", f"{bare}.ziphash", "", f"{lib}.ziphash", 12),
        Part("extracted", "lib.example/!upper@v0.1.0/p.go", "", f"{lib}.mod", 3),
        Part("lookup", f"{log}/lookup/{LIB}@v1.0.0", "", f"{lib}.mod", 5),
        Part("tile", tile, "", f"{lib}.mod", 40),
    ]


def test_a_damaged_cache_is_repaired_until_go_is_content(
    client: GoClient, sim: Simulator
):
    """One file of each kind at once, in every way that the matrix has."""
    cache = client.modcache
    parts, log = parts_of(cache, sim.log.name), cache / "cache/download/sumdb"
    shutil.copytree(log, client.folder / "log")
    arguments = ["verify", str(cache), "--sumdb", sim.verifier_key, "--proxy", sim.url]
    arguments += ["--state", str(client.folder / "state"), "--quiet"]
    for damage in DAMAGES:
        if damage is Damage.OTHER_VERSION:
            continue
        client.env["GOPROXY"] = sim.url
        client.run("mod", "download", "all")  # what a repair leaves to go
        client.run("build", "./...")
        # It does not ask the log again for what go.sum has.
        shutil.copytree(client.folder / "log", log, dirs_exist_ok=True)
        for part in parts:
            harm(cache, part, damage)
        if damage not in {*ACCESS, Damage.FIFO}:  # go waits for pipes for ever
            assert client.try_run("mod", "verify").returncode != 0, damage

        assert run_cli([*arguments, "--repair"]) == 5, damage
        assert run_cli(arguments) == 0, damage

        client.env["GOPROXY"] = "off"
        client.run("mod", "verify")
        client.run("build", "./...")
        client.run("mod", "verify")


def test_a_gopath_is_cleaned_where_its_module_cache_is(
    client: GoClient, sim: Simulator
):
    gopath, cache = client.folder / "gopath", client.folder / "gopath/pkg/mod"
    (gopath / "src/my.docs/v1.0.0").mkdir(parents=True)
    document = gopath / "src/my.docs/v1.0.0/thesis.txt"
    document.write_text("the only copy")
    cache.parent.mkdir(exist_ok=True)
    client.modcache.rename(cache)
    client.env["GOMODCACHE"] = str(cache)
    bad = next(each for each in parts_of(cache, sim.log.name) if each.name == "zip")
    harm(cache, bad, Damage.OTHER_MODULE)

    code, found, _ = verify(gopath, sim)
    code_of_repair, _, errors = verify(gopath, sim, "--repair")

    polluted = [f["file"] for f in found["findings"] if f["verdict"] == "polluted"]
    assert (code, found["target"], polluted) == (4, str(cache), [bad.path])
    assert code_of_repair == 5, errors
    assert document.read_text() == "the only copy"
    client.env["GOPROXY"] = "off"
    client.run("mod", "verify")


READERS: dict[TargetKind, Callable[[Path], Read]] = {
    TargetKind.ATHENS: lambda root: Athens(root).read,
    TargetKind.ATHENS_S3: lambda root: ObjectStore(root).read,
    TargetKind.GOPROXY: plain,
    TargetKind.TREE: plain,
}


@pytest.mark.parametrize("kind", spread([*READERS], 2))
def test_a_repaired_store_is_one_that_its_server_accepts(
    caches: World, tmp_path: Path, kind: TargetKind
):
    """After each damage all of it is served, and a real go takes what it is given."""
    sim, root = caches.sim, caches.pristine[kind]
    read = READERS[kind](root)
    good = {path: read(path) for path in served_paths(caches)}
    assert None not in good.values()
    for damage in DAMAGES:
        if damage is Damage.MISSING and kind is not TargetKind.ATHENS:
            continue  # of a version that is gone whole nobody knows
        for part in parts(kind, sim.log.name):
            # The rest of a proxy's cache is what upstreams said; it asks them again,
            # as it does for the .info of a revision, which goes.
            is_own = kind is not TargetKind.GOPROXY or part.name in {
                "info",
                "mod",
                "zip",
            }
            if is_own and part.name != "alias" and can(part, damage):
                harm(root, part, damage)
        repair = partial(run, caches, root, kind=kind, action=Action.REPAIR)
        report = repair(offline=False)
        if report.exit_code == 4:  # what a bad tile hid shows once it is good
            report = repair(offline=False)
        assert report.exit_code == 5, (damage, report.remaining)
        for path, data in good.items():
            found = read(path)
            assert found is not None, (damage, path)
            assert found == data or path.endswith(".zip"), (damage, path)

    database = f"{sim.verifier_key} {sim.url}/sumdb/{sim.log.name}"
    with (
        serving(read) as url,
        GoClient(tmp_path / "go", goproxy=url, gosumdb=database) as client,
    ):
        for mv, published in caches.publications():
            got = json.loads(client.run("mod", "download", "-json", str(mv)))
            assert (got["Sum"], got["GoModSum"]) == (published.zip_h1, published.mod_h1)
        listed = client.run("list", "-m", "-versions", ALPHA)
        assert listed == f"{ALPHA} v1.0.0 v1.1.0\n"


@pytest.fixture
def caches(tmp_path: Path) -> Iterator[World]:
    with Simulator() as sim:
        yield World.build(sim, tmp_path / "caches")


def served_paths(caches: World) -> Iterator[str]:
    for mv, _ in caches.publications():
        folder = f"{escape_path(mv.path)}/@v"
        yield from (f"{folder}/{mv.version}.{each}" for each in ("info", "mod", "zip"))
        yield f"{folder}/list"


def test_a_rewritten_tag_is_told_with_its_record(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    """The proxy served other bytes than the log has, and go.sum carries their h1."""
    with Simulator() as liar:
        publish(liar)
        go_mod = f"module {LIB}\n\ngo 1.20\n".encode()
        evil = {"go.mod": go_mod, "p.go": b"package p // evil\n"}
        mv = ModuleVersion(LIB, "v1.0.0")
        good, record = liar.publication(mv).zip_h1, liar.log.find(mv)
        liar.rewrite(mv, evil)
        write_static(liar, tmp_path / "tree")
        with GoClient(tmp_path / "go", goproxy=liar.url, gosumdb="off") as client:
            write_project(client)
            client.run("mod", "tidy")
            client.run("mod", "download", "all")
            client.run("mod", "verify")  # go takes go.sum at its word
            sums = parse_gosum((client.work / "go.sum").read_bytes())
            bad = sums.h1(LIB, "v1.0.0", is_mod=False)
            assert bad not in {None, good}
            cache = client.modcache
            for target in (client.work / "go.sum", cache, tmp_path / "tree"):
                said = told(target, liar, tmp_path, capsys)
                for text in said:
                    for part in (f"{LIB}@v1.0.0", good, bad, "--repair", "GOMODCACHE"):
                        assert str(part) in text, (target, part)
                    assert f"record {record} in the signed tree of" in text


def told(
    target: Path, sim: Simulator, folder: Path, capsys: pytest.CaptureFixture[str]
) -> tuple[str, str]:
    """Return what the table and the page say of a target, once JSON was right."""
    arguments = ["verify", str(target), "--sumdb", sim.verifier_key, "--no-progress"]
    arguments += ["--proxy", sim.url, "--state", str(folder / "state")]
    page = folder / "page.html"
    assert run_cli([*arguments, "--report", str(page), "--json"]) == 4
    document = json.loads(capsys.readouterr().out)
    polluted = [f for f in document["findings"] if f["verdict"] == "polluted"]
    assert {(f["path"], f["version"]) for f in polluted} == {(LIB, "v1.0.0")}
    assert {f["tree_size"] for f in polluted} == {document["heads"][0]["tree_size"]}
    assert run_cli(arguments) == 4
    table = capsys.readouterr().out
    for text in (table, page.read_text()):
        assert escape(document["heads"][0]["tree_hash"]) in text
    return table, unescape(page.read_text())


def test_reading_only_connects_to_nothing(
    client: GoClient, sim: Simulator, tmp_path: Path
):
    """strace sees no socket reach for another, though proxy and log are named."""
    cache = client.modcache
    trace = tmp_path / "trace"
    command: list[str | Path] = ["strace", "-f", "-qq", "-o", trace]
    command += ["-e", "trace=connect,sendto,sendmsg"]
    command += [sys.executable, "-m", "gosync", "verify", cache, "--offline", "--json"]
    command += ["--sumdb", sim.verifier_key, "--proxy", sim.url]
    command += ["--state", tmp_path / "state", "--no-progress"]
    done = subprocess.run(
        command,
        cwd=tmp_path,
        env={
            "PYTHONPATH": str(CHECKOUT),
            "HOME": str(tmp_path),
            "PATH": "/usr/bin:/bin",
        },
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    lines = trace.read_text().splitlines()
    assert [line for line in lines if "connect(" in line] == []
    assert [line for line in lines if "AF_INET" in line] == []
