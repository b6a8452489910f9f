"""The call to a provider: one address, one retry, a limit on the bytes of an answer.

This wing is the only way out of the machine for prompts. It does not know policy, redaction or money.
"""
