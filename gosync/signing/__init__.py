"""Detached signatures of one small file, and who may make them.

``keys`` sign and verify, in two forms that tools everybody has verify too (``sshsig``
is one); ``trust`` says whose signatures count, from when to when, and how many it
takes. All this is pure; ``files`` reads and writes secret keys.
"""
