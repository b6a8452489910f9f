"""The reasons for an offer, one module each: a pure function from a situation to offers.

They are a folder because `finder` takes them all alike. No kind judges how likely its offers are, and none
knows another one.
"""
