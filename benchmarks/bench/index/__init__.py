"""How fast and how large the index is, next to bare parsing and to another tool."""
