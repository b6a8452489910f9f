"""The edges: language server, command line, configuration, composition root."""
