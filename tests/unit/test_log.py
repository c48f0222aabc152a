"""How log lines look: for people, for programs, for the journal."""

from __future__ import annotations

import json
import logging
import os
import sys
from pathlib import Path

import pytest

from gosync import log

CHECKED = logging.getLogger("gosync.test")


@pytest.fixture(autouse=True)
def _restored():
    logger = logging.getLogger("gosync")
    before = (logger.handlers[:], logger.level, logger.propagate)
    yield
    logger.handlers[:], logger.level, logger.propagate = before


def _lines(form: log.Form, capsys: pytest.CaptureFixture[str]) -> list[str]:
    log.configure(level=logging.DEBUG, form=form)
    CHECKED.debug("four")
    CHECKED.info("three")
    CHECKED.warning("two\n<0>lines")
    try:
        int("one")
    except ValueError:
        CHECKED.exception("failed")
    return capsys.readouterr().err.splitlines()


def test_the_journal_gets_a_priority_on_every_line(capsys: pytest.CaptureFixture[str]):
    lines = _lines("journal", capsys)

    assert lines[:4] == [
        "<7>gosync.test: four",
        "<6>gosync.test: three",
        "<4>gosync.test: two\\n<0>lines",
        "<3>gosync.test: failed",
    ]
    assert lines[-1].startswith("<3>ValueError: invalid literal")
    assert all(line.startswith("<3>") for line in lines[3:])


def test_people_get_a_line_that_nobody_forged(capsys: pytest.CaptureFixture[str]):
    lines = _lines("text", capsys)

    assert lines[2:4] == [
        "WARNING gosync.test: two\\n<0>lines",
        "ERROR gosync.test: failed",
    ]


def test_programs_get_an_object_a_line(capsys: pytest.CaptureFixture[str]):
    documents = [json.loads(line) for line in _lines("json", capsys)]

    assert [d["level"] for d in documents] == ["debug", "info", "warning", "error"]
    assert documents[2]["message"] == "two\n<0>lines"
    assert "ValueError: invalid" in documents[3]["exception"]


def test_the_journal_is_known_by_its_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    with (tmp_path / "journal").open("w") as file:
        monkeypatch.setattr(sys, "stderr", file)
        found = os.fstat(file.fileno())
        stream = f"{found.st_dev}:{found.st_ino}"
        assert log.form_of({"JOURNAL_STREAM": stream}) == "journal"
        assert log.form_of({"JOURNAL_STREAM": "1:2"}) == "text"
        assert log.form_of({}) == "text"
