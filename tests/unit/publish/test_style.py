"""Every colour of text can be read on every background: WCAG 2's AA, 4.5 to 1."""

from __future__ import annotations

import re
from itertools import product

import pytest

from gosync.publish.pages.style import STYLE

LIGHT, DARK = (
    dict(re.findall(r"--(\w+): (#[0-9a-f]{6})", part))
    for part in STYLE.split("prefers-color-scheme: dark")
)
TEXTS = ("text", "soft", "link", "good", "plain")


def luminance(colour: str) -> float:
    """Return the relative luminance of #rrggbb, as WCAG 2 defines it."""
    parts = (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4
        for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=["light", "dark"])
def test_all_text_can_be_read(theme: dict[str, str]) -> None:
    for text, back in product(TEXTS, ("back", "panel")):
        assert contrast(theme[text], theme[back]) >= 4.5, (text, back)
