"""The content of an installed library: the package that an import means, and its modules' outlines.

It reads files of a workspace's environment and of `node_modules`, and runs none of them. When outlines are
made is for `library_indexer`.
"""
