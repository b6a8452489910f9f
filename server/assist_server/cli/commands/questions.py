"""The commands that ask a model: `explain`, `ask`, `test`, `refactor`, `fix`; `route` only says which one."""

from typing import Annotated

import typer

from assist_server.cli.flags import Asking, asked, example

Target = Annotated[
    str,
    typer.Argument(
        metavar="TARGET", help="PATH, PATH:LINE, PATH:START-END, or the name of a symbol.", show_default=False
    ),
]
ROUTE = """Says who would answer, with which score against which threshold, and what would be sent to whom at
which cost at most. Sends nothing. `assist route explain ...` is `assist explain ... --dry-run`."""


def add_to(app: typer.Typer) -> None:
    """Put these commands into the command line."""
    _add(app, dry_run=None)
    routed = typer.Typer(
        help=ROUTE, short_help="Who would answer, and why; sends nothing.", rich_markup_mode=None
    )
    _add(routed, dry_run=True)
    app.add_typer(routed, name="route", epilog=example('assist route ask "how is an order paid?"'))


def _add(app: typer.Typer, *, dry_run: bool | None) -> None:
    fixed = {} if dry_run is None else {"dry_run": dry_run}
    before = "assist " if dry_run is None else "assist route "
    rows = (
        (
            "explain",
            explain,
            "What code does, how, and what could surprise.",
            ("src/app.py:12", "Cart.total --json"),
        ),
        (
            "ask",
            ask,
            "A question about the workspace.",
            ('"where are prices rounded?"', '"how is an order paid?" --local'),
        ),
        (
            "test",
            write_tests,
            "Write tests for code, in a file of their own.",
            ("src/cart.py:12", "Cart.total --yes"),
        ),
        (
            "refactor",
            refactor,
            "Change code as you say, after you have seen how.",
            ('Cart.total "round at the end"',),
        ),
        (
            "fix",
            fix,
            "Find and mend what is wrong in code.",
            ('src/cart.py:12 "IndexError on an empty cart"',),
        ),
    )
    for name, command, short, lines in rows:
        examples = example(*(f"{before}{name} {line}" for line in lines))
        app.command(name, epilog=examples, short_help=short)(asked(command, **fixed))


def explain(target: Target, flags: Asking) -> None:
    """Explain code: what it is for, how it works, what could surprise."""
    _run("explain", target, "", flags)


def ask(
    question: Annotated[str, typer.Argument(metavar="QUESTION", show_default=False)], flags: Asking
) -> None:
    """Answer a question about the workspace, with what the index finds for it."""
    _run("ask", "", question, flags)


def write_tests(
    target: Target,
    flags: Asking,
    words: Annotated[str, typer.Argument(metavar="[WISHES]", show_default=False)] = "",
) -> None:
    """Write tests for code, show them, and put them into a new file if you say so."""
    _run("test", target, words, flags)


def refactor(
    target: Target,
    wishes: Annotated[str, typer.Argument(metavar="WISHES", show_default=False)],
    flags: Asking,
) -> None:
    """Change code as you say: the change is shown as a diff, and made if you say so."""
    _run("refactor", target, wishes, flags)


def fix(
    target: Target,
    flags: Asking,
    problem: Annotated[
        str,
        typer.Argument(metavar="[PROBLEM]", help="An error message, or what is wrong.", show_default=False),
    ] = "",
) -> None:
    """Find and mend what is wrong in code: the change is shown as a diff, and made if you say so."""
    _run("fix", target, problem, flags)


def _run(command: str, target: str, words: str, flags: Asking) -> None:
    """Only here is the rest loaded: `--help` must not wait for it."""
    from assist_server.cli.commands.question_run import run  # noqa: PLC0415

    run(command, target, words, flags)
