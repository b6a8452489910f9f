"""What an installed library offers: which package an import means, and the outlines of its modules.

It reads files of a workspace's environment and of `node_modules`, and runs none of them. When outlines are
made is for `library_indexer`.
"""
