"""What is longer than ``go`` can store is refused where it is read.

That the limits are those of ``go`` is shown by tests/go/test_lengths_go.py.
"""

from __future__ import annotations

import pytest

from gosync.errors import MalformedError
from gosync.gomod.gosum import parse_gosum
from gosync.gomod.lengths import MAX_PATH_BYTES, MAX_VERSION_BYTES
from gosync.gomod.modfile import parse_lax
from gosync.gomod.module import ModuleVersion, check, check_path

M = "example.com/m"


def version(length: int, letter: str = "a") -> str:
    return "v1.0.0-" + letter * (length - len("v1.0.0-"))


FITS = [
    (M, version(MAX_VERSION_BYTES)),
    (M, version(122, "A")),
    ("example.com/" + "m" * 248, "v1.0.0"),
    ("example.com/" + "m" * 255 + "/x", "v1.0.0"),
    ("example.com/" + "/".join(["m" * 200] * 9), "v1.0.0"),
]
TOO_LONG = [
    (M, version(MAX_VERSION_BYTES + 1)),
    (M, version(123, "A")),
    (M, version(15 << 20)),
    (M, "v1." + "9" * 1000 + ".0"),
    ("example.com/" + "m" * 249, "v1.0.0"),
    ("example.com/" + "m" * 30, version(230)),
    ("example.com/" + "m" * 256 + "/x", "v1.0.0"),
    ("example.com/" + "M" * 128 + "/x", "v1.0.0"),
    ("example.com/" + "m/" * MAX_PATH_BYTES + "x", "v1.0.0"),
]


@pytest.mark.parametrize(("path", "version"), FITS)
def test_what_go_can_store_is_a_module_version(path: str, version: str) -> None:
    check(path, version)
    assert ModuleVersion.parse(f"{path}@{version}").path == path
    assert parse_lax(f"module x\nrequire {path} {version}\n".encode()).require
    assert parse_gosum(f"{path} {version} h1:x=\n".encode()).lines


@pytest.mark.parametrize(("path", "version"), TOO_LONG)
def test_what_go_cannot_store_is_none(path: str, version: str) -> None:
    for read in (
        lambda: check(path, version),
        lambda: ModuleVersion.parse(f"{path}@{version}"),
        lambda: parse_lax(f"module x\nrequire {path} {version}\n".encode()),
        lambda: parse_gosum(f"{path} {version} h1:x=\n".encode()),
    ):
        with pytest.raises(MalformedError) as caught:
            read()
        assert len(str(caught.value)) < 400


def test_a_path_alone_is_held_to_its_own_length() -> None:
    check_path("example.com/" + "m" * 255)
    for path in ("example.com/" + "m" * 256, "example.com" + "/m" * MAX_PATH_BYTES):
        with pytest.raises(MalformedError, match="longer than"):
            check_path(path)


def test_a_hash_in_a_go_sum_has_some_length() -> None:
    with pytest.raises(MalformedError, match="line 2"):
        parse_gosum(f"{M} v1.0.0 h1:x=\n{M} v1.0.0 {'h' * 5000}\n".encode())
