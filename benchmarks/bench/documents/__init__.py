"""Pages of documentation as a benchmark: their headings as questions, and questions that people wrote.

It knows the index through its reader, and no model.
"""
