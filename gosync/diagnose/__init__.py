"""Diagnose: why ``go`` cannot get its modules, and what to do about it.

Needs no configuration, no store and no network. The catalogue names each way in which
``go`` fails; who reads a log (explain) and who asks the world (doctor) use its names
and its texts alone.

    catalogue    classes of failures: names, patterns, texts in two languages (pure)
    shipped      the catalogue that comes with gosync, catalogue.toml
    cataloguefile  where that file lies
    language     English or Chinese, as the environment or the user says (pure)
    cleaning     lines of a log without colours, time stamps and job names (pure)
    blocks       which lines of a log may be one failure (pure)
    needles      the text that what a pattern matches must contain (pure)
    places       host, module, version and URL that a failure names (pure)
    recognising  which class a failure is of, and all failures of a log (pure)
    explaining   what happened, why, and what to do: for people and programs (pure)
    pages        the page of one class (pure)
    ownerrors    which class an error of gosync's own is of (pure)
    checking     asks the world which of a failure's candidates it is
    handbook     all classes on one page in each language (pure)
    treepages    those pages, for every published tree
    summary      failures of many logs, counted by class, host and module
    listening    runs a command of go and keeps what it says
    doctor       walks the way of go to a module, and says where it ends
"""
