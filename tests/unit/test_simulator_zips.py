"""The evil zips, judged by Python's own zipfile where it can read them."""

from __future__ import annotations

import hashlib
import io
import zipfile
from base64 import b64encode

import pytest

from gosync.demo.exchange import HttpRequest, RequestKind
from gosync.errors import RejectedError
from gosync.gomod.dirhash import ZipScan, scan_zip
from gosync.gomod.module import ModuleVersion
from tests.simulator import Simulator
from tests.simulator.evil import EVIL, FAIR, zip_of

MV = ModuleVersion("a.example/M", "v1.0.0")
# zipfile would not read these, or not as they stand in the directory.
UNREADABLE = {"no directory", "not a zip", "not UTF-8", "nul", "other local name"}


@pytest.mark.parametrize("name", [*EVIL, *FAIR])
def test_each_zip_is_the_same_every_time_and_small(name: str):
    make = (EVIL | FAIR)[name]
    assert make(MV) == make(MV)
    assert len(make(MV).data) < 2_000_000


@pytest.mark.parametrize("name", sorted({*EVIL, *FAIR} - UNREADABLE))
def test_each_h1_is_that_of_the_contents(name: str):
    evil = (EVIL | FAIR)[name](MV)
    if evil.h1 is None or name.startswith("duplicate"):
        return
    lines = []
    with zipfile.ZipFile(io.BytesIO(evil.data)) as archive:
        for entry in archive.namelist():
            digest = hashlib.sha256(archive.read(entry)).hexdigest()
            lines.append((entry.encode(), f"{digest}  ".encode() + entry.encode()))
    text = b"".join(line + b"\n" for _, line in sorted(lines))
    assert evil.h1 == "h1:" + b64encode(hashlib.sha256(text).digest()).decode()


def judge(data: bytes) -> ZipScan:
    return scan_zip(lambda start, size: data[start : start + size], len(data), MV)


@pytest.mark.parametrize("name", EVIL)
def test_gosync_refuses_each_evil_zip(name: str):
    try:
        scan = judge(EVIL[name](MV).data)
    except RejectedError:
        return
    assert scan.checked.invalid


@pytest.mark.parametrize("name", FAIR)
def test_gosync_takes_each_fair_zip_with_its_h1(name: str):
    fair = FAIR[name](MV)
    scan = judge(fair.data)
    assert not scan.checked.invalid
    assert scan.h1 == fair.h1
    assert (scan.go_mod == fair.go_mod(MV)) == (name != "other go.mod")


def test_the_honest_bomb_declares_what_the_lying_one_hides():
    sizes = {}
    for name in ("honest bomb", "lying bomb"):
        with zipfile.ZipFile(io.BytesIO(EVIL[name](MV).data)) as archive:
            sizes[name] = archive.infolist()[-1].file_size
    assert sizes == {"honest bomb": 600 << 20, "lying bomb": 1000}


def test_the_log_vouches_for_an_evil_zip():
    sim = Simulator()
    evil = EVIL["dot dot"](MV)
    sim.publish_evil(MV, evil)
    assert evil.h1 is not None
    assert evil.h1.encode() in sim.log.record(0)
    path = "/a.example/!m/@v/v1.0.0.zip"
    assert sim.answer(HttpRequest("GET", path, path)).body == evil.data


def test_a_fair_zip_of_ours_has_the_prefix():
    fair = zip_of(MV, {b"b.go": b"package a\n"})
    with zipfile.ZipFile(io.BytesIO(fair.data)) as archive:
        assert archive.testzip() is None
        assert all(name.startswith(f"{MV}/") for name in archive.namelist())


def test_a_replaced_file_is_served_and_the_others_stay():
    sim = Simulator()
    sim.publish_evil(MV, zip_of(MV, {}))
    sim.replace(MV, RequestKind.INFO, b"{}")
    for suffix, want in (("info", b"{}"), ("mod", b"module a.example/M\n\ngo 1.21\n")):
        path = f"/a.example/!m/@v/v1.0.0.{suffix}"
        assert sim.answer(HttpRequest("GET", path, path)).body == want
