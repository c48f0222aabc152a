"""Doctor's sentences in another language: sentences.toml, as it comes with gosync."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Final

from gosync.diagnose.doctor.saying import parse_sentences
from gosync.diagnose.language import Language

SENTENCES_FILE: Final = Path(__file__).with_name("sentences.toml")


@cache
def sentences_in(language: Language) -> Mapping[str, str]:
    """Return a language's texts by the English ones; none for English itself."""
    if language is Language.ENGLISH:
        return {}
    return parse_sentences(SENTENCES_FILE.read_bytes())
