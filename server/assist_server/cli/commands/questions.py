"""The commands that ask a model: `explain`, `ask`, `test`, `refactor`, `fix`; `route` only says which."""

from typing import Annotated, Any

import typer

from assist_server.cli.flags import Asking, AskingForEdit, Words, add_flags, argument, example, option
from assist_server.cli.output import show_passing
from assist_server.cli.shell_completion import complete_target
from assist_server.errors import WRONG_USAGE, UserError

TargetArgument = Annotated[
    str,
    typer.Argument(
        metavar="TARGET",
        help="PATH, PATH:LINE, PATH:START-END, PATH:SYMBOL, or the name of a symbol.",
        show_default=False,
        autocompletion=complete_target,
    ),
]
Piped = Annotated[str, argument("-", "Write `-` to give the model the text from stdin, too.")]
Files = Annotated[
    list[str] | None,
    typer.Option(
        "--file",
        "-f",
        metavar="PATH",
        help="Also give the model this file, or this folder's outlines and best-matching parts. Repeatable.",
        show_default=False,
    ),
]
Continue = Annotated[
    bool, typer.Option("--continue", "-c", help="Continue the last conversation in this workspace.")
]
ThreadName = Annotated[
    str,
    option("--thread", "NAME", "Continue the conversation with this name or id, or start it."),
]
DASH = "-"  # as in `piped_input`, which loads more
ROUTE = """Show which model would answer, how likely a local answer is right and must be, what would be sent
to whom, and the maximum cost. Nothing is sent. `assist route ask ...` is `assist ask ... --dry-run`."""


def add_to(app: typer.Typer) -> None:
    """Put these commands into the command line."""
    _add(app, "assist")
    command = typer.Typer(
        help=ROUTE, short_help="Show which model would answer, and why. Sends nothing.", rich_markup_mode=None
    )
    _add(command, "assist route", dry_run=True)
    app.add_typer(command, name="route", epilog=example('assist route ask "how is an order paid?"'))


def _add(app: typer.Typer, before: str, **defaults: bool) -> None:
    rows = (
        (
            "explain",
            explain,
            "Explain code: what it does, how it works, and pitfalls.",
            ("src/app.py:12", "Cart.total --facts", "src/ --json --model qwen2.5-coder-1.5b"),
        ),
        (
            "ask",
            ask,
            "Answer a question about the workspace.",
            ("where are prices rounded", "-c and who calls that", "-f docs what is missing here"),
        ),
        (
            "test",
            write_tests,
            "Write tests for code.",
            ("src/cart.py:12", "Cart.total --run --yes"),
        ),
        (
            "refactor",
            refactor,
            "Change code as you describe, after showing the diff.",
            ('Cart.total "round at the end"',),
        ),
        (
            "fix",
            fix,
            "Find and fix a bug in code.",
            (
                'src/cart.py:12 "IndexError on an empty cart"',
                'Cart.total "wrong for 0" --test "pytest tests/test_cart.py"',
                "word_count --expect \"word_count('') == 0\"",
            ),
        ),
    )
    for name, command, short, lines in rows:
        examples = example(*(f"{before} {name} {line}" for line in lines))
        words = f"Show which model would answer `assist {name}`, and why. Send nothing." if defaults else None
        register = app.command(name, help=words, epilog=examples, short_help=words or short)
        register(add_flags(command, **defaults))


def explain(
    target: TargetArgument,
    flags: Asking,
    piped: Piped = "",
    files: Files = None,
    facts: Annotated[
        bool,
        typer.Option(
            "--facts", help="Show only facts computed from the code, with their locations. No model is used."
        ),
    ] = False,
    words: Words = False,
) -> None:
    """Explain code: its purpose, how it works, and pitfalls. For a folder, give an overview."""
    if facts:
        from assist_server.cli.commands.question_place import begin_facts  # noqa: PLC0415

        beginning = begin_facts(target, flags)
        from assist_server.cli.commands.question_facts import show_facts  # noqa: PLC0415  (meanwhile)

        show_facts(beginning, target, flags)
        return
    _run("explain", target, ("", piped), flags, files=files, prose=words)


