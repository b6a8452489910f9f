"""The facts of a diff: what it adds, takes away and turns around, by syntax and the index.

Each file is compared as a whole, old text and new text. A fact is about what a reader of a diff overlooks
easily: an operator, a literal, exchanged arguments, a guard that is gone, a call that still passes the old
ones. Lines of what is gone count in the old text, all others in the new one.
"""

import re
import sys
import time
from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from posixpath import dirname

from assist_context.code.calls import Parameter, find_definitions
from assist_context.code.definitions import FUNCTIONS
from assist_context.code.names.free_names import free_names
from assist_context.code.names.occurrences import NameReader
from assist_context.code.statements import CodeStatement, find_protections, find_statements
from assist_context.code.symbols import Definition, symbols
from assist_context.code.trees.parsed_text import ParsedText
from assist_context.documents import split_lines
from assist_context.evidence.call_graph import apart
from assist_context.facts.code_uses import MAX_NAMESAKES, sure_uses
from assist_context.facts.compared_files import ComparedFile, DiffFact, DiffFacts, defines, parsed_text
from assist_context.languages import language_of
from assist_context.relations.counterparts import is_test
from assist_context.retrieval.corpus import Corpus, to_indexed
from assist_diffs.remarks.dangling_references import left_uses
from assist_diffs.remarks.doubtful_expressions import doubtful_expressions, left_open
from assist_diffs.remarks.doubtful_statements import doubtful_statements
from assist_diffs.remarks.stale_calls import breaks_calls, is_stale

DATA = frozenset({"json", "yaml", "toml", "css", "html", "markdown", "shellscript"})  # it has no statements

MAX_CALLERS = 15  # calls of one changed signature that are listed
MAX_CHANGED = 40  # changed functions whose callers and tests are looked up
SECONDS = 3.0  # of processor time for all files; what is not compared by then is left out, and said
_COMING = FUNCTIONS | {"class", "struct", "interface", "trait", "enum"}  # what is said to come and go
_QUOTES_AND_TYPES = re.compile(r"['\"]|<[^=]*>")  # by which a default may differ and be the same
_FEWEST_WORDS = 3  # of a statement that may be a part of another one
_REWRITTEN = 0.75  # share of the names of a condition which lines in its place have if they ask the same
_NO_NAMES = frozenset(  # words of a condition
    ("and", "or", "not", "is", "in", "if", "let", "None", "True", "False", "nil", "null", "true", "false")
)
_SPACES = re.compile(r"\s+")
_STAR = re.compile(r"^[ \t]*from[ \t]+\S+[ \t]+import[ \t]+\*", re.MULTILINE)
_WORD = re.compile(r"[^\W\d]\w*")


@dataclass(frozen=True, slots=True)
class _TextSide:
    """One side of a file: its tree and its definitions."""

    parsed: ParsedText
    definitions: Mapping[tuple[str, str], Definition]


def diff_facts(
    corpus: Corpus | None, files: Sequence[ComparedFile], clock: Callable[[], float] = time.thread_time
) -> DiffFacts:
    """The facts of all files. Without a corpus nothing is said about callers and tests."""
    until = clock() + SECONDS
    found = list[DiffFact]()
    left_out = list[str]()
    functions = 0

    def is_over() -> bool:
        return clock() > until

    for file in files:
        if is_over():
            left_out.append(file.path)
            continue
        old, new = _side(file.path, file.old), _side(file.path, file.new)
        functions += sum(
            site.kind in FUNCTIONS and _is_changed(file, site, old) for site in new.definitions.values()
        )
        doubtful, complete = _doubtful(corpus, file, old, new)
        others = [*_definition_facts(file, old, new), *_gone(file, old, new)]
        defaults = {fact.line for fact in others if fact.kind == "default"}
        found += [
            *others,
            *(fact for fact in doubtful if fact.kind != "literal" or fact.line not in defaults),
        ]
        found += _undefined_names(file, new.parsed)
        if corpus is not None:
            found += _caller_facts(corpus, file, (old, new), {other.path for other in files}, is_over)
            found += _left_uses(corpus, (file, old, new), files) if not is_over() else ()
        if is_over() or not complete:
            left_out.append(file.path)
    return DiffFacts(
        tuple(sorted(found, key=lambda fact: (fact.path, fact.line))), tuple(left_out), functions
    )


def _side(path: str, text: str) -> _TextSide:
    found = symbols(language_of(path), text, docs=False).definitions
    return _TextSide(parsed_text(path, text), {(site.qualified, site.kind): site for site in found})


