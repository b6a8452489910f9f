"""How many wishes for edits that need no model are understood, and how many of these edits are right.

    uv run python benchmarks/refactorings.py REPOSITORIES --data FOLDER --servers FOLDER [--only NAME...]
        [--show] [--out FILE]

REPOSITORIES is a folder with the repositories of `bench/refactorings/wishes.toml`, which are cloned below
--data. The wishes are in words of our own, written before the product read any; every second one is held
out. "Understood" is a wish of which an edit was made. An edit is right if a type checker (pyright, tsc) finds
no error in the changed files (tsc: in all) that it did not find before, and a rename if a language server's
rename in the whole workspace makes the same texts. The servers are installed by you:

    npm install --prefix FOLDER pyright typescript@5 typescript-language-server

The second part are wishes for other things: of none of them is an edit made, whatever code it is about.
--show names on stderr what is not understood, and what is not right, but nothing of the held out half.
"""

import argparse
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from assist_refactorings.making import wished_edit
from assist_refactorings.reading import read_wish
from assist_server.questions.computed_edits import RefactoringEdit
from bench.facts.workspaces import server_setup, workspace_of
from bench.provenance import provenance, write
from bench.refactorings.judge import batches, error_counts, has_new_errors, new_errors, server_texts
from bench.refactorings.samples import WrittenRequest, code_of, make_wishes, read_samples
from bench.renames.language_server import running


def judge_types(
    made: Sequence[WrittenRequest], arguments: argparse.Namespace
) -> dict[int, list[tuple[str, str]]]:
    """The errors that edits add, by the wish's number; pyright confirms what its server finds."""
    found: dict[int, list[tuple[str, str]]] = {}
    servers = arguments.servers
    for name in dict.fromkeys(wish.sample.repository for wish in made):
        workspace = workspace_of(arguments.repositories / name, arguments.data)
        root = workspace.root
        own = [wish for wish in made if wish.root == root and not wish.sample.plant]
        if workspace.language == "python":
            with running("python", servers, root, server_setup(workspace)) as server:
                own = [wish for wish in own if has_new_errors(server, wish)]
        paths = sorted({path for wish in own for path in wish.before})
        known = error_counts(servers, root, paths) if paths else Counter[tuple[str, str]]()
        for group in batches(own):
            found |= new_errors(servers, group, known)
        print(f"{name}: judged", file=sys.stderr)
    return found


def compare_renames(made: Sequence[WrittenRequest], arguments: argparse.Namespace) -> dict[int, str]:
    """Of each rename "equal", "refused" by the server, or how it differs."""
    found: dict[int, str] = {}
    renames = [wish for wish in made if wish.sample.kind == "rename" and wish.edit is not None]
    for name in dict.fromkeys(wish.sample.repository for wish in renames):
        workspace = workspace_of(arguments.repositories / name, arguments.data)
        with running(
            workspace.language, arguments.servers, workspace.root, server_setup(workspace)
        ) as server:
            for wish in (wish for wish in renames if wish.sample.repository == name):
                theirs = server_texts(server, wish)
                ours = dict(wish.edit.texts) if wish.edit is not None else {}
                found[wish.sample.number] = (
                    "refused" if theirs is None else "equal" if theirs == ours else _difference(theirs, ours)
                )
    return found


def _difference(theirs: dict[str, str], ours: dict[str, str]) -> str:
    """The files and lines that only one side changes."""
    words = []
    for path in sorted({*theirs, *ours}):
        one, other = theirs.get(path, "").split("\n"), ours.get(path, "").split("\n")
        if not theirs.get(path) or not ours.get(path):
            words.append(f"only {'theirs' if theirs.get(path) else 'ours'}: {path}")
        else:
            words += [f"{path}:{at}" for at, (a, b) in enumerate(zip(one, other, strict=False), 1) if a != b]
    return ", ".join(words)


def taken_wishes(words: Sequence[str], arguments: argparse.Namespace) -> tuple[list[str], list[str]]:
    """Which of other wishes are read as one of ours, and of which an edit is made of some code."""
    workspace = workspace_of(arguments.repositories / "click", arguments.data)
    targets = ("src/click/utils.py:make_str", "src/click/formatting.py:wrap_text", "src/click/types.py")
    codes = [code_of(workspace.corpus, target) for target in targets]
    read = [text for text in words if read_wish(text) is not None]
    made = [
        text
        for text in read
        if any(isinstance(wished_edit(workspace.corpus, code, text), RefactoringEdit) for code in codes)
    ]
    return read, made


def figures(made: Sequence[WrittenRequest], wrong: set[int]) -> dict[str, Any]:
    """Counts for all, for each half and for each kind."""
    groups: dict[str, Counter[str]] = {}
    for wish in made:
        half = "held out" if wish.sample.is_held_out else "looked at"
        counts = Counter(
            wishes=1,
            read=int(wish.is_read),
            understood=int(wish.edit is not None),
            told_why_not=int(bool(wish.reason)),
            right=int(wish.edit is not None and wish.sample.number not in wrong),
            asks=int(wish.edit is not None and bool(wish.edit.left)),
        )
        for group in ("all", half, wish.sample.kind):
            groups.setdefault(group, Counter()).update(counts)
    return {name: dict(counts) for name, counts in groups.items()}


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("repositories", type=Path)
    parser.add_argument("--data", type=Path, required=True, help="where the clones are")
    parser.add_argument("--servers", type=Path, required=True, help="where the checkers are installed")
    parser.add_argument("--only", nargs="*", default=(), help="repositories; the others are left out")
    parser.add_argument("--show", action="store_true")
    parser.add_argument("--out", type=Path)
    options = parser.parse_args(arguments)
    samples, others = read_samples()
    samples = [sample for sample in samples if not options.only or sample.repository in options.only]
    made = list(make_wishes(samples, options.repositories, options.data))
    errors = judge_types([wish for wish in made if wish.edit is not None], options)
    renames = compare_renames(made, options)
    differing = {number for number, words in renames.items() if words not in ("equal", "refused")}
    read, taken = taken_wishes(others, options)
    body = {
        "wishes": figures(made, {*errors, *differing}),
        "edits with new errors": len(errors),
        "renames": dict(
            Counter(words if words in ("equal", "refused") else "other" for words in renames.values())
        ),
        "other wishes": {"asked": len(others), "read as one of ours": len(read), "made": len(taken)},
    }
    if options.show:
        for wish in made:
            number = wish.sample.number
            problem = errors.get(number) or (renames.get(number) if number in differing else "")
            if not wish.sample.is_held_out and (wish.edit is None or problem):
                print(
                    f"{number} {wish.sample.target}: {wish.sample.words}: "
                    f"{problem or wish.reason or 'no edit'}",
                    file=sys.stderr,
                )
        print(*(f"taken: {text}" for text in read), sep="\n", file=sys.stderr)
    print(body)
    if options.out:
        write(options.out, provenance(), body)
    return 0


if __name__ == "__main__":
    sys.exit(main())