def ask(
    question: Annotated[
        list[str],
        argument(
            "QUESTION", "The question, in one or more words. A `-` among them adds the text from stdin."
        ),
    ],
    flags: Asking,
    files: Files = None,
    go_on: Continue = False,
    thread: ThreadName = "",
    prose: Words = False,
) -> None:
    """Answer a question about the workspace, using code found in the index.

    Stdin is only read if you write a `-`, so the command is safe in a loop or script that reads stdin.
    """
    refuse_two_conversations(thread, go_on=go_on)
    words = " ".join(word for word in question if word != DASH)
    piped = DASH if DASH in question else ""
    alone = not (piped or files or thread or go_on or prose)
    has_index = False
    if alone and _asks_facts(words, flags):
        from assist_server.cli.commands.question_place import (  # noqa: PLC0415
            TerminalQuestion,
            begin_question,
        )

        beginning = begin_question(TerminalQuestion("ask", "", words), flags)
        from assist_server.cli.commands.question_facts import answer_by_facts  # noqa: PLC0415  (meanwhile)

        if answer_by_facts(beginning, flags):
            return
        has_index = True
    conversation = {"name": thread, "last": go_on, "indexed": has_index}
    _run("ask", "", (words, piped), flags, files=files, prose=prose, **conversation)


def _asks_facts(words: str, flags: Asking) -> bool:
    """Return whether facts may answer a question at the terminal, and no one else is asked for."""
    from assist_context.evidence.fact_questions import asks_only_facts  # noqa: PLC0415

    other = flags.frontier or flags.provider or flags.dry_run or flags.show_text or flags.as_json
    if other or flags.model or not asks_only_facts(words):
        return False
    show_passing("looking for code that helps")
    return True


def refuse_two_conversations(thread: str, *, go_on: bool) -> None:
    """Raise `UserError` if a user names a conversation and also wants the last one."""
    if go_on and thread:
        raise UserError("--continue and --thread cannot be used together: give one of them.", WRONG_USAGE)


def write_tests(
    target: TargetArgument,
    flags: Asking,
    words: Annotated[str, argument("INSTRUCTIONS", "What to test, in your own words.")] = "",
    piped: Piped = "",
    files: Files = None,
    run: Annotated[
        bool,
        typer.Option("--run", help="Run the code in a copy of the workspace without asking."),
    ] = False,
) -> None:
    """Write tests for code, show them, and add them to the existing tests if you agree.

    assist asks whether it may call the code in a copy of the workspace, and expects what these calls return.
    It skips calls that existing tests make. If the code cannot be run, no model below 7B parameters guesses
    values; the answer says what is missing.
    """
    _run("test", target, (words, piped), flags, files=files, run=run)


def refactor(
    target: TargetArgument,
    wishes: Annotated[str, argument("INSTRUCTIONS", "The change, in your own words.")],
    flags: AskingForEdit,
    piped: Piped = "",
    files: Files = None,
) -> None:
    """Change code as you describe. The change is shown as a diff, and applied if you agree.

    Before that, assist asks whether it may run the code's tests on the change, in a copy of the workspace.
    """
    _run("refactor", target, (wishes, piped), flags, files=files, test_command=flags.test, run=flags.run)


def fix(
    target: TargetArgument,
    flags: AskingForEdit,
    problem: Annotated[str, argument("PROBLEM", "An error message, or a description of the bug.")] = "",
    piped: Piped = "",
    files: Files = None,
    expect: Annotated[
        str,
        option(
            "--expect",
            "'CALL == VALUE'",
            "The value that a call should return, as a literal. If no existing test fails, assist makes "
            "this a test, which checks the change and is added with it.",
        ),
    ] = "",
) -> None:
    """Find and fix a bug in code. The change is shown as a diff, and applied if you agree.

    Before that, assist asks whether it may run the code's tests on each attempt, in a copy of the workspace.
    """
    options: dict[str, Any] = {"test_command": flags.test, "run": flags.run, "expect": expect}
    _run("fix", target, (problem, piped), flags, files=files, **options)


def _run(
    command: str,
    target: str,
    words: tuple[str, str],
    flags: Asking,
    *,
    files: list[str] | None,
    **conversation: Any,
) -> None:
    """Load the rest only here: `--help` must not wait for it. The words are the user's, and a `-`."""
    if not flags.dry_run:
        show_passing("looking for code that helps")
    from assist_server.cli.commands.question_place import QuestionContext  # noqa: PLC0415
    from assist_server.cli.commands.question_run import run  # noqa: PLC0415

    run(command, target, words, flags, QuestionContext(tuple(files or ()), **conversation))
