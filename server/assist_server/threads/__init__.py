"""Conversations: their turns and what users add to them, how a prompt holds them, and where they are kept.

It knows spans and their origins. It searches for no evidence, decides nothing about who answers, and prints
nothing.
"""
