"""The tree's list of what is withdrawn: it comes back, and any bytes are harmless."""

from __future__ import annotations

import tempfile
from pathlib import Path

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from gosync.catalog.withdrawn import Withdrawal
from gosync.folder import routes
from gosync.publish.storage.localtree import LocalTreeWriter
from gosync.publish.withdrawnfile import WITHDRAWN_FILE

SOUND = st.builds(
    Withdrawal,
    path=st.sampled_from(["example.com/m", "example.com/M/v2"]).map(str),
    version=st.sampled_from(["v2.0.0", "v2.1.0-rc.1"]),
    reason=st.text(min_size=1, max_size=50),
    withdrawn_at=st.just("2026-11-26T10:00:00.000000Z"),
    needed_by=st.lists(st.text(max_size=9), max_size=3).map(tuple),
).filter(lambda w: w.path.endswith("/v2") or w.version == "")


@given(st.lists(SOUND, max_size=4))
def test_what_was_written_is_read(withdrawals: list[Withdrawal]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        writer = LocalTreeWriter(Path(folder))
        writer.open()
        for told in (withdrawals, withdrawals, []):
            WITHDRAWN_FILE.write(writer, told)
            writer.commit()
            assert WITHDRAWN_FILE.read(LocalTreeWriter(Path(folder))) == told


@given(
    st.binary(max_size=200)
    | st.recursive(
        st.none() | st.text(max_size=9) | st.integers(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(max_size=9), inner),
    ).map(msgspec.json.encode)
    | st.just(b"[" * 200_000)
    | st.just(b'[{"x":' * 200_000)
)
def test_any_bytes_say_nothing(data: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / routes.WITHDRAWN
        path.parent.mkdir()
        path.write_bytes(data)
        assert WITHDRAWN_FILE.read(LocalTreeWriter(Path(folder))) == []
