"""The part of JavaScript and TypeScript in recorded tests: calls, the runner that runs them, and the tests.

Calls run inside a file of tests that the project's own runner takes, so that its transforms, aliases and
kinds of modules are those of its tests. What scripts say is read by `assist_runner.scripts`.
"""
