"""Kept contents: what there is room for, until it is taken or forgotten."""

from __future__ import annotations

from gosync.bundle.make.contentcache import ContentCache


def test_what_there_is_room_for_is_kept_until_it_is_taken():
    kept = ContentCache(10)
    kept.put("a", b"123456")
    kept.put("b", b"12345")
    assert kept.take("b") is None, "no room"
    assert kept.take("a") == b"123456"
    assert kept.take("a") is None, "taken"
    kept.put("b", b"1234567890")
    assert kept.take("b") == b"1234567890"


def test_the_same_contents_take_room_once():
    kept = ContentCache(10)
    for _ in range(3):
        kept.put("a", b"12345")
    kept.put("b", b"12345")
    assert kept.take("b") is not None


def test_what_is_forgotten_makes_room():
    kept = ContentCache(10)
    kept.put("a", b"1234567890")
    kept.forget(["a", "b"])
    kept.put("b", b"1234567890")
    assert (kept.take("a"), kept.take("b")) == (None, b"1234567890")
