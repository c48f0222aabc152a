"""The schemas of bundles' files are what the classes say; write them anew by

GOSYNC_WRITE_SCHEMA=1 pytest tests/unit/bundle/format/test_jsonschema.py
"""

from __future__ import annotations

import os
from pathlib import Path

import msgspec
import pytest

from gosync.bundle.format.artifacts import ArtifactEntry
from gosync.bundle.format.header import Header
from gosync.bundle.format.listlines import DroppedEntry, GoneEntry, ListBase
from gosync.bundle.format.manifest import (
    FindingEntry,
    OmittedEntry,
    Segment,
    ShrinkEntry,
    VersionEntry,
    VolumeEntry,
    WithdrawnEntry,
)
from gosync.bundle.format.need import NeedFile
from gosync.bundle.format.receipt import Receipt

SCHEMA = Path(__file__).parents[4] / "schema"
CLASSES = {
    "bundle": Header,
    "bundle-manifest-line": (
        VolumeEntry
        | Segment
        | ListBase
        | VersionEntry
        | GoneEntry
        | OmittedEntry
        | FindingEntry
        | WithdrawnEntry
        | ArtifactEntry
        | DroppedEntry
        | ShrinkEntry
    ),
    "receipt": Receipt,
    "need": NeedFile,
}


@pytest.mark.parametrize("name", CLASSES)
def test_the_json_schemas_are_those_of_the_classes(name: str):
    schema = msgspec.json.schema(CLASSES[name])
    want = msgspec.json.format(msgspec.json.encode(schema), indent=2)
    file = SCHEMA / f"{name}.schema.json"
    if "GOSYNC_WRITE_SCHEMA" in os.environ:
        file.write_bytes(want + b"\n")

    assert file.read_bytes() == want + b"\n"
