"""The command line: one file a verb, and the one mapping of errors to exit codes.

``main`` is the group and the process's border, ``options`` what every command
takes, ``output`` how results are written, ``progress`` how long work shows.

    access          ``gosync access``: what access logs tell, and what in them is odd
    adopt           ``gosync adopt``: take in what a tree shows and the store lacks
    ages            how long ago, for people
    alerthooks      hooks told of alerts over access logs, once each
    arguments       what stands on the command line, parsed
    attest          ``gosync attest``: signed statements of what versions are
    audit           ``gosync audit``: ask upstreams what became of what is held
    backup          ``gosync backup``: a dated copy of catalog and journal
    restore         ``gosync restore``: a store in a bucket, brought to this machine
    bars            progress on a terminal, by rich; imported where there is one
    beginning       what a first configuration is to say: flags, or answers
    bundle          ``gosync bundle``: what crosses the air gap, on either side of it
    bundle_create   ``gosync bundle create``: what is new to a site
    bundle_import   ``gosync bundle import``: take a bundle in
    bundle_inspect  ``gosync bundle inspect`` and ``verify``: without store
    bundle_ledger   ``gosync bundle ack``, ``revoke`` and ``list``
    bundle_sign     ``gosync bundle sign``: one more signature beside a header
    bundle_lines    lines that the commands of ``gosync bundle`` print of one bundle
    carriedarg      a module on the command line: the newest version that is here
    catalog         ``gosync catalog rebuild``: the catalog again
    choosing        what becomes of requests: by patterns, or by asking
    closure         ``gosync closure``: does the tree hold what a project needs
    completing      completion of module names in a shell, from the catalog
    completion      ``gosync completion``: the script with which a shell completes
    conceal         arguments that may hold a password, kept out of what is said of them
    config          ``gosync config check`` and ``gosync config show``
    confirm         asking before something that is rarely meant
    confirmsize     confirmation before a sync brings very much
    demo            ``gosync demo``: the whole loop on a sample upstream
    doctor          ``gosync doctor``: why go cannot get a module on this machine
    durations       spans of time on the command line: 90m, 36h, 2d
    explain         ``gosync explain``: what a failure of go means, and what to do
    extras          extras of the package: what not every installation has
    importing       ``gosync import``: what caches have, proven and taken in
    init            ``gosync init``: a commented configuration to start from
    inspect         ``gosync show``: all that is known of one version
    interruptible   long work that SIGINT and SIGTERM end cleanly
    key             ``gosync key``: keys that sign bundles, made and shown
    licences        ``gosync licences``: the licences of what is carried
    listing         ``gosync list``: the versions in the store
    main            the command group, and errors made exit codes
    messages        what people read, in their language: errors, hints, lines
    sentences       sentences of one language, known again by the English ones (pure)
    mirrors         ``gosync mirrors``: upstreams compared, and go told of one
    modulepattern   PATTERN: which modules a command is about
    notelines       lines about what a selection could not know
    options         what every command takes: --config, --json, --quiet, --no-progress
    output          results: a document for programs or lines for people, never both
    passlines       lines about a pass: what it did, how fresh and complete that is
    probe           ``gosync init --probe``: what answers, written down
    mirrorlines     the table of ``gosync mirrors``
    pick            ``gosync mirrors pick``: a GOPROXY that answers, within seconds
    plan            ``gosync plan``: what a sync would do
    policy          ``gosync policy``: decisions about what may come in
    policylines     the policy's rulings for people: what is kept out, what ends when
    planlines       a plan for people: sums, what is largest, new or dropped
    plaintable      tables as plain lines, for a pipe or when they are long
    progress        how long work shows: a bar on a terminal
    prune           ``gosync prune``: forget what no selection wants any more
    publish         ``gosync publish``: write or refresh a static tree
    record          ``gosync record``: what a build asks a module proxy for
    requests        ``gosync requests``: what was asked for and is not carried
    release         ``gosync release``: a private module's version from a git tag
    richtable       tables on a terminal, by rich; imported where one is printed
    roletext        text of the roles of versions: chosen, dependencies, tools
    run             ``gosync run``: the daemon, or its jobs once
    sbom            ``gosync sbom``: what a project, a version or the tree is made of
    scheduler       --scheduler: who does the steps of a sweep
    sealing         ``gosync access --seal`` and ``--prove DAY``
    selfbundle      ``gosync self bundle``: gosync's own wheels, to carry
    serve           ``gosync serve``: a published tree over HTTP
    status          ``gosync status``: fresh, complete, proven, at a glance
    stopping        a first signal asks a run to come to a good end
    streams         standard output and error that tell when what is written gets lost
    sync            ``gosync sync``: one incremental pass, then publish
    systemd         ``gosync systemd install``: the units
    tables          lines and tables that several commands print
    classlines      lines that name the pages about classes of failures
    troublelines    lines about what is selected, what of it is missing, and why
    verbs           a group of verbs; only the one that is asked for is imported
    verdicts        what ``gosync verify`` prints for people
    verify          ``gosync verify``: prove what a module cache holds, and clean it
    verify_request  what ``gosync verify`` is asked: its target
    vulns           ``gosync vulns``: carried versions with known vulnerabilities
    vulnlines       a line about a vulnerability of a module that is carried
    why             ``gosync why``: which select or project wants a version
    withdraw        ``gosync withdraw``: give nobody a version any more
"""
