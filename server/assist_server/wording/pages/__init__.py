"""Pages for a browser, each one file that loads nothing: a template and the values in it.

This wing knows how a page looks in light, in dark and on paper. It computes nothing and reads no records.
"""
