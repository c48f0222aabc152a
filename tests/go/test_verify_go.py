"""Module caches that a real go filled, damaged, and good enough for go again."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from gosync.gomod.gosum import parse_gosum
from gosync.gomod.module import ModuleVersion
from tests.go.golangs import NEWEST, OLDER, need_go
from tests.integration.site import CHECKOUT
from tests.simulator import Simulator
from tests.simulator.goclient import GoClient
from tests.simulator.standard import source

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


def found_in(document: dict[str, Any]) -> dict[str, str]:
    return {each["file"]: each["verdict"] for each in document["findings"]}


@pytest.fixture(params=[OLDER[0], NEWEST])
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


def rewrite(file: Path, data: bytes) -> None:
    file.parent.chmod(0o755)
    mode = file.stat().st_mode
    file.unlink()
    file.write_bytes(data)
    file.chmod(mode)


def test_a_cache_as_go_leaves_it_is_clean(client: GoClient, sim: Simulator):
    cache = client.folder / "modcache"

    online = verify(cache, sim)
    offline = verify(cache, sim, "--offline")  # by the lookups and tiles go kept

    for code, document, errors in (online, offline):
        assert (code, document["findings"], document["kind"]) == (0, [], "modcache"), (
            errors
        )
        assert document["checked"] == 3


def test_a_damaged_cache_is_repaired_until_go_is_content(
    client: GoClient, sim: Simulator
):
    cache = client.folder / "modcache"
    downloads = cache / "cache/download/lib.example"
    zip_file = downloads / "lib/@v/v1.0.0.zip"
    data = zip_file.read_bytes()
    rewrite(zip_file, data[:80] + bytes([data[80] ^ 1]) + data[81:])
    rewrite(downloads / "!upper/@v/v0.1.0.mod", b"module lib.example/Upper // mine\n")
    rewrite(downloads / "bare/@v/v1.2.3.ziphash", b"h1:" + b"A" * 43 + b"=")
    rewrite(cache / "lib.example/bare@v1.2.3/p.go", b"package p // poisoned\n")
    assert client.try_run("mod", "verify").returncode != 0

    code, document, _ = verify(cache, sim)
    assert (code, found_in(document)) == (
        4,
        {
            "cache/download/lib.example/lib/@v/v1.0.0.zip": "corrupt",
            "cache/download/lib.example/!upper/@v/v0.1.0.mod": "polluted",
            "cache/download/lib.example/bare/@v/v1.2.3.ziphash": "polluted",
            "lib.example/bare@v1.2.3": "polluted",
        },
    )

    code, document, errors = verify(cache, sim, "--repair")
    assert code == 5, (document, errors)
    assert verify(cache, sim, "--offline")[0] == 0
    client.run("mod", "verify")
    client.env["GOPROXY"] = "off"
    client.run("build", "./...")


def test_a_rewritten_tag_is_told_with_its_record(sim: Simulator, tmp_path: Path):
    """The proxy served other bytes than the log has, and go.sum carries their h1."""
    with Simulator() as liar:
        publish(liar)
        go_mod = f"module {LIB}\n\ngo 1.20\n".encode()
        evil = {"go.mod": go_mod, "p.go": b"package p // evil\n"}
        mv = ModuleVersion(LIB, "v1.0.0")
        good = liar.publication(mv).zip_h1
        record = liar.log.size
        liar.rewrite(mv, evil)
        with GoClient(tmp_path / "go", goproxy=liar.url, gosumdb="off") as client:
            write_project(client)
            client.run("mod", "tidy")
            client.run("mod", "download", "all")
            client.run("mod", "verify")  # go takes go.sum at its word
            sums = parse_gosum((client.work / "go.sum").read_bytes())
            in_sum = verify(client.work / "go.sum", liar, state=tmp_path / "s1")
            in_cache = verify(client.folder / "modcache", liar, state=tmp_path / "s2")

        bad = sums.h1(LIB, "v1.0.0", is_mod=False)
        assert bad != good
        for code, document, errors in (in_sum, in_cache):
            assert code == 4, errors
            found = [f for f in document["findings"] if f["verdict"] == "polluted"]
            assert {(f["path"], f["version"]) for f in found} == {(LIB, "v1.0.0")}
            zips = [f for f in found if f["found"] == bad]
            assert zips
            assert all(f["expected"] == good for f in zips)
            assert all(0 <= f["record"] < record for f in zips)
            assert all(f["tree_size"] for f in zips)
            assert any("--repair" in line for line in document["next"])
            assert any(f"{LIB}@v1.0.0" in line for line in document["next"])


def test_reading_only_connects_to_nothing(
    client: GoClient, sim: Simulator, tmp_path: Path
):
    """strace sees no socket reach for another, though proxy and log are named."""
    cache = client.folder / "modcache"
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
