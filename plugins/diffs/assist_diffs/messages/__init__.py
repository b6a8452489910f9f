"""Commit messages from what a diff changes: `assist commit` without a model.

`strategy` is what the core calls, by an entry point, and `message` writes in the repository's `style`. What
changed is found thing by thing (`changed_things`): definitions and their `signatures`, `statements`, `pages`,
`manifests` of dependencies, and what is as quiet as imports and comments. What cannot be named is left out,
or it is said that a definition changed.
"""
