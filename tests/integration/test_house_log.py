"""The site's own checksum database: signed once for ever, never forked, never back."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from msgspec.structs import asdict, replace

from gosync.artifact import DOCUMENT
from gosync.bundle.format.artifacts import ArtifactEntry
from gosync.bundle.take.houselog import check_house_log
from gosync.config import load_config
from gosync.errors import SecurityError
from gosync.site.site import open_site
from gosync.sumdb.note import parse_signer_key, sign_note
from gosync.sumdb.record import parse_record
from gosync.sumdb.tlog import Tree, format_tree, parse_tree
from tests.integration.house import (
    NAME,
    head_of,
    section_of,
    verifier_of,
    with_house_log,
)
from tests.integration.inprocess import InProcessSite
from tests.integration.site import OK, SECURITY, USAGE, Site
from tests.simulator import Simulator
from tests.simulator.standard import module

PUBLIC, PRIVATE = "open.example/m", "corp.example/lib"


@pytest.fixture
def sim() -> Iterator[Simulator]:
    with Simulator(records=20) as sim:
        for number in range(3):
            sim.publish(module(PUBLIC, f"v1.{number}.0"))
        sim.publish(module(PRIVATE, "v1.0.0"))
        yield sim


@pytest.fixture
def site(sim: Simulator, tmp_path: Path) -> InProcessSite:
    site = InProcessSite(
        tmp_path / "site", sim, modules=[PUBLIC, PRIVATE], private=["corp.example"]
    )
    with_house_log(site, tmp_path / "key")
    site.sync(expect=OK)
    return site


def _size(site: Site) -> int:
    return parse_tree(head_of(site).rpartition(b"\n\n")[0] + b"\n").n


def _lookup(site: Site, name: str) -> bytes:
    return (site.tree / "sumdb" / NAME / "lookup" / name).read_bytes()


def test_public_records_keep_their_text_and_number(site: InProcessSite):
    assert _size(site) == 4
    public = site.tree / "sumdb"
    [database] = [each for each in public.iterdir() if each.name != NAME]
    numbers = {}
    for number in range(3):
        name = f"{PUBLIC}@v1.{number}.0"
        ours = parse_record(_lookup(site, name))
        theirs = parse_record((database / "lookup" / name).read_bytes())
        assert ours.text == theirs.text
        numbers[ours.id] = str(theirs.id)
    private = parse_record(_lookup(site, f"{PRIVATE}@v1.0.0"))
    numbers[private.id] = "-"
    told = site.tree / "documents" / "houselog" / NAME / "public" / "000000"
    assert told.read_text().split() == [numbers[each] for each in range(4)]
    assert f"{PRIVATE} v1.0.0/go.mod h1:".encode() in private.text
    site.run("verify", expect=OK)
    for page in ("index.html", "index.zh.html"):  # clients ask this log, for all
        shown = (site.tree / page).read_text()
        assert f"go env -w GOSUMDB={verifier_of(site)}\n" in shown
        assert f"/pkg/sumdb/{NAME}/latest" in shown
        assert "GONOSUMDB" not in shown
    before = head_of(site)
    site.sync(expect=OK)
    assert head_of(site) == before


def test_a_mirror_that_asks_this_log_takes_all_and_refuses_a_fork(
    sim: Simulator, site: InProcessSite, tmp_path: Path
):
    twin = InProcessSite(
        tmp_path / "twin", sim, modules=[PUBLIC, PRIVATE], private=["corp.example"]
    )
    twin.declare(house_log=section_of(site))
    upstream = {"proxies": site.tree.as_uri(), "sumdb": verifier_of(site)}
    below = InProcessSite(
        tmp_path / "below", modules=[PUBLIC, PRIVATE], upstream=upstream
    )
    sim.publish(module(PUBLIC, "v1.3.0"))
    site.sync("--refresh", expect=OK)
    below.sync(expect=OK)
    shown = below.run("show", f"{PRIVATE}@v1.0.0", expect=OK).document
    assert shown["proof"] == "sumdb"

    # Another store signs with the same key, and records otherwise.
    twin.select([PUBLIC])
    twin.sync(expect=OK)
    twin.select([PUBLIC, PRIVATE])
    for number in (4, 5):
        sim.publish(module(PUBLIC, f"v1.{number}.0"))
    twin.sync("--refresh", expect=OK)
    below.configure({"proxies": twin.tree.as_uri()})
    refused = below.sync("--refresh", expect=SECURITY)
    head = head_of(below)
    assert "ForkError" in refused.stdout + refused.stderr
    assert f"{PUBLIC}@v1.5.0" not in below.carried()
    assert head == head_of(site), "its tree keeps the head that it believes"
    below.run("verify", expect=OK)


def test_a_forged_head_in_the_tree_is_refused(site: InProcessSite, tmp_path: Path):
    _fork(site, tmp_path / "key")
    for command in (["verify"], ["closure", str(_project(tmp_path))]):
        assert site.run(*command).code == SECURITY
    assert site.sync(expect=None).code == SECURITY


def _project(folder: Path) -> Path:
    project = folder / "project"
    project.mkdir(exist_ok=True)
    (project / "go.mod").write_text(
        f"module a.example/m\n\ngo 1.21\n\nrequire {PRIVATE} v1.0.0\n"
    )
    return project


def _fork(site: Site, keys: Path) -> None:
    """Let the tree show another head of the same size, signed by the very key."""
    signer = parse_signer_key((keys / f"{NAME}.key").read_text().strip())
    forged = sign_note(format_tree(Tree(_size(site), bytes(32))), [signer])
    (site.tree / "sumdb" / NAME / "latest").write_bytes(forged)


def test_closure_holds_a_project_against_the_log(site: InProcessSite, tmp_path: Path):
    project = str(_project(tmp_path))
    site.run("closure", project, expect=OK)
    (site.tree / "sumdb" / NAME / "lookup" / f"{PRIVATE}@v1.0.0").unlink()
    assert site.run("closure", project).code != OK


def test_a_tree_that_went_back_is_refused(
    sim: Simulator, site: InProcessSite, tmp_path: Path
):
    old = tmp_path / "old"
    shutil.copytree(site.tree, old)
    sim.publish(module(PUBLIC, "v1.9.0"))
    site.sync("--refresh", expect=OK)
    assert _size(site) == 5
    shutil.rmtree(site.tree)
    shutil.copytree(old, site.tree)
    refused = site.run("closure", str(_project(tmp_path)))
    assert refused.code == SECURITY
    assert "5 records" in refused.stderr


def test_a_restored_store_takes_the_trees_records_up_and_signs_no_fork(
    sim: Simulator, site: InProcessSite, tmp_path: Path
):
    backup = tmp_path / "backup"
    shutil.copytree(site.store, backup)
    sim.publish(module(PUBLIC, "v1.8.0"))
    site.sync("--refresh", expect=OK)
    newest = head_of(site)
    shutil.rmtree(site.store)
    shutil.copytree(backup, site.store)
    sim.publish(module(PUBLIC, "v1.9.0"))
    site.sync("--refresh", expect=OK)
    assert _size(site) == 6
    eight = parse_record(_lookup(site, f"{PUBLIC}@v1.8.0"))
    assert (eight.id, eight.rest) == (4, newest)
    site.run("verify", expect=OK)


def test_a_store_restored_after_a_release_takes_its_record_up(
    sim: Simulator, site: InProcessSite, tmp_path: Path
):
    backup, folder = tmp_path / "backup", tmp_path / "tool"
    shutil.copytree(site.store, backup)
    folder.mkdir()
    (folder / "go.mod").write_text("module corp.example/tool\n\ngo 1.21\n")
    release = ("release", str(folder), "--as")
    site.run(*release, "corp.example/tool@v1.0.0", expect=OK)
    newest = head_of(site)
    shutil.rmtree(site.store)
    shutil.copytree(backup, site.store)
    site.run("adopt", "--trust-tree", expect=OK)
    site.run(*release, "corp.example/tool@v1.1.0", expect=OK)
    assert _size(site) == 6
    first = parse_record(_lookup(site, "corp.example/tool@v1.0.0"))
    assert (first.id, first.rest) == (4, newest)
    site.run("verify", expect=OK)


def test_a_store_restored_with_its_tree_signs_nothing(
    sim: Simulator, site: InProcessSite, tmp_path: Path
):
    for name in ("store", "public"):
        shutil.copytree(site.folder / name, tmp_path / "backup" / name)
    sim.publish(module(PUBLIC, "v1.8.0"))
    site.sync("--refresh", expect=OK)
    shutil.copytree(site.tree, tmp_path / "elsewhere")
    for name in ("store", "public"):
        shutil.rmtree(site.folder / name)
        shutil.copytree(tmp_path / "backup" / name, site.folder / name)
    before = head_of(site)
    refused = site.sync("--refresh", expect=SECURITY)
    assert "nothing is signed" in refused.stderr + refused.stdout
    assert head_of(site) == before
    assert site.run("verify").code == SECURITY

    # A copy of the newest tree brings the records back.
    section = section_of(site)
    site.declare(house_log={**section, "witnesses": [str(tmp_path / "elsewhere")]})
    site.sync("--refresh", expect=OK)
    assert _size(site) == 5
    site.run("verify", expect=OK)


def test_what_is_read_of_the_log_is_no_more_than_a_cache(
    sim: Simulator, site: InProcessSite, tmp_path: Path
):
    database = site.tree / "sumdb" / NAME
    old = tmp_path / "old-head"
    shutil.copyfile(database / "latest", old)
    site.declare(house_log={**section_of(site), "witnesses": [str(old)]})

    def grow(number: int) -> None:
        sim.publish(module(PUBLIC, f"v1.{number}.0"))
        site.sync("--refresh", expect=OK)
        assert _size(site) == number
        site.run("verify", expect=OK)

    grow(5)
    tile = database / "tile/8/0/000.p/5"
    tile.write_bytes(bytes(5 * 32))
    grow(6)  # the tree's tiles are not the log's, so all records are read
    for sql in ("DELETE FROM house_logs", "UPDATE house_logs SET root = 'other'"):
        with closing(sqlite3.connect(site.store / "catalog.sqlite")) as catalog:
            catalog.execute("DELETE FROM house_records")
            catalog.execute(sql)
            catalog.commit()
        grow(_size(site) + 1)  # nothing has a second record
    records = site.tree / "documents" / "houselog" / NAME / "records" / "000000"
    assert records.read_bytes().count(b"\n\n") == 8


def test_another_key_signs_nothing(site: InProcessSite, tmp_path: Path):
    other = tmp_path / "other"
    other.mkdir()
    site.run("key", "new", NAME, "--kind", "sumdb", "--dir", str(other), expect=OK)
    section = section_of(site)
    site.declare(house_log={**section, "key": str(other / f"{NAME}.key")})
    assert "not the key" in site.sync(expect=USAGE).stderr
    refused = site.run("key", "new", NAME, "--kind", "sumdb", "--dir", str(other))
    assert refused.code == USAGE
    assert (other / f"{NAME}.key").stat().st_mode & 0o077 == 0


@pytest.mark.long
def test_a_rebuilt_catalog_and_a_release_go_on_with_the_log(
    site: InProcessSite, tmp_path: Path
):
    for name in ("catalog.sqlite", "catalog.sqlite-wal", "catalog.sqlite-shm"):
        (site.store / name).unlink(missing_ok=True)
    site.run("catalog", "rebuild", expect=OK)
    before = head_of(site)
    site.sync(expect=OK)
    assert head_of(site) == before
    folder = tmp_path / "tool"
    folder.mkdir()
    (folder / "go.mod").write_text("module corp.example/tool\n\ngo 1.21\n")
    site.run("release", str(folder), "--as", "corp.example/tool@v1.0.0", expect=OK)
    assert parse_record(_lookup(site, "corp.example/tool@v1.0.0")).id == 4
    site.run("verify", expect=OK)


@pytest.mark.long
def test_a_store_that_lost_the_logs_blobs_takes_them_from_the_tree(
    sim: Simulator, site: InProcessSite
):
    documents = site.tree / "documents" / "houselog"
    lost = {each.read_bytes() for each in documents.rglob("*") if each.is_file()}
    for blob in (site.store / "blobs").rglob("*"):
        if blob.is_file() and blob.read_bytes() in lost:
            blob.unlink()
    sim.publish(module(PUBLIC, "v1.9.0"))
    site.sync("--refresh", expect=OK)
    assert _size(site) == 5
    site.run("verify", expect=OK)


def test_records_that_a_bundle_alters_are_refused_though_few_are_read(
    site: InProcessSite,
):
    options = load_config(site.config_file, {}).site_options()
    spec = options.house_log
    assert spec is not None
    inside = replace(options, house_log=replace(spec, key=None))
    with open_site(inside, command="the test") as follower:
        entries = [
            ArtifactEntry(**asdict(each))
            for each in follower.catalog.artifacts.below(DOCUMENT, f"houselog/{NAME}/")
        ]
        check_house_log(follower, entries)
        data = site.tree.joinpath("documents/houselog", NAME, "records/000000")
        altered = data.read_bytes().replace(b"h1:", b"h1:A", 1)
        digest = follower.blobs.put_bytes(altered)
        with pytest.raises(SecurityError):
            check_house_log(
                follower,
                [
                    replace(each, digest=digest, size_bytes=len(altered))
                    if each.name.endswith("records/000000")
                    else each
                    for each in entries
                ],
            )
