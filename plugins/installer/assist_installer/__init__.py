"""What makes assist ready on a machine: models and engines are chosen, fetched, measured and removed.

`setup` chooses a model and puts it to use, `team_server` asks a team's server what it is, `doctor` says what
is wrong with an installation, `demo` shows one at work, and `cli` has the commands.

This is a plugin: no package of the core knows it, and the command line finds `cli` by entry points. No editor
loads it: an editor's part runs `assist setup`.
"""
