"""What a file of JavaScript or TypeScript says: its exports, what its functions take, calls, branches.

Texts are read with the grammars, and leave as plain values: no tree and no node is seen outside. Broken code
is normal input. The wing knows no other file, no runner of tests, and runs nothing.
"""
