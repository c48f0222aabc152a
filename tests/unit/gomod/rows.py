"""Reads the oracle rows under tests/testdata."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

TESTDATA = Path(__file__).parents[2] / "testdata"
VECTORS = TESTDATA / "vectors"


def rows(folder: str, name: str) -> list[dict[str, Any]]:
    lines = (TESTDATA / folder / f"{name}.jsonl").read_text().splitlines()
    return [json.loads(line) for line in lines]
