"""Receipts and need.json: they come back as they were, and any bytes are refused."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gosync.bundle.format.header import Known
from gosync.bundle.format.need import (
    MAX_NEED_BYTES,
    NeedFile,
    NeedVersion,
    format_need,
    parse_need,
)
from gosync.bundle.format.receipt import (
    Head,
    Receipt,
    ReceiptSigner,
    format_receipt,
    parse_receipt,
)
from gosync.catalog.versions import Need
from gosync.errors import MalformedError

ID = "ab" * 32
RECEIPT = Receipt(
    target="t",
    sequence=1,
    bundle_id=ID,
    applied_at="2026-11-22T00:00:00.000000Z",
    versions=2,
    head=Head(name="sum.example", size=9),
    signed_by=(ReceiptSigner(name="packer", fingerprint="SHA256:x"),),
    gosync="0.1.0",
)
NEED = NeedFile(
    target="t",
    applied=Known(sequence=1, bundle_id=ID),
    staged=(Known(sequence=3, bundle_id="cd" * 32),),
    heads=(9, 12),
    versions=(NeedVersion(path="rsc.io/quote", version="v1.5.2", need=Need.ZIP),),
    tiles=True,
)


def test_they_come_back_as_they_were():
    assert parse_receipt(format_receipt(RECEIPT)) == RECEIPT
    assert parse_need(format_need(NEED)) == NEED


PARSERS = pytest.mark.parametrize("parse", [parse_receipt, parse_need])
Parser = Callable[[bytes], object]


@PARSERS
@given(data=st.binary(max_size=200))
def test_any_bytes_are_one_or_malformed(parse: Parser, data: bytes):
    with pytest.raises(MalformedError):
        parse(data)


@PARSERS
@given(data=st.data())
def test_one_changed_byte_is_one_or_malformed(parse: Parser, data: st.DataObject):
    whole = format_receipt(RECEIPT) if parse is parse_receipt else format_need(NEED)
    changed = bytearray(whole)
    changed[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    try:
        parse(bytes(changed))
    except MalformedError:
        return


def test_a_newer_format_is_refused():
    with pytest.raises(MalformedError, match="newer"):
        parse_receipt(format_receipt(msgspec.structs.replace(RECEIPT, format=2)))
    with pytest.raises(MalformedError, match="newer"):
        parse_need(format_need(msgspec.structs.replace(NEED, format=2)))


def test_a_need_of_what_is_no_module_is_refused():
    version = NeedVersion(path="../../etc", version="v1.0.0", need=Need.ZIP)
    with pytest.raises(MalformedError):
        parse_need(format_need(msgspec.structs.replace(NEED, versions=(version,))))
    with pytest.raises(MalformedError, match="larger"):
        parse_need(b" " * (MAX_NEED_BYTES + 1))
