"""The static tree: what any file server serves as a GOPROXY, sumdb included.

``publisher.Publisher`` is the way in. ``work`` compares the catalog with the
tree's own ``marker`` and says what is to be done; ``publication`` does it, in the
one order in which no reader sees half (I6). ``routes`` says where each file lies
and ``contents`` what a module's folder says; ``pages`` and ``feed`` make what people
read. These decide and touch nothing. ``tree`` is the contract of where
files are put and ``localtree`` a folder with its system calls, ``modules`` and
``sumdb`` write a module's and the checksum database's folders with them, and
``stale`` says what may go.

Only what the catalog carries is published (I2), and nothing here asks a network.

    aboutmodule    what a module's newest version says of itself, for its page
    belongings     what belongs into a tree that is published whole
    changelog      files of a tree that changed, noted until hooks were told
    claim          making a tree a store's own: its marker names the store from then on
    contents       what the tree says of one module (pure)
    indexing       the tree's index: what came in and when, as Go's module index has it
    dependents     which modules' dependents changed, as a publish goes over them
    docfiles       the Markdown files of gosync's documentation, and their pages
    docpages       gosync's documentation as pages of a tree (pure)
    downloads      archives of Go: their names, and lists of them (pure)
    feed           the tree's feed: what came in and what was found, newest first (pure)
    html           parts of pages: a document, a table, numbers and links (pure)
    knownvulns     known vulnerabilities of a module, as its page tells them (pure)
    limit          how much may go at once before somebody is asked
    listing        the tree's list of modules: one page, or pages by their paths
    localtree      a tree as a folder; the contract is ``tree``'s
    objecttree     the tree as objects of a bucket
    objectput      one object of it put: a generated file, or a blob
    objectfolder   what a folder of that tree has, and which blobs
    lookups        a module's lookups: which are written, and which are left
    markdown       Markdown as HTML that can do nothing (pure)
    marker         the tree's own memory: ``.gosync/tree.json``
    modulepage     a module's page (pure)
    modulepublication  the publish of one module, by itself
    modulereader   what the tree is to say of a module, read from the catalog
    notedtree      a tree's storage that notes what is written
    modules        one module's files in a tree: first what a version is
    notfound       ``sumdb/NAME/404.txt`` (pure)
    oldheads       the tree's tiles for clients that remember an older head
    owner          whose a tree is: this store's, another one's, nobody's
    packagesection  what a module's page tells of packages and commands (pure)
    pageoptions    what modules' pages are made with (pure)
    pages          the tree's front page and the pages of its list (pure)
    paging         parts of a list that stay when other parts change (pure)
    promised       what a tree promises to clients with older tree heads
    publication    one publish, in the order that no reader can see half of (I6)
    publisher      publishing a tree: what the rest of gosync calls
    readmehtml     a README as HTML that can do nothing (pure)
    report         what a publish did
    script         the front page's script: address, freshness, news, search (pure)
    searchindex    the search index: what the front page's search looks through
    setupscript    values of the scripts that set go up (pure)
    setting        what one publish of a tree works with
    showing        what a tree shows of each module, written down by a publish
    shown          what a tree shows, by its files
    shownheads     which tree heads may stay in lookups
    stale          which files of a tree are no longer wanted
    style          how pages look: one style sheet for light and dark
    sumdb          the checksum database's part of a tree: ``sumdb/NAME/``
    survey         what stands in a tree beyond what the store carries: and what goes
    takeout        taking withdrawn versions out of a tree at once
    tilesneeded    which tiles of the checksum database a publish looks for
    treelease      which machine publishes a tree in a bucket
    treecopy       a copy of a tree that is in a bucket, for what looks at files
    treefacts      what the front page says of a tree
    tree           tree storage, the contract: files by name
    deniedfile     what the policy denies, told by the tree as well
    usage          how to use the tree: the lines to paste (pure)
    listfile       JSON lists in the tree's .gosync/, like these two
    versionsection  what a module's page tells of its versions (pure)
    vulnreader     which modules' known vulnerabilities changed, by the database
    vulnsection    what a module's page tells of known vulnerabilities (pure)
    withdrawnfile  what is withdrawn, kept in the tree as well
    wordfile       the words of pages in each language of a tree
    words          the words of pages, in the reader's language (pure)
    work           what a publish has to do
"""
