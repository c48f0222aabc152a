"""The questions of an audit are replaced by paths, some thousands at a time."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gosync.catalog import look_table
from gosync.catalog.db import Catalog
from gosync.catalog.looks import Listing, Question
from gosync.gomod.filekind import FileKind

_QUESTIONS = st.sets(
    st.builds(
        Question,
        st.sampled_from(["https://a.example", "https://b.example"]),
        st.sampled_from(["", "m", "m/a", "m\U0010ff00", "n"]),
        st.sampled_from(["", "v1.0.0"]),
        st.sampled_from([Listing.LIST, FileKind.MOD]),
    )
)


@given(_QUESTIONS, _QUESTIONS)
def test_exactly_the_last_ones_are_asked(
    tmp_path_factory: pytest.TempPathFactory,
    before: set[Question],
    now: set[Question],
):
    with (
        pytest.MonkeyPatch.context() as patch,
        Catalog.open(_file(tmp_path_factory), create=True) as catalog,
        catalog.undone(),
    ):
        patch.setattr(look_table, "_AT_ONCE", 2)
        for questions in (before, now):
            catalog.looks.ask_only(sorted(questions, key=lambda each: each.path))
        paths = {each.mv for each in before | now}
        found = {
            Question(look.source, look.path, look.version, look.what)
            for mv in paths
            for look in catalog.looks.of(mv)
        }
    assert found == now


def _file(factory: pytest.TempPathFactory) -> Path:
    return factory.getbasetemp() / "looks.sqlite"
