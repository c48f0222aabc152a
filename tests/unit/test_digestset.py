"""Packed sets hold what a plain set does."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from gosync.digestset import DigestSet, PackedSet

# Few bytes, so that one's end and another's beginning look like a third.
_ITEMS = st.lists(st.sampled_from(b"ab"), min_size=5, max_size=5).map(bytes)


@given(st.lists(_ITEMS), st.lists(_ITEMS))
def test_it_holds_what_a_plain_set_does(added: list[bytes], asked: list[bytes]):
    packed = PackedSet(5)
    for item in added:
        packed.add(item)

    assert len(packed) == len(set(added))
    assert [item in packed for item in asked] == [item in set(added) for item in asked]


def test_what_is_no_digest_is_in_none():
    digests = DigestSet()
    for item in ("0" * 64, "0" * 64, "F" * 63, "no digest", ""):
        digests.add(item)

    assert len(digests) == 1
    assert "0" * 64 in digests
    assert "1" * 64 not in digests
    assert "no digest" not in digests
