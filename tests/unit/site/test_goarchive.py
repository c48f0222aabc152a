"""A toolchain's zip, made into what people unpack."""

from __future__ import annotations

import io
import tarfile
import zipfile

import pytest

from gosync.errors import StoreError
from gosync.site.goarchive import write_archive

VERSION = "v0.0.1-go1.24.0.linux-amd64"
PREFIX = f"golang.org/toolchain@{VERSION}/"
FILES = {
    "VERSION": b"go1.24.0",
    "bin/go": b"\x7fELF go",
    "lib/time/zoneinfo.zip": b"zones",
    "lib/wasm/go_js_wasm_exec": b"#!/bin/sh",
    "pkg/tool/linux_amd64/compile": b"\x7fELF compile",
    "src/_go.mod": b"module std\n",
    "src/cmd/_go.mod": b"module cmd\n",
    f"src/{'long/' * 40}x.go": b"package x\n",
}


def toolchain(names: list[str]) -> io.BytesIO:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as made:
        for name in names:
            made.writestr(f"{PREFIX}{name}", FILES[name])
    file.seek(0)
    return file


def archive(source: io.BytesIO, *, is_zip: bool = False) -> bytes:
    made = io.BytesIO()
    write_archive(source, made, version=VERSION, is_zip=is_zip)
    return made.getvalue()


def test_files_lie_below_go_with_their_names_and_modes():
    with tarfile.open(fileobj=io.BytesIO(archive(toolchain(list(FILES))))) as tar:
        members = {each.name: each for each in tar}
        texts = {n: file.read() for n in members if (file := tar.extractfile(n))}
    want = {f"go/{n.replace('_go.mod', 'go.mod')}": b for n, b in FILES.items()}
    assert texts == want
    runnable = {name for name, each in members.items() if each.mode == 0o755}
    assert runnable == {
        "go/bin/go",
        "go/lib/wasm/go_js_wasm_exec",
        "go/pkg/tool/linux_amd64/compile",
    }
    assert {(m.mtime, m.uid, m.gid, m.uname) for m in members.values()} == {
        (0, 0, 0, "")
    }


@pytest.mark.parametrize("is_zip", [False, True])
def test_the_same_files_make_the_same_bytes(is_zip: bool):
    names = list(FILES)
    one = archive(toolchain(names), is_zip=is_zip)
    assert archive(toolchain(names[::-1]), is_zip=is_zip) == one


def test_windows_has_a_zip():
    with zipfile.ZipFile(
        io.BytesIO(archive(toolchain(["bin/go"]), is_zip=True))
    ) as made:
        assert made.read("go/bin/go") == FILES["bin/go"]
        assert made.infolist()[0].external_attr >> 16 == 0o100755


def test_what_is_no_zip_is_an_error_of_the_store():
    with pytest.raises(StoreError, match="not a zip file"):
        archive(io.BytesIO(b"no zip"))
