"""Ghost text at places of recent commits, judged by machine: useful, harmless, harmful or nothing.

It reads clones of public repositories, and knows no model and no prompt.
"""
