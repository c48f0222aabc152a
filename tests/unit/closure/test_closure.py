"""A whole tree is complete; each kind of damage to each kind of file is found."""

from __future__ import annotations

import json
import os
import shutil
import socket
import zipfile
from pathlib import Path

import pytest

from gosync.demo.log import SumLog
from gosync.folder.findings import TreeFault
from gosync.gomod.deps import Deps
from gosync.sumdb.tile import edge_tiles
from tests.unit.closure.conftest import (
    APP,
    BELOW,
    CORP,
    DIRECT,
    SIDE,
    Setting,
    go_sum_lines,
    info_file,
    mod_file,
    zip_file,
)

LOOKUP = "below.example/below@v1.0.0"


def lookup_of(setting: Setting, name: str = LOOKUP) -> str:
    return f"sumdb/{setting.database.name}/lookup/{name}"


def all_kinds(setting: Setting) -> list[str]:
    return [
        mod_file(BELOW, "v1.0.0"),
        info_file(BELOW, "v1.0.0"),
        zip_file(BELOW, "v1.0.0"),
        "below.example/below/@v/list",
        lookup_of(setting),
        f"sumdb/{setting.database.name}/supported",
    ]


def test_a_whole_tree_is_complete(setting: Setting):
    report = setting.check()

    assert report.findings == ()
    assert report.exit_code == 0
    assert (report.modules, report.go_mods) == (3, 0)


def test_nothing_is_written_and_a_read_only_tree_will_do(setting: Setting):
    before = {p: p.stat().st_mtime_ns for p in setting.root.rglob("*")}
    for path in before:
        path.chmod(0o555 if path.is_dir() else 0o444)

    assert setting.check(Deps.ALL).findings == ()
    assert {p: p.stat().st_mtime_ns for p in setting.root.rglob("*")} == before


@pytest.mark.parametrize("number", range(6))
def test_a_missing_file(setting: Setting, number: int):
    path = all_kinds(setting)[number]
    (setting.root / path).unlink()

    found = setting.only_finding(path)

    assert found.kind is TreeFault.MISSING
    assert not found.security
    assert setting.check().exit_code == 4


@pytest.mark.parametrize("number", range(5))
@pytest.mark.parametrize("what", ["link", "pipe", "socket", "folder"])
def test_something_that_is_no_file(setting: Setting, number: int, what: str):
    path = all_kinds(setting)[number]
    file = setting.root / path
    other = setting.root.parent / "elsewhere"
    shutil.move(file, other)
    if what == "link":
        file.symlink_to(other)
    elif what == "pipe":
        os.mkfifo(file)
    elif what == "folder":
        file.mkdir()
    else:
        bind(file)

    found = setting.only_finding(path)

    assert (found.kind, found.reason) == (
        TreeFault.WRONG,
        f"is a {what}, not a file",
    )
    assert setting.check().exit_code == 4


def bind(file: Path) -> None:
    """Make a socket; its path is too long to be named whole."""
    before = Path.cwd()
    os.chdir(file.parent)
    try:
        with socket.socket(socket.AF_UNIX) as server:
            server.bind(file.name)
    finally:
        os.chdir(before)


def test_a_linked_folder_would_not_travel(setting: Setting):
    folder = setting.root / "below.example"
    folder.rename(setting.root.parent / "elsewhere")
    folder.symlink_to(setting.root.parent / "elsewhere")

    found = setting.findings()

    assert found[zip_file(BELOW, "v1.0.0")].reason == "below.example is a link"


@pytest.mark.parametrize("number", [0, 1, 2, 4])
def test_an_empty_file(setting: Setting, number: int):
    path = all_kinds(setting)[number]
    (setting.root / path).write_bytes(b"")

    found = setting.only_finding(path)

    assert (found.kind, found.reason) == (TreeFault.WRONG, "is empty")


@pytest.mark.parametrize("number", range(6))
def test_a_file_beyond_its_limit_is_not_read(setting: Setting, number: int):
    path = all_kinds(setting)[number]
    os.truncate(setting.root / path, 600 << 20)  # takes no space

    found = setting.only_finding(path)

    assert (found.kind, found.security) == (TreeFault.WRONG, False)
    assert "larger than" in found.reason


def test_an_empty_list_needs_a_latest(setting: Setting):
    (setting.root / "below.example/below/@v/list").write_bytes(b"")
    assert setting.findings() == {}

    (setting.root / "below.example/below/@latest").unlink()
    assert setting.only_finding("below.example/below/@latest").kind is TreeFault.MISSING


