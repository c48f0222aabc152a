"""``gosync run``: what is refused before anything begins."""

from __future__ import annotations

from pathlib import Path

import pytest

from gosync.cli.main import run

CONFIG = '[upstream]\nproxies = "http://127.0.0.1:1"\nsumdb = "off"\n'


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (["--once"], "--once needs the names of jobs"),
        (["sync"], "--once needs the names of jobs"),
        (["--once", "dance"], "no job 'dance'"),
    ],
)
def test_a_wrong_call_is_a_usage_error(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    word: str,
):
    file = tmp_path / "gosync.toml"
    file.write_text(CONFIG)

    assert run(["run", *arguments, "--config", str(file)]) == 2
    assert word in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == [file]


def test_a_wrong_configuration_ends_it_before_it_begins(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    file = tmp_path / "gosync.toml"
    file.write_text('[daemon.jobs.sync]\ncron = "0 3 * * 7"\n')

    assert run(["run", "--config", str(file)]) == 2
    assert "daemon.jobs.sync.cron: malformed cron expression" in capsys.readouterr().err
