"""``publish.upper_tiles``, ``heads``, ``heads_since``."""

from __future__ import annotations

from pathlib import Path

import pytest

from gosync.config import load_config
from gosync.errors import ConfigError
from gosync.site.options import OldHeadSpec

INDEX = '[upstream]\nindex = "https://index.example/index"\n'


def spec(folder: Path, text: str, **environ: str) -> OldHeadSpec:
    file = folder / "gosync.toml"
    file.write_text(text)
    return load_config(file, environ).site_options().old_heads


def test_the_upper_levels_are_there_unless_it_is_said(tmp_path: Path) -> None:
    assert spec(tmp_path, "") == OldHeadSpec(upper=True)
    assert spec(tmp_path, "[publish]\nupper_tiles = false\n") == OldHeadSpec()


def test_heads_are_sizes_or_files(tmp_path: Path) -> None:
    found = spec(tmp_path, '[publish]\nheads = [72131000, "../latest", "5", 5]\n')
    assert found.sizes == (5, 72131000)
    assert found.notes == (tmp_path.resolve() / "../latest",)
    found = spec(tmp_path, "", GOSYNC_PUBLISH_HEADS="7,notes/latest")
    assert (found.sizes, found.notes) == ((7,), (tmp_path.resolve() / "notes/latest",))


def test_a_time_is_a_date_or_a_time(tmp_path: Path) -> None:
    for value in ('"2025-01-01"', "2025-01-01", '"2025-01-01T00:00:00Z"'):
        text = f"{INDEX}[publish]\nheads_since = {value}\n"
        assert spec(tmp_path, text).since == "2025-01-01T00:00:00Z"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("[publish]\nheads = [0]\n", "0 is no size"),
        ("[publish]\nheads = [-5]\n", "-5 is no size"),
        ('[publish]\nheads = ["99999999999999999999"]\n', "is no size"),
        ('[publish]\nheads_since = "2025-01-01"\n', "needs upstream.index"),
        (f'{INDEX}[publish]\nheads_since = "yesterday"\n', "publish.heads_since"),
        ("[publish]\nhead = [5]\n", "publish.head: an unknown key"),
        ("[publish]\nheads = [1.5]\n", "publish.heads"),
    ],
)
def test_what_cannot_be_is_said_by_its_key(
    tmp_path: Path, text: str, reason: str
) -> None:
    with pytest.raises(ConfigError, match=reason):
        spec(tmp_path, text)
