"""Calls of Go: how they are proposed, run by `go test`, and written as tests.

They run in a file of tests of the same package in the copy, so that they reach what is not exported.
"""