def _doubtful(
    corpus: Corpus | None, file: ComparedFile, old: _TextSide, new: _TextSide
) -> tuple[list[DiffFact], bool]:
    """Find doubtful places in changed lines outside of tests, and say whether all could be compared."""
    if language_of(file.path).name in DATA or is_test(file.path) or not (file.old and file.new):
        return [], True
    statements = doubtful_statements(old.parsed, new.parsed, file.runs)
    functions = [
        ((was.start_line, was.end_line) if was else None, (site.start_line, site.end_line))
        for key, site in new.definitions.items()
        if site.kind in FUNCTIONS and _is_changed(file, site, old)
        for was in (old.definitions.get(key),)
    ]
    found = [
        *(statements or ()),
        *doubtful_expressions(old.parsed, new.parsed, file.runs, _parameter_finder(corpus, new)),
        *left_open(old.parsed, new.parsed, functions),
    ]
    facts = [
        DiffFact(
            one.kind,
            file.path,
            one.line,
            one.text,
            old.parsed.document.lines[one.was - 1] if one.was else "",
            new.parsed.document.lines[one.line - 1],
        )
        for one in found
    ]
    return facts, statements is not None


def _parameter_finder(corpus: Corpus | None, own: _TextSide) -> Callable[[str], Sequence[str] | None]:
    """Make a search for a function's parameter names by its name, if all functions of that name agree."""

    def find(name: str) -> Sequence[str] | None:
        found = find_definitions(own.parsed, name)
        if not found and corpus is not None:
            sites = corpus.few_definitions(name, MAX_NAMESAKES) or ()
            texts = {site.path: "".join(corpus.lines(site.path)) for site in sites}
            found = [
                one for path, text in texts.items() for one in find_definitions(parsed_text(path, text), name)
            ]
        names = {tuple(parameter.name for parameter in one.passed) for one in found}
        return names.pop() if len(names) == 1 else None

    return find


def _definition_facts(file: ComparedFile, old: _TextSide, new: _TextSide) -> Iterator[DiffFact]:
    """Definitions that came and went, and signatures and defaults that changed."""
    for key, site in new.definitions.items():
        was = old.definitions.get(key)
        if was is None:
            if file.old and _is_outermost(site, new, old):
                yield DiffFact("added", file.path, site.start_line, f"{site.kind} {site.qualified}")
            continue
        if site.kind not in FUNCTIONS or not _is_changed(file, site, old):
            continue
        if _SPACES.sub("", was.signature) != _SPACES.sub("", site.signature):
            text = f"the signature of {site.qualified} changed{_parameter_words(old, was, new, site)}"
            yield DiffFact("signature", file.path, site.start_line, text)
        yield from _changed_defaults(file.path, (old, was), (new, site))
    for key, site in old.definitions.items():
        if key not in new.definitions and _is_outermost(site, old, new):
            moved = [
                other
                for there, other in new.definitions.items()
                if there not in old.definitions and (other.name, other.kind) == (site.name, site.kind)
            ]
            words = f"is now {moved[0].qualified}" if len(moved) == 1 else "is gone"
            yield DiffFact("removed", file.path, site.start_line, f"{site.kind} {site.qualified} {words}")


def _is_touched(file: ComparedFile, site: Definition, *, old: bool) -> bool:
    """Say whether a definition has lines of one side that the other lacks."""
    spans = [run[:2] if old else run[2:] for run in file.runs]
    spans = [(first, last) for first, last in spans if first <= last]
    at = bisect_right(spans, (site.end_line, sys.maxsize))
    return any(last >= site.start_line for _, last in spans[max(0, at - 1) : at])


def _is_changed(file: ComparedFile, site: Definition, old: _TextSide) -> bool:
    """Say whether a definition of the new side has other lines than it had."""
    was = old.definitions.get((site.qualified, site.kind))
    before = was is not None and _is_touched(file, was, old=True)
    return before or _is_touched(file, site, old=False)


def _is_outermost(site: Definition, here: _TextSide, there: _TextSide) -> bool:
    """Say whether one side alone has a function or type, and the other has what is around it."""
    if site.kind not in _COMING:
        return False
    around = [key for key in here.definitions if key[0] == site.parent]
    return not around or any(key in there.definitions for key in around)


def _parameter_words(old: _TextSide, was: Definition, new: _TextSide, site: Definition) -> str:
    """Name the parameters that are gone and that are new, as they are written; "" if these are the same."""
    before, after = ([text for text, _ in _parameter_texts(*side)] for side in ((old, was), (new, site)))
    gone = ", ".join(f"`{text}`" for text in before if text not in after)
    added = ", ".join(f"`{text}`" for text in after if text not in before)
    words = [f"without {gone}" if gone else "", f"with {added}" if added else ""]
    return "".join(f", {word}" for word in words if word)


def _parameter_texts(side: _TextSide, site: Definition) -> list[tuple[str, int]]:
    """The parameters of a definition as they are written, each with its line."""
    source = side.parsed.source
    return [
        (_SPACES.sub(" ", source.text(*parameter.span)), source.line(parameter.span[0]))
        for parameter in _parameters(side, site) or ()
    ]