@pytest.mark.parametrize("number", [0, 1, 2, 4])
def test_a_truncated_file(setting: Setting, number: int):
    path = all_kinds(setting)[number]
    file = setting.root / path
    file.write_bytes(file.read_bytes()[:-30])

    found = setting.findings()

    assert found[path].kind is TreeFault.WRONG
    # Half a go.mod is another one; half a zip or a half record is none at all.
    assert found[path].security == (number == 0)


@pytest.mark.parametrize("name", [mod_file, zip_file])
def test_a_swapped_file_contradicts_the_log(setting: Setting, name):
    source, target = name(BELOW, "v1.1.0"), name(BELOW, "v1.0.0")
    text = (setting.root / source).read_bytes()
    if name is mod_file:
        text += b"// another\n"
    (setting.root / target).write_bytes(text)

    found = setting.only_finding(target)

    if name is mod_file:
        assert found.security
        assert "the checksum database has h1:" in found.reason
        assert setting.check().exit_code == 6
    else:  # the names in it are of another version
        assert found.kind is TreeFault.WRONG


def test_a_zip_with_other_contents_contradicts_the_log(setting: Setting):
    path = zip_file(BELOW, "v1.0.0")
    rezip(setting.root / path)

    found = setting.only_finding(path)

    assert found.security
    assert setting.check().exit_code == 6
    assert setting.findings(quick=True) == {}  # as it says


def rezip(file: Path) -> None:
    with zipfile.ZipFile(file) as old:
        entries = {name: old.read(name) for name in old.namelist()}
    with zipfile.ZipFile(file, "w") as new:
        for name, data in entries.items():
            new.writestr(name, data + b"\n" if name.endswith(".go") else data)


def test_quick_sees_that_a_zip_is_missing_or_empty(setting: Setting):
    path = zip_file(BELOW, "v1.0.0")
    (setting.root / path).write_bytes(b"")
    assert setting.only_finding(path, quick=True).kind is TreeFault.WRONG

    (setting.root / path).unlink()
    assert setting.only_finding(path, quick=True).kind is TreeFault.MISSING


def test_an_info_of_another_version(setting: Setting):
    path = info_file(BELOW, "v1.0.0")
    (setting.root / path).write_text(json.dumps({"Version": "v1.1.0"}))

    assert setting.only_finding(path).kind is TreeFault.WRONG


def test_why_and_below_what(setting: Setting):
    (setting.root / zip_file(BELOW, "v1.0.0")).unlink()

    found = setting.only_finding(zip_file(BELOW, "v1.0.0"))

    assert found.why == f"required by {APP}"


def test_only_a_readable_go_mod_tells_what_is_below_it(setting: Setting):
    go_mod = setting.project / "go.mod"
    go_mod.write_text(f"module {APP}\n\ngo 1.21\n\nrequire {DIRECT} v1.1.0\n")
    (setting.project / "go.sum").unlink()
    (setting.root / zip_file(SIDE, "v0.1.0")).unlink()
    found = setting.only_finding(zip_file(SIDE, "v0.1.0"))
    assert found.why == f"required by {DIRECT}@v1.1.0 <- {APP}"

    (setting.root / mod_file(DIRECT, "v1.1.0")).unlink()
    report = setting.findings()
    assert mod_file(DIRECT, "v1.1.0") in report
    assert zip_file(SIDE, "v0.1.0") not in report


# The log.


def test_a_missing_tile(setting: Setting):
    for file in sorted((setting.sumdb / "tile/8/1").rglob("*")):
        if file.is_file():
            file.unlink()

    found = setting.findings()

    assert found
    assert all(each.kind is TreeFault.UNPROVEN for each in found.values())
    assert all("/tile/8/1/000.p/" in path for path in found)


def test_the_full_tile_stands_for_a_partial_one(setting: Setting):
    partial = next((setting.sumdb / "tile/8/0").glob("*.p"))
    assert setting.findings() == {}
    shutil.rmtree(partial)
    assert list(setting.findings())


def test_a_wrong_tile_is_a_forgery(setting: Setting):
    tile = setting.sumdb / "tile/8/0/000"
    data = bytearray(tile.read_bytes())
    data[-1] ^= 1
    tile.write_bytes(data)

    assert setting.check().exit_code == 6


