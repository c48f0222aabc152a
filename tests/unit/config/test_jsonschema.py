"""schema/config.schema.json is what the classes say; regenerate it by

GOSYNC_WRITE_SCHEMA=1 pytest tests/unit/config/test_jsonschema.py
"""

from __future__ import annotations

import os
from pathlib import Path

import msgspec

from gosync.config.schema import SCHEMA_ID, FileSchema

FILE = Path(__file__).parents[3] / "schema" / "config.schema.json"


def test_the_json_schema_is_the_one_of_the_classes():
    schema = {"$id": SCHEMA_ID, **msgspec.json.schema(FileSchema)}
    want = msgspec.json.format(msgspec.json.encode(schema), indent=2)
    if "GOSYNC_WRITE_SCHEMA" in os.environ:
        FILE.write_bytes(want + b"\n")

    assert FILE.read_bytes() == want + b"\n"