def _changed_defaults(
    path: str, before: tuple[_TextSide, Definition], now: tuple[_TextSide, Definition]
) -> Iterator[DiffFact]:
    """Parameters that have another default value than they had."""
    sides = [
        {text.partition("=")[0].strip(): (text, line) for text, line in _parameter_texts(*side)}
        for side in (before, now)
    ]
    for name, (text, line) in sides[1].items():
        was, at = sides[0].get(name, (text, line))
        is_other = _QUOTES_AND_TYPES.sub("", was) != _QUOTES_AND_TYPES.sub("", text)
        if "=" in was and "=" in text and is_other and not name.startswith("{"):
            words = f"the default of {now[1].qualified} changed: `{was[:60]}` before, `{text[:60]}` now"
            lines = [side.parsed.document.lines for side, _ in (before, now)]
            yield DiffFact("default", path, line, words, lines[0][at - 1], lines[1][line - 1])


def _gone(file: ComparedFile, old: _TextSide, new: _TextSide) -> Iterator[DiffFact]:
    """Guards, errors and handlers that a function lacks, that nothing alike replaces and no other one got."""
    lost = list[tuple[str, CodeStatement]]()
    fresh = list[CodeStatement]()
    for key, now in new.definitions.items():
        if now.kind not in FUNCTIONS or not _is_changed(file, now, old):
            continue
        was = old.definitions.get(key)
        before = find_protections(old.parsed, was.start_line, was.end_line) if was else ()
        after = find_protections(new.parsed, now.start_line, now.end_line)
        gone, came = _differences(before, after)
        fresh += came
        for statement in gone:
            replaced = [
                one for one in came if one.kind == statement.kind and _are_alike(one.text, statement.text)
            ]
            if replaced:
                came.remove(replaced[0])
            else:
                lost.append((now.qualified, statement))
    for name, statement in lost:
        moved = (
            _are_alike(_condition(one), _condition(statement)) for one in fresh if one.kind == statement.kind
        )
        if not any(moved) and _surprises(file, statement):
            text = f"{_word_statement(statement)} is gone from {name}"
            line = old.parsed.document.lines[statement.line - 1]
            yield DiffFact("gone", file.path, statement.line, text, line)


def _surprises(file: ComparedFile, statement: CodeStatement) -> bool:
    """Say whether the value that a statement tested is still there, and not tested in the lines in its place.

    Of a branch, only that no line took its place is surprising.
    """
    if statement.kind not in ("guard", "branch"):
        return True
    names = {*_WORD.findall(_condition(statement))} - _NO_NAMES
    if names and names.isdisjoint(_WORD.findall(file.new)):
        return False
    run = next((run for run in file.runs if run[0] <= statement.line <= run[1]), (0, 0, 1, 0))
    if statement.kind == "branch" and run[2] <= run[3]:
        return False
    there = "".join(split_lines(file.new)[run[2] - 1 : run[3]])
    gone = split_lines(file.old)[run[0] - 1 : statement.line - 1]
    if there and any(_gets_value(name, gone) for name in names):
        return False  # what it asked for is found out in another way
    before = Counter(_WORD.findall("".join(split_lines(file.old)[run[0] - 1 : run[1]])))
    others = before - Counter(_WORD.findall(_condition(statement)))  # what the lines around it say already
    asked = Counter(_WORD.findall(there)) - others
    return len(names & asked.keys()) < _REWRITTEN * len(names)


def _gets_value(name: str, lines: Sequence[str]) -> bool:
    assigned = re.compile(rf"\b{re.escape(name)}\b[\w\s,:]*=(?!=)")
    return any(map(assigned.search, lines))


def _differences(
    before: Sequence[CodeStatement], after: Sequence[CodeStatement]
) -> tuple[list[CodeStatement], list[CodeStatement]]:
    """The statements that only the one side has, and those that only the other has, whatever their lines."""
    came = list(after)
    gone = list[CodeStatement]()
    for statement in before:
        same = [one for one in came if (one.kind, one.text) == (statement.kind, statement.text)]
        came.remove(same[0]) if same else gone.append(statement)
    return gone, came


def _condition(statement: CodeStatement) -> str:
    """Return the condition of a guard, without how it leaves, which is another way in another function."""
    return statement.text.partition(": ")[0] if statement.kind == "guard" else statement.text


def _are_alike(one: str, other: str) -> bool:
    """Say whether one statement is probably the other one, changed: most of its words are the same."""
    words = Counter(_WORD.findall(one)), Counter(_WORD.findall(other))
    common = (words[0] & words[1]).total()
    is_part = common == min(words[0].total(), words[1].total()) >= _FEWEST_WORDS
    return is_part or 2 * common >= max(words[0].total(), words[1].total())


