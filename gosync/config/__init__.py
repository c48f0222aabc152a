"""The configuration: a TOML file and GOSYNC_* variables, made into options.

``schema`` is the file's grammar, ``config`` what is made of it; ``load`` reads and
checks it, ``convert`` key by key; ``mistakes`` are what is wrong, ``lines`` where it
stands, ``presence`` what is not there. ``upstreams`` parts URLs from their secrets;
``selects`` and ``toolchains`` make their sections into what sync takes, ``places``
paths, ``sizes`` and ``durations`` numbers; ``files`` reads with a limit. What a layer
needs to know it gets as that layer's own options; nothing below this room reads a
configuration.
"""

from __future__ import annotations

from gosync.config.config import Config
from gosync.config.load import (
    DEFAULT_FILES,
    examine_config,
    find_config,
    load_config,
    parse_config,
)

__all__ = [
    "DEFAULT_FILES",
    "Config",
    "examine_config",
    "find_config",
    "load_config",
    "parse_config",
]
