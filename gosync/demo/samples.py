"""The files in samples/, from the wheel or from a checkout."""

from __future__ import annotations

from gosync.demo.modules import samples_folder


def read_sample(name: str) -> bytes:
    """Return one sample file's bytes."""
    return (samples_folder() / name).read_bytes()
