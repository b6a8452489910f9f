"""The members of objects and the calls of functions, by the texts of a workspace and of packages.

`types` reads the workspace, `libraries` what is installed for it, and `library_indexer` has outlines of that
made, in the indexer's process. `member_source` is what the core calls, by an entry point. Nothing of a
workspace or of a package is run.

This is a plugin: no package of the core knows it. It knows the context package alone.
"""
