"""Licences of a module, from the texts of its licence files. Pure.

A text is matched against the licences of SPDX's list by licenseclassifier, which works
as google/licensecheck does, the engine of pkg.go.dev, with the same threshold. What it
does not recognise is unknown, and is never taken for anything else.

    expression  SPDX licence expressions: identifiers checked, put together, in parts
    filekinds   kinds of licence files, by their names and places
    found       the licences of a module version: what each file says, and all together
    names       which files of a module are licence files
    reading     the licence files of a zip, classified while or after it is hashed
    texts       the licences that a text has, and how much of it they cover
"""
