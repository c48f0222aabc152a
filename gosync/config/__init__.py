"""The configuration: a TOML file and GOSYNC_* variables, made into options.

``schema`` is the file's grammar, ``load`` reads and checks it; ``selects`` and
``toolchains`` make their sections into what sync takes, ``files`` reads with a
limit, ``sizes`` parses sizes. What a layer needs to know it gets as that layer's
own options; nothing below this room reads a configuration.
"""

from __future__ import annotations

from gosync.config.load import DEFAULT_FILES, find_config, load_config, parse_config
from gosync.config.schema import Config

__all__ = ["DEFAULT_FILES", "Config", "find_config", "load_config", "parse_config"]