def test_a_head_that_the_key_did_not_sign(setting: Setting):
    file = setting.root / lookup_of(setting)
    head, mark, signature = file.read_bytes().rpartition(b"\xe2\x80\x94")
    broken = bytearray(signature)
    broken[-10] = ord("A") if broken[-10] != ord("A") else ord("B")
    file.write_bytes(head + mark + bytes(broken))

    found = setting.only_finding(lookup_of(setting))

    assert found.security
    assert setting.check().exit_code == 6


def test_a_record_of_another_version(setting: Setting):
    other = setting.root / lookup_of(setting, "below.example/below@v1.1.0")
    shutil.copy(other, setting.root / lookup_of(setting))

    assert setting.only_finding(lookup_of(setting)).security


@pytest.mark.parametrize("name", [LOOKUP, "direct.example/!direct@v1.0.0"])
def test_lookups_of_two_heads_need_the_tiles_of_both(setting: Setting, name: str):
    """Whichever a client asks for first."""
    file = setting.root / lookup_of(setting, name)
    record = file.read_bytes().partition(b"\n\n")[0]
    file.write_bytes(record + b"\n\n" + setting.sim.log.head(300))

    (path,) = {path.rpartition("/tile/")[2] for path in setting.findings()}
    assert path == "8/1/000.p/1"

    for tile in edge_tiles(300):
        where = setting.sumdb / tile.path()
        where.parent.mkdir(parents=True, exist_ok=True)
        where.write_bytes(setting.sim.log.tile(tile))
    assert setting.findings() == {}


def test_another_head_of_the_same_size_is_a_fork(setting: Setting):
    other = SumLog(setting.database.name, seed=b"gosync simulator")
    other.grow(setting.sim.log.size)
    assert other.verifier_key == setting.sim.verifier_key
    file = setting.root / lookup_of(setting)
    record = file.read_bytes().partition(b"\n\n")[0]
    file.write_bytes(record + b"\n\n" + other.head())

    assert setting.check().exit_code == 6


def test_private_modules_have_no_record_but_a_go_sum(setting: Setting):
    assert not (setting.root / lookup_of(setting, f"{CORP}@v1.0.0")).exists()
    path = zip_file(CORP, "v1.0.0")
    rezip(setting.root / path)

    found = setting.only_finding(path)

    assert found.security
    assert "go.sum has h1:" in found.reason


def test_a_go_sum_that_contradicts_the_log(setting: Setting):
    file = setting.project / "go.sum"
    lines = file.read_text().splitlines(keepends=True)
    file.write_text(lines[0].split(" h1:")[0] + " h1:" + "A" * 43 + "=\n" + lines[1])

    found = setting.only_finding(zip_file(DIRECT, "v1.0.0"))

    assert found.security
    assert str(file) in found.reason


# Lists.


def test_a_listed_version_that_is_not_carried_whole(setting: Setting):
    path = zip_file(BELOW, "v1.1.0")
    (setting.root / path).unlink()

    found = setting.only_finding(path)

    assert "below.example/below/@v/list names" in found.reason


@pytest.mark.parametrize("line", ["v1.5", "v2.0.0", "v1.6.0+meta"])
def test_a_list_that_go_trips_over(setting: Setting, line: str):
    path = "below.example/below/@v/list"
    with (setting.root / path).open("a") as file:
        file.write(f"{line}\n")

    assert setting.only_finding(path).kind is TreeFault.WRONG


def test_latest_names_what_is_carried(setting: Setting):
    path = "below.example/below/@latest"
    (setting.root / path).write_text('{"Version":"v1.9.0"}')

    assert set(setting.findings()) == {info_file(BELOW, "v1.9.0")}


def test_all_needs_the_upgrades_that_the_tree_lists(setting: Setting):
    assert setting.findings(Deps.ALL) == {}
    (setting.root / zip_file(SIDE, "v0.1.0")).unlink()
    assert setting.findings(Deps.BUILD) == {}

    found = setting.findings(Deps.ALL)[zip_file(SIDE, "v0.1.0")]

    assert (
        found.why
        == f"required by {DIRECT}@v1.1.0 <- {APP}, once everything is upgraded"
    )


def test_lines_of_go_sum_are_needed(setting: Setting):
    with (setting.project / "go.sum").open("a") as file:
        file.write(go_sum_lines(setting.sim, SIDE, "v0.1.0"))
    (setting.root / zip_file(SIDE, "v0.1.0")).unlink()

    found = setting.only_finding(zip_file(SIDE, "v0.1.0"))

    assert found.why == "named by go.sum"
