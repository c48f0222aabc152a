"""A list told as a difference to another one, and made whole again."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from gosync.bundle.format.artifacts import ArtifactEntry
from gosync.bundle.format.listlines import GoneEntry
from gosync.bundle.format.manifest import (
    Manifest,
    VersionEntry,
    format_manifest,
    parse_manifest,
)
from gosync.bundle.format.selectionlist import (
    as_difference,
    completed,
    format_list,
    list_of,
    parse_list,
)
from gosync.catalog.versions import Need, Proof
from gosync.errors import MalformedError
from tests.unit.bundle.fakes import segment

BASE = "ab" * 32
H1 = f"h1:{'A' * 43}="


def version(
    name: int, *, need: Need = Need.ZIP, segment: int | None = None
) -> VersionEntry:
    travels: dict[str, Any] = (
        {} if segment is None else {"mod_digest": BASE, "record": "r"}
    )
    whole = need is Need.ZIP
    if segment is not None and whole:
        travels |= {"info_digest": BASE, "zip_bytes": 1}
    return VersionEntry(
        path=f"example.com/m{name}",
        version="v1.0.0",
        need=need,
        mod_h1=H1,
        zip_h1=H1 if whole else None,
        proof=Proof.SUMDB,
        record_id=name,
        segment=segment,
        **travels,
    )


def document(name: int, digit: str) -> ArtifactEntry:
    digest = digit * 64
    return ArtifactEntry(kind="document", name=f"{name}", digest=digest, size_bytes=1)


def manifest(
    versions: dict[int, tuple[Need, bool]], documents: dict[int, str]
) -> Manifest:
    return Manifest(
        segments=(segment(),),
        versions=tuple(
            version(name, need=need, segment=0 if travels else None)
            for name, (need, travels) in sorted(versions.items())
        ),
        artifacts=tuple(document(n, digit) for n, digit in sorted(documents.items())),
    )


MANIFESTS = st.builds(
    manifest,
    st.dictionaries(
        st.integers(0, 9), st.tuples(st.sampled_from(Need), st.booleans()), max_size=9
    ),
    st.dictionaries(st.integers(0, 9), st.sampled_from("01"), max_size=9),
)


@given(MANIFESTS, MANIFESTS, MANIFESTS)
def test_a_difference_gives_the_list_again_with_its_base_alone(
    base: Manifest, new: Manifest, other: Manifest
):
    told = as_difference(new, list_of(base), BASE)
    read = parse_manifest(format_manifest(told))
    assert completed(read, list_of(base)) == new
    made_whole = list_of(other)
    if made_whole == list_of(base):
        return
    with suppress(MalformedError):
        assert completed(read, made_whole) == new


@given(MANIFESTS)
def test_a_kept_list_is_read_as_it_was_written(found: Manifest):
    listed = list_of(found)
    assert parse_list([format_list(listed)]) == listed


def test_a_difference_to_another_list_is_refused():
    base = manifest({1: (Need.ZIP, False), 2: (Need.ZIP, False)}, {})
    new = manifest({1: (Need.ZIP, False), 3: (Need.MOD, True)}, {})
    told = as_difference(new, list_of(base), BASE)
    assert [each.path for each in told.gone] == ["example.com/m2"]
    with pytest.raises(MalformedError, match="no difference to this one"):
        completed(told, list_of(manifest({2: (Need.ZIP, False)}, {})))


def test_nothing_is_gone_from_a_whole_list():
    gone = (GoneEntry(path="example.com/m", version="v1.0.0"),)
    odd = replace(manifest({}, {}), gone=gone)
    with pytest.raises(MalformedError, match="not named"):
        parse_manifest(format_manifest(odd))


def test_a_small_change_of_ten_thousand_versions_is_told_in_ten_kib():
    every = dict.fromkeys(range(10_000), (Need.ZIP, False))
    base = manifest(every, {})
    new = manifest({**every, **dict.fromkeys(range(7), (Need.ZIP, True))}, {})
    assert len(format_manifest(as_difference(new, list_of(base), BASE))) < 10 << 10
