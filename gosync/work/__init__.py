"""Work itself, whatever is done: side by side, watched, ended early.

pool        bounded tasks on anyio
lookahead   threads that work some items ahead of the one whose result is taken
processes   forked processes, where threads would wait for each other
threads     threads that stand beside work, by their names
workers     processes started beside other threads, when there is work
sweep       one step done with very many items, here or elsewhere
pace        how quickly work goes, and how long the rest takes (pure)
memory      memory that threads share
progress    who watches long work
interruption  signals that end waits for locks
stop        ending it early without losing what is under way
"""
