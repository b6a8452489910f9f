"""The stages that a request passes on its way out, in order, and the events that are logged about them.

This wing joins the others: policy, redaction, price, budget, audit, transport. It decides nothing itself.
"""
