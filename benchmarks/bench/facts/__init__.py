"""Facts of code, checked by programs that are not ours: language servers, compilers' trees, git, the text.

It draws definitions and plants faults in diffs. The facts that it checks are made elsewhere, and the programs
that check them are installed by whoever runs it.
"""
