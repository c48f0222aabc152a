"""Plans cost what there is, not what there is times what was found."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from gosync.catalog.versions import Need, VersionRow
from gosync.folder.walk import Unread
from gosync.gomod.module import ModuleVersion
from gosync.verify.act.plan import Action, UnreadPaths
from gosync.verify.ownstore.plan import plan_store
from gosync.verify.verdicts import CacheFinding, Fix, Verdict

_PATHS = st.lists(st.sampled_from("ab"), max_size=4).map("/".join)


class _Rows(dict[ModuleVersion, VersionRow]):
    """Rows that count how often they are gone through."""

    passes = 0

    def each(self) -> Iterator[VersionRow]:
        self.passes += 1
        yield from self.values()


def _row(number: int) -> VersionRow:
    digest = f"{number:064x}"
    return VersionRow("a.example/a", f"v1.{number}.0", need=Need.MOD, mod_digest=digest)


def test_rows_are_gone_through_once_whatever_is_lost():
    rows = _Rows()
    for number in range(50):
        rows[ModuleVersion("a.example/a", f"v1.{number}.0")] = _row(number)
    lost = [
        CacheFinding(
            verdict=Verdict.INCOMPLETE,
            path=f"blobs/sha256/{number:064x}"[:15] + f"/{number:064x}",
            reason="missing",
            fix=Fix.FETCH,
        )
        for number in range(50)
    ]

    plan = plan_store(rows.each(), (), lost, Action.REPAIR, can_ask_log=True)

    assert plan.versions.keys() == rows.keys()
    assert rows.passes == 1


def test_versions_that_share_a_blob_are_all_planned():
    first, second = _row(1), msgspec.structs.replace(_row(1), version="v2.0.0")
    rows = {ModuleVersion(row.path, row.version): row for row in (first, second)}
    path = f"blobs/sha256/00/{1:064x}"
    lost = CacheFinding(verdict=Verdict.CORRUPT, path=path, reason="x", fix=Fix.FETCH)

    plan = plan_store(rows.values(), (), [lost], Action.REPAIR, can_ask_log=True)

    assert set(plan.versions) == set(rows)
    assert set(plan.takes) == {path}


@given(st.lists(_PATHS, max_size=4), _PATHS, _PATHS)
def test_what_was_not_read_is_beside_what_lies_with_it(
    unread: list[str], path: str, folder: str
):
    def holds(each: str) -> bool:
        is_in = not each or f"{path}/".startswith(f"{each}/")
        return is_in or bool(folder and f"{each}/".startswith(f"{folder}/"))

    found = UnreadPaths(Unread(each, "no") for each in unread)

    assert found.are_beside(path, folder) == any(map(holds, unread))
