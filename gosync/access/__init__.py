"""Access logs of web servers: what was asked, by whom, and what of it is odd.

Lines of a log become requests, requests are counted and held against rules, and what
was asked for and is not carried is remembered, to be asked for outside.

    rows         a line's request: as bytes, and as a value (pure)
    times        times as web servers log them (pure)
    lineforms    logs of lines: nginx, Apache, HAProxy (pure)
    jsonforms    logs of JSON: gosync's own, nginx's, Caddy's (pure)
    lines        whole lines from blocks of bytes, and whose form they have (pure)
    files        log files: plain, gzip, zstd, rotated, followed
    zstd         logs packed with zstd
    asked        what paths ask for, read backwards (pure)
    agents       which clients are a go, and how old (pure)
    bounded      counts that are estimates where there are very many keys (pure)
    tries        prefixes of paths that ``go`` only tries (pure)
    watch        who wants to see which requests one by one (pure)
    records      what is counted of clients, modules and users (pure)
    clienttable  what clients asked for, by day (pure)
    linecounts   counts of lines, and which of them somebody sees (pure)
    tally        what was asked, by whom, with which outcome (pure)
    rule         rules: what is too much, by whom, in which time (pure)
    windows      keys with too much within a window (pure)
    absences     clients that asked much of one kind and nothing of another (pure)
    alerts       all rules held against requests (pure)
    missing      requests for what is not carried (pure)
    served       versions with findings that were given out (pure)
    toolchains   toolchains that were fetched (pure)
    requestfile  requests and decisions as files that are carried (pure)
    ledger       requests out of logs into the catalog, and what became of them
    assessing    what requests would bring, asked of upstreams outside
    deciding     decisions: into a modules file, the catalog and the next bundle
    requestreports  reports of requests that were listed, read, exported, added
    asks         what a build or a fleet asked for, gathered for a record (pure)
    passing      a build's requests passed on to the upstreams, on loopback
    seals        seals of past days' records: a chain of small files (pure)
    sealing      whole days of logs, kept packed, each under its seal
    ranges       ranges of large logs, counted by a process beside
    audit        one audit of some logs
    report       its report, whose fields are the keys of the JSON document
"""
