"""What functions need and give, as their text says it: parameters, results, bounds, and where blocks begin.

It is read with the grammars, and leaves as plain values: no tree and no node is seen outside. One module
for Rust; a folder because it is one more place where nodes are read. It knows no other file.
"""
