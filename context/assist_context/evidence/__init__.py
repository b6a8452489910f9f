"""What helps a model to answer a question or to make a change: definitions, callers, callees, tests, a map.

This wing collects pieces of code and where they are from. It knows no model, no prompt and no policy.
"""
