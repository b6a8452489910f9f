"""What of a question may leave the machine: its files, by all their names, and what derives from them.

It knows spans and their origins, and asks the rules of others. It sends nothing and knows no provider.
"""
