"""Every row of Go's verdicts, one test for each file of them."""

from __future__ import annotations

import base64
import random
from typing import TYPE_CHECKING, Any, TypeVar

import pytest

from gosync.errors import MalformedError, RejectedError
from gosync.gomod import modfile, module, pseudo, semver
from gosync.gomod.dirhash import hash_zip, scan_zip
from gosync.gomod.info import parse_info
from gosync.gomod.module import ModuleVersion
from gosync.gomod.patterns import match_prefix_patterns
from gosync.gomod.window import Window
from gosync.gomod.zipcheck import inspect_entries
from gosync.gomod.zipdir import read_directory
from tests.unit.gomod.rows import VECTORS, rows
from tests.zipdirectory import check_zip

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")


def verdict(check: Callable[..., T], *arguments: Any) -> tuple[bool, T | None]:
    """Whether a check accepts, and what it returns then."""
    try:
        return True, check(*arguments)
    except RejectedError:
        return False, None


def accepts(check: Callable[..., object], *arguments: Any) -> bool:
    return verdict(check, *arguments)[0]


def test_paths_are_judged_escaped_and_split_as_go_does() -> None:
    for row in rows("vectors", "paths"):
        path = base64.b64decode(row["path_b64"]).decode("utf-8", "surrogateescape")
        ok, escaped = verdict(module.escape_path, path)
        got = {
            "check": accepts(module.check_path, path),
            "import": accepts(module.check_import_path, path),
            "file": accepts(module.check_file_path, path),
            "escaped": escaped or "",
            "escape_err": ok,
            "unescape_err": accepts(module.unescape_path, path),
            "split": list(module.split_path_version(path)),
        }
        want = {key: row[key] for key in got}
        for key in ("check", "import", "file", "escape_err", "unescape_err"):
            want[key] = row[key] is None
        if not path.isascii():  # JSON could not carry the bytes
            del want["split"], got["split"]
        assert got == want, path


def test_versions_are_judged_and_taken_apart_as_go_does() -> None:
    for row in rows("vectors", "versions"):
        version = row["v"]
        ok, escaped = verdict(module.escape_version, version)
        got = {
            "valid": semver.is_valid(version),
            "canonical": semver.canonical(version),
            "major": semver.major(version),
            "majorminor": semver.major_minor(version),
            "pre": semver.prerelease(version),
            "build": semver.build(version),
            "modcanonical": module.canonical_version(version),
            "pseudo": pseudo.is_pseudo_version(version),
            "escaped": escaped or "",
            "escape_err": None if ok else row["escape_err"],
        }
        assert got == {key: row[key] for key in got}, version
        for path in ("example.com/m", "example.com/m/v2", "gopkg.in/m.v1"):
            fits = row[f"check_{path}"] is None
            assert accepts(module.check, path, version) == fits, (path, version)


def test_pseudo_versions_are_taken_apart_as_go_does() -> None:
    judged = [row for row in rows("vectors", "versions") if row["pseudo"]]
    assert judged
    for row in judged:
        version = row["v"]
        assert pseudo.pseudo_version_rev(version) == row["prev"]
        ok, time = verdict(pseudo.pseudo_version_time, version)
        assert ok == (row["ptime_err"] is None)
        assert time is None or f"{time:%Y-%m-%dT%H:%M:%SZ}" == row["ptime"]


def test_precedence_is_that_of_go() -> None:
    for row in rows("vectors", "semver_compare"):
        assert semver.compare(row["a"], row["b"]) == row["cmp"], row
        assert semver.compare(row["b"], row["a"]) == -row["cmp"], row


def test_sorting_gives_the_one_order_of_go() -> None:
    want = rows("vectors", "semver_sorted")[0]["sorted"]
    shuffled = want.copy()
    random.Random(1).shuffle(shuffled)
    assert semver.sort_versions(shuffled) == want
    assert semver.max_version(shuffled) == want[-1]


def test_patterns_match_as_goprivate_does() -> None:
    for row in rows("vectors", "match_prefix_patterns"):
        assert match_prefix_patterns(row["globs"], row["target"]) == row["match"], row


@pytest.mark.parametrize("row", rows("vectors", "zips"), ids=lambda row: row["zip"])
def test_zips_are_judged_and_hashed_as_go_does(row: dict[str, Any]) -> None:
    data: bytes = (VECTORS / "zips" / row["zip"]).read_bytes()
    mv = ModuleVersion(row["path"], row["version"])

    def read_at(offset: int, size: int) -> bytes:
        return data[offset : offset + size]

    assert verdict(hash_zip, read_at, len(data)) == (
        row["h1_err"] is None,
        row["h1"] or None,
    )
    assert accepts(check_zip, read_at, len(data), mv) == row["ok"]
    window = Window(read_at, len(data))
    checked = inspect_entries(read_directory(window, len(data)), mv)
    invalid = [name.encode("utf-8", "surrogateescape") for name, _ in checked.invalid]
    assert invalid == [base64.b64decode(name) for name, _ in row["invalid"] or ()]
    assert len(checked.valid) == row["nvalid"]
    scanned, scan = verdict(scan_zip, read_at, len(data), mv)
    assert scanned == (row["h1_err"] is None)
    assert scan is None or (scan.h1, scan.checked) == (row["h1"], checked)


def test_info_is_read_as_encoding_json_reads_it() -> None:
    for row in rows("gomod", "info"):
        data = base64.b64decode(row["data_b64"])
        try:
            info = parse_info(data)
        except MalformedError:
            # No version is an error here; Go notices later.
            assert not row["ok"] or not row["version"], data
            continue
        assert row["ok"], data
        assert info.version == row["version"]
        time = f"{info.time:%Y-%m-%dT%H:%M:%S.%f}" if info.time else None
        assert time == row["time"]
        origin = row["origin"]
        assert (info.origin is None) == (origin is None)
        if info.origin:
            assert info.origin.hash == origin["Hash"]
            assert info.origin.ref == origin["Ref"]
            assert info.origin.vcs == origin["VCS"]


@pytest.mark.parametrize("mode", ["lax", "strict"])
def test_go_mod_is_read_as_modfile_reads_it(mode: str) -> None:
    parse = modfile.parse_lax if mode == "lax" else modfile.parse
    for row in rows("gomod", "modfile"):
        data = base64.b64decode(row["data_b64"])
        want = row[mode]
        ok, mod = verdict(parse, data)
        assert ok == (want is not None), data
        if mod is None:
            continue
        got: dict[str, object] = {
            "module": mod.module,
            "deprecated": mod.deprecated,
            "go": mod.go,
            "require": [
                [each.path, each.version, each.indirect] for each in mod.require
            ],
            "retract": [[each.low, each.high, each.rationale] for each in mod.retract],
            "ignore": list(mod.ignore),
        }
        if mode == "strict":  # Go leaves these empty in lax mode
            got |= {
                "toolchain": mod.toolchain,
                "tool": list(mod.tool),
                "exclude": [list(each) for each in mod.exclude],
                "godebug": [list(each) for each in mod.godebug],
                "replace": [
                    [each.path, each.version, each.new_path, each.new_version]
                    for each in mod.replace
                ],
            }
        assert {key: value for key, value in got.items() if value} == want, data
