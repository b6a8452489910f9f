"""The code that helps a model to answer a question or make a change: definitions, callers, callees, tests.

This wing collects pieces of code and where they come from. It knows no model, no prompt and no policy.
"""
