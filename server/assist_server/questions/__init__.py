"""A question from its words to its answer: target, evidence, prompt, decision, stream.

The terminal and the editors share this wing. It prints nothing and knows no protocol.
"""
