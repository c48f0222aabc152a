"""The lengths that gosync takes are those that ``go`` can store on Linux."""

from __future__ import annotations

import io
import json
import re
import zipfile
from pathlib import Path

import pytest

from gosync.demo.exchange import HttpAnswer, HttpRequest
from gosync.errors import RejectedError
from gosync.gomod.dirhash import ZipScan, scan_zip
from gosync.gomod.lengths import MAX_NAME_BYTES, MAX_VERSION_BYTES
from gosync.gomod.module import ModuleVersion, check
from tests.simulator import Simulator
from tests.simulator.evil import zip_of
from tests.simulator.goclient import GoClient

M = "long.example/m"

pytestmark = pytest.mark.go


def of(length: int, letter: str = "a") -> str:
    return "v1.0.0-" + letter * (length - len("v1.0.0-"))


VERSIONS = [
    (M, of(MAX_VERSION_BYTES)),
    (M, of(MAX_VERSION_BYTES + 1)),
    (M, of(122, "A")),
    (M, of(123, "A")),
    ("long.example/" + "m" * 248, "v1.0.0"),
    ("long.example/" + "m" * 249, "v1.0.0"),
    ("long.example/" + "m" * MAX_NAME_BYTES + "/x", "v1.0.0"),
    ("long.example/" + "m" * (MAX_NAME_BYTES + 1) + "/x", "v1.0.0"),
    ("long.example/" + "m" * 30, of(224)),
    ("long.example/" + "m" * 30, of(225)),
]
FILES = [
    b"x" * 255,
    b"x" * 256,
    "\u4e2d".encode() * 85,
    "\u4e2d".encode() * 86,
    b"/".join([b"x" * 200] * 10),
    b"/".join([b"x" * 200] * 21),
]


def fails(client: GoClient, *asked: str) -> set[str]:
    """Return what ``go mod download`` cannot get because of a name's length."""
    text = client.try_run("mod", "download", "-json", *asked).stdout
    decoder, at, failed = json.JSONDecoder(), 0, set()
    while text[at:].strip():
        value, at = decoder.raw_decode(text, at + (text[at] == "\n"))
        if "Error" in value:
            assert "file name too long" in value["Error"], value
            failed.add(f"{value['Path']}@{value['Version']}")
    return failed


def any_version(request: HttpRequest, _: HttpAnswer) -> HttpAnswer:
    """Answer for a version with a name of any length, as a sound upstream would."""
    escaped, name = request.path[1:].split("/@v/")
    stem, kind = name.rsplit(".", 1)
    path, version = (
        re.sub("!([a-z])", lambda match: match[1].upper(), each)
        for each in (escaped, stem)
    )
    if kind == "info":
        return HttpAnswer(200, json.dumps({"Version": version}).encode())
    if kind == "mod":
        return HttpAnswer(200, f"module {path}\n".encode())
    return HttpAnswer(200, zip_of(ModuleVersion(path, version), {}).data)


def test_versions_and_paths(tmp_path: Path) -> None:
    refused = set()
    for path, version in VERSIONS:
        try:
            check(path, version)
        except RejectedError:
            refused.add(f"{path}@{version}")
    with Simulator() as sim:
        sim.fault("/long.example/*", any_version)
        asked = [f"{path}@{version}" for path, version in VERSIONS]
        failed: set[str] = set()
        # The random number in go's temporary names has ten digits, seldom fewer.
        for turn in ("first", "second", "third", "fourth"):
            with GoClient(tmp_path / turn, goproxy=sim.url, gosumdb="off") as client:
                failed |= fails(client, *asked)
            if failed == refused:
                break
        assert failed == refused
    assert len(refused) == len(VERSIONS) // 2


def scan(data: bytes, mv: ModuleVersion) -> ZipScan:
    return scan_zip(lambda at, size: data[at : at + size], len(data), mv)


def test_names_of_files(tmp_path: Path) -> None:
    versions = {
        ModuleVersion(M, f"v1.0.{number}"): name for number, name in enumerate(FILES)
    }
    refused = set()
    with Simulator() as sim:
        for mv, name in versions.items():
            evil = zip_of(mv, {name: b"x"})
            assert zipfile.ZipFile(io.BytesIO(evil.data)).testzip() is None
            sim.publish_evil(mv, evil)
            if scan(evil.data, mv).checked.invalid:
                refused.add(str(mv))
        with GoClient(tmp_path, goproxy=sim.url, gosumdb="off") as client:
            assert fails(client, *map(str, versions)) == refused
    assert len(refused) == len(FILES) // 2
