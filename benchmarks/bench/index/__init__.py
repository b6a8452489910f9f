"""How fast and how large the index is, compared with bare parsing and with another tool."""
