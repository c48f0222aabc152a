"""Licences of a module: which files are read, what they are, and what counts."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gosync.errors import MalformedError
from gosync.gomod.dirhash import scan_zip
from gosync.gomod.module import ModuleVersion
from gosync.licence.expression import identifiers, is_identifier
from gosync.licence.filekinds import LicenceFileKind
from gosync.licence.found import ModuleLicences, pack, unpack
from gosync.licence.names import kind_of, may_be_one
from gosync.licence.reading import MAX_DEEPER, LicenceReader, read_licences, read_text
from gosync.licence.texts import MAX_TEXT_BYTES, classify
from tests.unit.gomod.zipfiles import make_zip, reader
from tests.unit.licence.texts import GPL, ISC, MIT, OWN

MV = ModuleVersion("example.com/m", "v1.0.0")
GO_MOD = ("go.mod", b"module example.com/m\n")
LICENCE, ALIKE, REUSE, FOLDER, NOTICE, README = LicenceFileKind


def _read(*files: tuple[str, bytes]) -> ModuleLicences:
    data = make_zip([GO_MOD, *files])
    return read_licences(reader(data), len(data), MV)


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("LICENSE", LICENCE),
        ("license.MD", LICENCE),
        ("LICENCE.txt", LICENCE),
        ("COPYING.LESSER", LICENCE),
        ("LICENSE-APACHE-2.0.txt", LICENCE),
        ("MIT-LICENSE.markdown", LICENCE),
        ("UNLICENSE", LICENCE),
        ("LICENSE.BSD", ALIKE),
        ("LICENSE_THIRD_PARTY.txt", ALIKE),
        ("LICENSES/MIT.txt", REUSE),
        ("LICENSES/check.go", None),
        ("internal/LICENSE", FOLDER),
        ("internal/LICENSE.BSD", None),
        ("vendor/LICENSE", FOLDER),
        ("vendor/x/LICENSE", None),
        ("a/vendor/x/LICENSE", None),
        ("NOTICE.txt", NOTICE),
        ("README.md", README),
        ("license.go", None),
        ("licensee.txt", None),
        ("relicense", None),
    ],
)
def test_licence_files_are_known_by_their_names(
    name: str, kind: LicenceFileKind | None
):
    assert kind_of(name) is kind
    if kind is not None:
        assert may_be_one(f"{MV}/{name}".encode())


def test_what_is_recognised_is_an_expression():
    found = _read(("LICENSE", MIT), ("LICENSE-MIT", MIT), ("COPYING", ISC))
    assert found.expression == "ISC AND MIT"
    assert found.is_known
    assert not found.unrecognised


def test_a_text_that_is_not_recognised_is_unknown_whatever_stands_beside_it():
    alone = _read(("LICENSE", OWN))
    assert (alone.expression, alone.is_known) == ("unknown", False)

    beside = _read(("LICENSE", MIT), ("COPYING", OWN))
    assert (beside.expression, beside.is_known) == ("MIT", False)
    assert beside.unrecognised == ("COPYING",)


def test_a_licence_within_another_text_is_none():
    assert not classify(MIT + OWN * 10).licences


def test_what_only_other_files_have_is_told_apart():
    found = _read(("LICENSE", MIT), ("LICENSE.tools", GPL), ("LICENSES/x.txt", ISC))
    assert found.expression == "MIT"
    assert found.also == ("GPL-3.0-or-later", "ISC")


def test_without_a_licence_file_others_stand_in():
    assert _read(("LICENSE.other", ISC)).expression == "ISC"
    assert _read(("LICENSES/MIT.txt", MIT)).expression == "MIT"
    assert _read().expression == "unknown"


def test_a_readme_is_a_hint_and_no_licence():
    found = _read(("README.md", b"# A tool\n\n" + OWN + b"\n## Licence\n\n" + MIT))
    assert (found.expression, found.hint, found.is_known) == ("unknown", "MIT", False)
    assert not _read(("README.md", MIT), ("LICENSE", ISC)).hint


def test_licences_of_folders_are_shown_and_do_not_count():
    found = _read(("LICENSE", MIT), ("deep/down/COPYING", GPL))
    assert found.expression == "MIT"
    assert [(each.name, each.kind) for each in found.files] == [
        ("LICENSE", LICENCE),
        ("deep/down/COPYING", FOLDER),
    ]


def test_a_text_that_is_too_large_is_unknown():
    found = _read(("LICENSE", b"x" * (MAX_TEXT_BYTES + 1)), ("COPYING", MIT))
    assert not found.is_known
    assert found.unrecognised == ("LICENSE",)
    assert found.left_out == 1


def test_of_many_folders_the_first_are_read():
    many = [(f"d{number}/LICENSE", ISC) for number in range(MAX_DEEPER + 5)]
    found = _read(*many, ("LICENSE", MIT))
    assert found.expression == "MIT"
    assert len(found.files) == MAX_DEEPER + 1
    assert found.left_out == 5


def test_what_is_read_while_hashing_is_what_is_read_afterwards():
    data = make_zip([GO_MOD, ("a.go", b"package a\n"), ("LICENSE", MIT), ("X", OWN)])
    kept = LicenceReader()
    scan = scan_zip(reader(data), len(data), MV, keep=kept.wanted)
    plain = scan_zip(reader(data), len(data), MV)

    assert scan.h1 == plain.h1
    assert scan.go_mod == plain.go_mod == GO_MOD[1]
    assert kept.licences(scan.kept) == read_licences(reader(data), len(data), MV)
    assert read_text(reader(data), len(data), MV, "LICENSE") == MIT
    assert read_text(reader(data), len(data), MV, "COPYING") is None


def test_identifiers_are_those_of_spdx():
    assert identifiers(["GPL-3.0", "MIT", "GooglePatentClause"]) == (
        "GPL-3.0-only",
        "MIT",
    )
    assert identifiers(["Nobodys-1.0"]) == ("LicenseRef-Nobodys-1.0",)
    assert is_identifier("BSD-3-Clause")
    assert not is_identifier("BSD3")


def test_packed_licences_come_back():
    found = _read(("LICENSE", MIT), ("COPYING", OWN))
    assert unpack(pack(found)) == found
    with pytest.raises(MalformedError):
        unpack(b"\x00")


@given(st.binary(max_size=200))
def test_unpacking_any_bytes_ends(data: bytes):
    for packed in (data, b"\x01" + data):
        with suppress(MalformedError):
            unpack(packed)


@given(st.lists(st.tuples(st.sampled_from(["LICENSE", "a/COPYING"]), st.binary())))
def test_any_text_is_some_licence_or_none(files: list[tuple[str, bytes]]):
    found = _read(*files)
    assert found.is_known is (bool(found.licences) and not found.unrecognised)
