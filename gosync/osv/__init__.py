"""Entries of Go's vulnerability database, and which versions they affect. Pure.

affected  which versions an entry affects, and where it is fixed
entry     one entry in OSV's form
files     the database's files, made of entries; their names
vulnerable  an entry, and the versions here that it affects
"""
