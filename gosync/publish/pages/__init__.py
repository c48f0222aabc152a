"""Pages of a tree, as people read them: from values to HTML, scripts and styles.

Each section of a page is a module, and says what it needs to know as values: what is
read from a catalog is read by ``publish``. Texts are said in English where they stand;
``pages.toml`` has the Chinese ones.

    frontpage      the tree's front page and the pages of its list (pure)
    modulepage     a module's page (pure)
    packagesection  what a module's page tells of packages and commands (pure)
    versionsection  what a module's page tells of its versions (pure)
    vulnsection    what a module's page tells of known vulnerabilities (pure)
    docfiles       the Markdown files of gosync's documentation, and their pages
    docpages       gosync's documentation as pages of a tree (pure)
    downloads      archives of Go: their names, and lists of them (pure)
    requestpage    what was asked for, and what became of it (pure)
    usage          how to use the tree: the lines to paste (pure)
    setupscript    values of the scripts that set go up (pure)
    script         the front page's script: address, freshness, news, search (pure)
    readmehtml     a README as HTML that can do nothing (pure)
    markdown       Markdown as HTML that can do nothing (pure)
    html           parts of pages: a document, a table, numbers and links (pure)
    style          how pages look: one style sheet for light and dark
    pageoptions    what modules' pages are made with (pure)
    paging         parts of a list that stay when other parts change (pure)
    words          the words of pages, in the reader's language (pure)
    wordfile       the words of pages in each language of a tree
"""
