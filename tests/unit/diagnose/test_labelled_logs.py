"""Real logs of go with labels: what text tells is named, else there are candidates."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from gosync.diagnose.recognising import Recogniser
from gosync.diagnose.shipped import shipped_catalogue

_FOLDER = Path(__file__).parents[2] / "testdata/vectors/go-logs"
_LABELS = msgspec.json.decode((_FOLDER / "labels.json").read_bytes())


@pytest.fixture(scope="module")
def recogniser():
    return Recogniser(shipped_catalogue())


@pytest.mark.parametrize("label", _LABELS, ids=lambda label: label["file"])
def test_a_log_is_named_by_its_label(label, recogniser):
    reading = recogniser.read((_FOLDER / label["file"]).read_bytes())

    assert {each.failure.name for each in reading.failures} == {label["log_class"]}
    assert reading.unnamed == ()
    if not label["decidable_from_log"]:
        for each in reading.failures:
            assert label["root_class"] in each.candidates
