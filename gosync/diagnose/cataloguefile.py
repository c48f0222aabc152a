"""Where the catalogue that comes with gosync lies: ``catalogue.toml`` of this room."""

from __future__ import annotations

from pathlib import Path
from typing import Final

CATALOGUE_FILE: Final = Path(__file__).with_name("catalogue.toml")
