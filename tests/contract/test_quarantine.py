"""The contract of the quarantine (gosync.store.quarantine), sentence by sentence."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor

import pytest

from gosync.errors import NoSpaceError, StoreError
from gosync.store.digest import digest_of
from gosync.store.quarantine import Quarantine
from tests.contract.storages import STORES, Storage

STORAGES = STORES


def keep(quarantine: Quarantine, data: bytes = b"bad", url: str = "https://x") -> str:
    return quarantine.keep(
        "m@v1.0.0", "a rule", evidence={"url": url}, files={"zip": data}
    )


def test_evidence_says_what_was_refused_and_why(storage: Storage) -> None:
    quarantine = storage.quarantine()
    assert quarantine.ids() == []
    entry = keep(quarantine)
    assert json.loads(quarantine.read(entry)) == {
        "subject": "m@v1.0.0",
        "reason": "a rule",
        "files": {"zip": {"label": "zip", "sha256": digest_of(b"bad")}},
        "evidence": {"url": "https://x"},
    }
    with pytest.raises(StoreError):
        quarantine.read("0" * 64)


def test_nothing_that_an_upstream_said_is_a_name(storage: Storage) -> None:
    quarantine = storage.quarantine()
    files = {"../../etc": b"a", "ok": b"b"}
    entry = quarantine.keep("m", "r", evidence={}, files=files)
    assert json.loads(quarantine.read(entry))["files"].keys() == {"file-1", "ok"}


def test_the_same_evidence_is_kept_once_whoever_serves_it(storage: Storage) -> None:
    writers = [storage.quarantine(), storage.quarantine()]
    with ThreadPoolExecutor(4) as pool:
        found = pool.map(lambda n: keep(writers[n % 2], url=f"https://{n}"), range(16))
    assert len(set(found)) == 1
    assert len(writers[0].ids()) == 1
    assert keep(writers[0], b"other") in writers[1].ids()


def test_what_is_staged_is_evidence_too_and_stays(storage: Storage) -> None:
    quarantine, blobs = storage.quarantine(), storage.blobs()
    with blobs.stage() as staged:
        staged.write(b"bad")
        entry = quarantine.keep(
            "m@v1.0.0", "a rule", evidence={}, files={"zip": staged}
        )
        assert staged.read_at(0, 9) == b"bad"
    assert entry == keep(quarantine)


def test_kept_evidence_outlives_a_power_cut(storage: Storage) -> None:
    entry = keep(storage.quarantine())
    storage.cut_power()
    quarantine = storage.quarantine()
    assert quarantine.ids() == [entry]
    assert json.loads(quarantine.read(entry))["subject"] == "m@v1.0.0"


def test_without_room_nothing_is_half_there(storage: Storage) -> None:
    quarantine = storage.quarantine()
    storage.full(yes=True)
    with pytest.raises(NoSpaceError):
        keep(quarantine)
    assert quarantine.ids() == []
    storage.full(yes=False)
    entry = keep(quarantine)
    assert quarantine.ids() == [entry]


def test_what_a_killed_run_left_is_not_listed_and_swept(storage: Storage) -> None:
    quarantine = storage.quarantine()
    entry = keep(quarantine)
    storage.tear_evidence()
    assert quarantine.ids() == [entry]
    assert (quarantine.sweep(), quarantine.sweep()) == (1, 0)
    assert quarantine.ids() == [entry]
