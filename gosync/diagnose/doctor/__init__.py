"""Doctor: walks the way that ``go`` would walk to a module, and says where it ends.

Asks nobody whom ``go`` would not ask with the same settings, and sends no private name
where it must not go. It changes nothing.

    walk              the run: environment, project, then the way to each module
    moduleway         the way to one module, along each entry of GOPROXY
    moduleproofs      what came, held against the database, go.sum and the caches
    diagnosis         stages, findings, the conclusion (pure)
    stagelog          the stages of a run as they happen
    gosettings        the settings of go, layer by layer (pure)
    settingsfiles     reading them from where they are kept
    contradictions    settings that contradict each other
    goflags           GOFLAGS (pure)
    ways              whom go asks for a module, and whom it must not
    webproxy          HTTP_PROXY and its like, as go reads them
    environmentstage  the stage environment
    projectstage      the stage project
    toolchains        the stage toolchain: the go that would be downloaded
    nameserver        one question to the configured name server
    dialling          names, addresses, web proxies
    certificates      what a server shows, and whether go believes it
    lines             the stages dns, tcp, proxy and tls
    web               HTTP/1.1, with redirects as go follows them
    localfiles        a file:// proxy, as if it answered
    http2             one question over HTTP/2, as go asks
    webanswer         an answer after redirects (pure)
    answers           the class of an answer that is no good (pure)
    curl              the command line that asks the same (pure)
    moduleproxy       the stages http, list, latest, info, mod and zip
    absence           why a version is not there
    comparing         the stage go: what the real go makes of it, sends and gets
    withgo            running the real go
    tlsrelay          hears how a client begins TLS, and passes it on
    tlshello          ClientHello and ServerHello (pure)
    saying            its sentences in the reader's language (pure)
    sentencefile      their texts in Chinese, sentences.toml
    report            what --json prints and --report writes (pure)
    evidence          a folder with what stands in the mirror's place
    queries           what @latest, @v1 or @<v1.2 mean (pure)
    checksums         the stages sumdb, record and proof
    comparingh1       the stage h1 (pure)
    forensics         a rewritten tag or a change on the way (pure)
    repository        the stage git
    origins           what the repository itself has of a version
    gitsettings       git's own settings
    localcaches       the stage caches
"""