def _word_statement(statement: CodeStatement) -> str:
    words = {
        "guard": "the guard `if ",
        "branch": "the branch `",
        "raises": "`",
        "catches": "`",
        "holds": "`with ",
    }
    return f"{words[statement.kind]}{statement.text}`"


def _undefined_names(file: ComparedFile, new: ParsedText) -> Iterator[DiffFact]:
    """Names on new lines of Python that nothing in the file defines or imports."""
    if new.document.language.name != "python" or _STAR.search(file.new):
        return
    known = set(_WORD.findall(file.old))
    reader = NameReader(new)
    for _, _, start, end in file.runs:
        lines = new.document.lines[start - 1 : end]
        among = {word for line in lines for word in _WORD.findall(line)} - known
        for name, line in free_names(reader, start - 1, end - 1, among):
            yield DiffFact("undefined", file.path, line + 1, f"`{name}` is neither defined nor imported here")


def _caller_facts(
    corpus: Corpus,
    file: ComparedFile,
    sides: tuple[_TextSide, _TextSide],
    changed: Collection[str],
    is_over: Callable[[], bool],
) -> Iterator[DiffFact]:
    """Calls that keep arguments that parameters no longer fit, and changed functions with unchanged tests."""
    old, new = sides
    touched = {line for _, _, start, end in file.runs for line in range(start, end + 1)}
    sites = [
        (old.definitions[key], site)
        for key, site in new.definitions.items()
        if key in old.definitions and site.kind in FUNCTIONS and _is_changed(file, site, old)
    ]
    reader = NameReader(new.parsed)
    for was, site in sites[:MAX_CHANGED]:
        if is_over():
            return
        uses = sure_uses(corpus, to_indexed(file.path, site), reader)
        parameters = _parameters(old, was), _parameters(new, site)
        if broken := breaks_calls(*parameters):
            text = f"calls {site.qualified}, whose parameters changed ({broken}), and was not changed"
            kept = [
                use
                for use in uses
                if (use.path == file.path and use.line not in touched) or use.path not in changed
            ]
            stale = (use for use in kept if is_stale(corpus.lines(use.path), use, site, parameters))
            for use in islice(stale, MAX_CALLERS):
                yield _make_caller_fact(corpus, use.path, use.line, text)
        tests = {use.path for use in apart(corpus, uses)[1]}
        if (
            tests
            and not any(map(is_test, changed))
            and not tests & set(changed)
            and _does_other(old, was, new, site)
        ):
            first = sorted(tests)[0]
            more = f" and {len(tests) - 1} more" if len(tests) > 1 else ""
            text = f"{site.qualified} changed, but its tests in {first}{more} did not"
            yield DiffFact("untested", file.path, site.start_line, text)


def _does_other(old: _TextSide, was: Definition, new: _TextSide, site: Definition) -> bool:
    """Say whether a function leaves early or raises in more or fewer places than it did."""
    before, after = (
        Counter(found.kind for found in find_statements(side.parsed, at.start_line, at.end_line))
        for side, at in ((old, was), (new, site))
    )
    return any(before[kind] != after[kind] for kind in ("guard", "raises"))


def _left_uses(
    corpus: Corpus, sides: tuple[ComparedFile, _TextSide, _TextSide], files: Sequence[ComparedFile]
) -> Iterator[DiffFact]:
    """Lines of other files that use what is gone from the top of one, and no file of the diff has now."""
    file, old, new = sides
    gone = [
        site
        for key, site in old.definitions.items()
        if key not in new.definitions and not site.parent and site.kind in _COMING
    ]
    here = [other for other in files if other.path == file.path or _comes_to(other, file)]
    gone = [site for site in gone[:MAX_CHANGED] if not any(defines(other, site.name) for other in here)]
    for left in left_uses(corpus, old.parsed, gone) if gone else ():
        more = f", as {left.more} more line{'s do' if left.more > 1 else ' does'}" if left.more else ""
        yield _make_caller_fact(corpus, left.path, left.line, f"uses {left.name}, which is gone{more}")


def _make_caller_fact(corpus: Corpus, path: str, line: int, text: str) -> DiffFact:
    after = corpus.lines(path)[line - 1 : line]
    return DiffFact("caller", path, line, text, after="".join(after))


def _comes_to(other: ComparedFile, file: ComparedFile) -> bool:
    """Say whether code that is gone from a file may be in another one unknown to its users: in Go."""
    return file.path.endswith(".go") and dirname(other.path) == dirname(file.path)


def _parameters(side: _TextSide, site: Definition) -> tuple[Parameter, ...] | None:
    """The parameters that a call passes; None if the language's are not known."""
    for found in find_definitions(side.parsed, site.name):
        if side.parsed.source.line(found.name_span[0]) in range(site.start_line, site.end_line + 1):
            return found.passed
    return None
