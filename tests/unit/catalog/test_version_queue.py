"""Versions wait in the order of their places, however many there are."""

from __future__ import annotations

from contextlib import closing

from hypothesis import given
from hypothesis import strategies as st

from gosync.catalog.version_queue import VersionQueue
from gosync.gomod.module import ModuleVersion

_NAMES = st.sampled_from(["a.example/a", "a.example/é", "b.example/\udcff", "c"])
_QUEUED = st.tuples(
    st.sampled_from(["", "2026-01-01T00:00:00.000000Z", "2026-01-02"]),
    st.builds(ModuleVersion, _NAMES, st.sampled_from(["v1.0.0", "v1.1.0"])),
    st.integers(0, 1 << 60),
)


@given(st.lists(_QUEUED, unique_by=lambda each: each[1]))
def test_it_is_sorted(versions: list[tuple[str, ModuleVersion, int]]):
    with closing(VersionQueue()) as queue:
        queue.add(versions[:3])
        queue.add(versions[3:])
        found = list(queue)

    assert found == [(mv, size) for _, mv, size in sorted(versions)]


def test_it_is_read_page_by_page():
    versions = [("", ModuleVersion(f"m/{n:05}", "v1.0.0"), n) for n in range(2_500)]
    with closing(VersionQueue()) as queue:
        queue.add(reversed(versions))

        assert [size for _, size in queue] == list(range(2_500))
