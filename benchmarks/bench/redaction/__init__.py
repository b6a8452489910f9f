"""How many secrets redaction finds in everyday files, and what it takes that is none."""
