"""`assist commit` writes a message for what is staged; `assist review` says what is certain about a diff.

Neither changes anything. With --edit, git opens its own editor with the message, and git commits.
"""

from typing import Annotated

import typer

from assist_server.cli.flags import Asking, Words, add_flags, argument, example, option

NoteOption = Annotated[
    str, option("--note", "TEXT", "Information that the diff does not show, such as the reason.")
]

FactsOption = Annotated[
    bool,
    typer.Option(
        "--facts", help="Show only facts computed from the diff, with their locations. No model is used."
    ),
]


def add_commit(app: typer.Typer) -> None:
    """Put `assist commit` into the command line."""
    app.command(
        "commit",
        epilog=example("assist commit", "assist commit --edit", "assist commit | git commit -F -"),
        short_help="Write a commit message for the staged changes.",
    )(add_flags(commit))


def add_review(app: typer.Typer) -> None:
    """Put `assist review` into the command line."""
    app.command(
        "review",
        epilog=example("assist review", "assist review main --facts", "assist review HEAD~3..HEAD --json"),
        short_help="List risky changes in a diff.",
    )(add_flags(review, model=""))


def commit(
    flags: Asking,
    note: NoteOption = "",
    edit: Annotated[bool, typer.Option("--edit", help="Open git's editor with the message.")] = False,
    facts: FactsOption = False,
    words: Words = False,
) -> None:
    """Write a commit message for the staged changes, in the style of recent commits, and print it.

    By default it is computed from the diff, without a model. With --words, or if the local model has 7B
    parameters or more, the local model writes it. --frontier or --provider asks a provider.
    """
    from assist_diffs.cli.diff_questions import show_diff_facts, write_message  # noqa: PLC0415  (loads the rest)

    if facts:
        show_diff_facts(flags, "commit")
    else:
        write_message(flags, note, edit=edit, prose=words)


def review(
    flags: Asking,
    revision: Annotated[
        str,
        argument(
            "REV",
            "A commit or branch to compare the working tree with, or a range A..B. Default: the "
            "last commit, so all uncommitted changes are reviewed.",
        ),
    ] = "",
    note: NoteOption = "",
    facts: FactsOption = False,
) -> None:
    """List risky changes in a diff (flipped operators, stale callers, lost checks).

    With --frontier or --provider, a provider's remarks are added.

    The list is computed from the code; the local model is not used. A provider's remark about a line outside
    the diff is dropped. Untracked files are not reviewed.
    """
    from assist_diffs.cli.diff_questions import show_diff_facts, write_review  # noqa: PLC0415

    if facts:
        show_diff_facts(flags, "review", revision)
    else:
        write_review(flags, revision, note)
