"""Diagnose: why ``go`` cannot get its modules, and what to do about it.

Needs no configuration, no store and no network. The catalogue names each way in which
``go`` fails; who reads a log (explain) and who asks the world (doctor) use its names
and its texts alone.

    catalogue   classes of failures: names, patterns, texts in two languages (pure)
    shipped     the catalogue that comes with gosync, catalogue.toml
    doctor      walks the way of go to a module, and says where it ends
    language    English or Chinese, as the environment or the user says (pure)
"""
