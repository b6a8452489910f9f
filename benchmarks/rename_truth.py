"""How our renames compare with a real language server's: the places of one file that each would change.

For symbols of all kinds, drawn at random from real repositories, the server renames in the whole workspace,
and its edits of the symbol's file are compared with our chain. The servers are installed by you:

    npm install --prefix FOLDER pyright typescript typescript-language-server
    GOBIN=FOLDER/bin go install golang.org/x/tools/gopls@latest

Results hold no text of a file. --show prints what differs on stderr.
"""

import argparse
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from assist_context.documents import Cursor
from assist_context.syntax.scopes.parsed_text import ParsedText
from bench.provenance import provenance, write
from bench.renames.language_server import Edit, LanguageServer, running
from bench.renames.symbols import Symbol, draw, our_changes, source_files, unsure_places

EXAMPLES = """
examples:
  rename_truth.py --servers FOLDER --language python --renames 100 CLICK PYTEST
  rename_truth.py --servers FOLDER --language typescript --renames 100 ZOD --show
"""

MOST_DRAWN = 3  # symbols for each rename that is wanted: servers refuse what comes from other packages


@dataclass(frozen=True, slots=True)
class Comparison:
    """One rename: the places that only one side changes, and what both write in other words.

    The definition itself is not among these: there the user has written the name.

    `wrong` is what our surplus places are: code, string or comment. `refused`: the server has no answer.
    `in_prose`: the server changes strings or comments, too, which we never do and which are not compared.
    `guesses` says of each place whose object could be another one whether the server changes it, too.
    """

    language: str
    kind: str
    refused: bool = False
    missing: int = 0
    surplus: int = 0
    other_text: int = 0
    guesses: tuple[bool, ...] = ()
    wrong: tuple[str, ...] = ()
    in_prose: bool = False

    @property
    def equal(self) -> bool:
        return not self.missing and not self.surplus


def compare(server: LanguageServer, symbol: Symbol, show: bool) -> Comparison:
    """Asks the server, and compares the places in the symbol's file."""
    language = symbol.document.language.name
    lines = symbol.document.lines
    place = symbol.place.start
    server.open(symbol.path, _lsp_id(language))
    edits = server.rename(symbol.path, place.line, _utf16(lines[place.line], place.column), symbol.new_name)
    server.close(symbol.path)
    if not edits:
        return Comparison(language, symbol.kind, refused=True)
    ours = {(c.start.line, c.start.column, c.end.column): c.text for c in our_changes(symbol)}
    parsed = ParsedText(symbol.document)
    every = dict(_places(edit, lines) for edit in edits)
    theirs = {key: text for key, text in every.items() if _kind(parsed, key) == "code"}
    surplus = sorted(ours.keys() - theirs.keys())
    missing = sorted(theirs.keys() - ours.keys())
    differing = {
        (ours[key], theirs[key])
        for key in ours.keys() & theirs.keys() - {(place.line, place.column, symbol.place.end.column)}
        if ours[key] != theirs[key]
    }
    wrong = tuple(_kind(parsed, key) for key in surplus)
    guessed = {(each.start.line, each.start.column) for each in unsure_places(symbol)}
    guesses = tuple(key in theirs for key in ours if key[:2] in guessed)
    if show and differing:
        print(f"{symbol.path}:{place.line + 1} {symbol.kind}: {differing}", file=sys.stderr)
    if show and (surplus or missing):
        print(f"{symbol.path}:{place.line + 1}:{place.column} {symbol.kind} {symbol.name}", file=sys.stderr)
        for sign, keys in (("+", surplus), ("-", missing)):
            for key in keys[:5]:
                print(f"  {sign} {key[0] + 1}:{key[1]} {lines[key[0]].strip()[:100]}", file=sys.stderr)
    return Comparison(
        language,
        symbol.kind,
        False,
        len(missing),
        len(surplus),
        len(differing),
        guesses,
        wrong,
        len(every) > len(theirs),
    )


def _kind(parsed: ParsedText, key: tuple[int, int, int]) -> str:
    return parsed.kind(*(parsed.byte(Cursor(key[0], column)) for column in key[1:]))


def _places(edit: Edit, lines: Sequence[str]) -> tuple[tuple[int, int, int], str]:
    line, start, last, end, text = edit
    return (line, _column(lines[line], start), _column(lines[last], end)), text


def _utf16(line: str, column: int) -> int:
    return len(line[:column].encode("utf-16-le")) // 2


def _column(line: str, units: int) -> int:
    return len(line.encode("utf-16-le")[: 2 * units].decode("utf-16-le", "replace"))


def _lsp_id(language: str) -> str:
    return "typescriptreact" if language == "tsx" else language


def summary(rows: Sequence[Comparison]) -> dict[str, Any]:
    """The share of equal renames by language and kind, and what we change and the server does not."""
    answered = [row for row in rows if not row.refused]
    groups: dict[str, Counter[str]] = {}
    for row in answered:
        for group in ("all", row.language, f"{row.language} {row.kind}"):
            groups.setdefault(group, Counter()).update(renames=1, equal=int(row.equal))
    return {
        "renames": len(answered),
        "refused": dict(Counter(row.kind for row in rows if row.refused)),
        "guesses": dict(Counter("right" if each else "wrong" for row in answered for each in row.guesses)),
        "surplus": dict(Counter(each for row in answered for each in row.wrong)),
        "renames with a surplus": sum(row.surplus > 0 for row in answered),
        "renames with a gap": sum(row.missing > 0 for row in answered),
        "renames with places in strings or comments, left out": sum(row.in_prose for row in answered),
        "same places with another text": sum(row.equal and row.other_text > 0 for row in answered),
        "equal": {
            group: [counts["equal"], counts["renames"], round(counts["equal"] / counts["renames"], 3)]
            for group, counts in sorted(groups.items())
        },
    }


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, epilog=EXAMPLES, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("repositories", nargs="+", type=Path)
    parser.add_argument("--servers", type=Path, required=True, help="the folder with the servers")
    parser.add_argument("--language", choices=("python", "typescript", "go", "rust"), required=True)
    parser.add_argument("--renames", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--kind", action="append", default=[], help="only symbols of this kind")
    parser.add_argument("--show", action="store_true")
    parser.add_argument("--out", type=Path)
    options = parser.parse_args(arguments)
    rows: list[Comparison] = []
    share = -(-options.renames // len(options.repositories))
    for root in options.repositories:
        paths = source_files(root.resolve(), options.language)
        with running(options.language, options.servers.resolve(), root.resolve()) as server:
            left = share
            for symbol in draw(paths, MOST_DRAWN * share, options.seed, options.kind):
                rows.append(compare(server, symbol, options.show))
                left -= not rows[-1].refused
                if not left:
                    break
    figures = summary(rows)
    for key, value in figures.items():
        print(f"{key}: {value}" if key != "equal" else "equal:")
    for group, (equal, renames, rate) in figures["equal"].items():
        print(f"  {group:28} {equal:4} of {renames:4}  {rate:.3f}")
    if options.out:
        write(options.out, provenance(), figures)
    return 0


if __name__ == "__main__":
    sys.exit(main())
