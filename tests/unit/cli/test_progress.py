"""Progress: nothing when hidden, lines where there is no terminal."""

from __future__ import annotations

from gosync.cli.progress import LineProgress, progress
from gosync.work.progress import NoProgress, at_work


def test_hidden_progress_is_silent(capsys):
    with progress(show=False) as watcher:
        watcher.phase("lists", 3)
        watcher.advance()

    assert isinstance(watcher, NoProgress)
    assert capsys.readouterr().err == ""


def test_without_a_terminal_a_long_phase_says_a_line_now_and_then(capsys, monkeypatch):
    now = [0.0]
    monkeypatch.setattr("gosync.cli.progress.time.monotonic", lambda: now[0])
    watcher = LineProgress()

    watcher.phase("versions", 10)
    watcher.advance(size_bytes=1024)
    now[0] = 11.0
    watcher.advance(2, size_bytes=1024)
    watcher.advance()

    assert capsys.readouterr().err == "versions: 3/10, 2.0 KiB\n"


def test_a_short_phase_after_a_long_one_says_nothing(capsys, monkeypatch):
    now = [0.0]
    monkeypatch.setattr("gosync.cli.progress.time.monotonic", lambda: now[0])
    watcher = LineProgress()

    now[0] = 60.0
    watcher.phase("index")
    watcher.advance()

    assert capsys.readouterr().err == ""


def test_what_takes_long_is_named(capsys, monkeypatch):
    now = [0.0]
    monkeypatch.setattr("gosync.cli.progress.time.monotonic", lambda: now[0])
    watcher = LineProgress()

    watcher.phase("versions", 10)
    watcher.begin("big.example/m@v1.0.0")
    now[0] = 3.0
    with at_work(watcher, "quick.example/m@v1.0.0"):
        now[0] = 4.0
    watcher.begin("other.example/m@v1.0.0")
    now[0] = 11.0
    watcher.advance(size_bytes=1024)
    watcher.end("big.example/m@v1.0.0")
    now[0] = 22.0
    watcher.advance()
    watcher.end("other.example/m@v1.0.0")
    now[0] = 40.0
    watcher.advance()

    assert capsys.readouterr().err.splitlines() == [
        "versions: 1/10, 1.0 KiB, big.example/m@v1.0.0 takes 11 s so far",
        "versions: 2/10, 1.0 KiB, other.example/m@v1.0.0 takes 18 s so far",
        "versions: 3/10, 1.0 KiB",
    ]
