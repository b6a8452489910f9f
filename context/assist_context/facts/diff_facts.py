"""The facts of a diff: what it adds, takes away and turns around, by syntax and the index.

Each file is compared as a whole, old text and new text. A fact is about what a reader of a diff overlooks
easily: an operator, a negation, a literal, a guard that is gone, a call that still passes the old arguments.
Lines of what is gone count in the old text, all others in the new one.
"""

import re
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Literal

from assist_context.documents import Document, split_lines
from assist_context.evidence.mentions import is_test
from assist_context.facts.definition_facts import sure_uses
from assist_context.index.reader import IndexedDefinition
from assist_context.languages import language_of
from assist_context.retrieval.corpus import Corpus
from assist_context.syntax.definitions import FUNCTIONS
from assist_context.syntax.scopes.call_sites import Parameter, definitions_of
from assist_context.syntax.scopes.free_names import free_names
from assist_context.syntax.scopes.occurrences import NameReader
from assist_context.syntax.scopes.parsed_text import ParsedText
from assist_context.syntax.scopes.statements import CodeStatement, protections_in
from assist_context.syntax.scopes.tokens import CodeToken, tokens_in
from assist_context.syntax.symbols import Definition, symbols

DiffFactKind = Literal[
    "operator",
    "negation",
    "literal",
    "gone",
    "added",
    "removed",
    "signature",
    "caller",
    "undefined",
    "untested",
]

MOST_CALLERS = 15  # calls of one changed signature that are listed
_MOST_CHANGED = 400  # lines of one hunk whose tokens are compared: more are another text
_NEAR = 2  # equal tokens on each side of a change that say it is the same expression
_SPACES = re.compile(r"\s+")
_OPERATORS = frozenset((
    "and", "or", "&&", "||", "??", "in", "not-in", "is", "is-not",
    "<", "<=", ">", ">=", "==", "!=", "===", "!==",
    "+", "-", "*", "/", "//", "%", "**", "@", "&", "|", "^", "<<", ">>", "++", "--", "..", "..=",
    "=", ":=", "+=", "-=", "*=", "/=", "%=", "&=", "|=", "^=", "&&=", "||=", "??=",
))  # fmt: skip
_NEGATIONS = frozenset({"not", "!"})
_LITERAL = re.compile(
    r"integer|float|number|string|true|false|none|null|nil|boolean|template_string|literal", re.I
)
_WORD = re.compile(r"[^\W\d]\w*")


@dataclass(frozen=True, slots=True)
class DiffFact:
    """One fact, with its place; `text` says it in words. Of what is gone, the line is the old text's."""

    kind: DiffFactKind
    path: str
    line: int
    text: str


@dataclass(frozen=True, slots=True)
class ComparedFile:
    """A changed file as it was and as it is; "" for one that is new or gone."""

    path: str
    old: str
    new: str


@dataclass(frozen=True, slots=True)
class _TextSide:
    """One side of a file: its tree and its definitions."""

    parsed: ParsedText
    definitions: Mapping[tuple[str, str], Definition]


def diff_facts(corpus: Corpus | None, files: Sequence[ComparedFile]) -> list[DiffFact]:
    """The facts of all files, by path and line. Without a corpus nothing is said about callers and tests."""
    found = list[DiffFact]()
    for file in files:
        old, new = _side(file.path, file.old), _side(file.path, file.new)
        found += _token_facts(file, old.parsed, new.parsed)
        found += _definition_facts(file, old, new)
        found += _undefined_names(file, new.parsed)
        if corpus is not None:
            found += _caller_facts(corpus, file, old, new, {other.path for other in files})
    return sorted(found, key=lambda fact: (fact.path, fact.line))


def _side(path: str, text: str) -> _TextSide:
    language = language_of(path)
    parsed = ParsedText(Document(path, split_lines(text), language))
    definitions = {
        (site.qualified, site.kind): site for site in symbols(language, text, docs=False).definitions
    }
    return _TextSide(parsed, definitions)


def changed_runs(old: str, new: str) -> list[tuple[int, int, int, int]]:
    """The lines that were replaced, first and last of both texts; the last is before the first for none."""
    matcher = SequenceMatcher(None, split_lines(old), split_lines(new), autojunk=False)
    return [
        (low + 1, high, start + 1, end)
        for tag, low, high, start, end in matcher.get_opcodes()
        if tag != "equal"
    ]


def _token_facts(file: ComparedFile, old: ParsedText, new: ParsedText) -> Iterator[DiffFact]:
    """Operators, negations and literals that changed within an expression that is otherwise the same."""
    for low, high, start, end in changed_runs(file.old, file.new):
        if high < low or end < start or max(high - low, end - start) > _MOST_CHANGED:
            continue
        before = _join_words(list(tokens_in(old, low, high)))
        after = _join_words(list(tokens_in(new, start, end)))
        words = [token.text for token in before], [token.text for token in after]
        steps = SequenceMatcher(None, *words, autojunk=False).get_opcodes()
        for position, (tag, first, last, begin, stop) in enumerate(steps):
            if tag == "equal" or not _is_within(steps, position):
                continue
            yield from _changed_tokens(file.path, before[first:last], after[begin:stop], after, begin)


def _join_words(tokens: list[CodeToken]) -> list[CodeToken]:
    """Tokens with `not in` and `is not` as one."""
    found = list[CodeToken]()
    for token in tokens:
        if found and (found[-1].text, token.text) in {("not", "in"), ("is", "not")}:
            found[-1] = CodeToken(f"{found[-1].text}-{token.text}", token.type, found[-1].line)
        else:
            found.append(token)
    return found


def _is_within(steps: Sequence[tuple[str, int, int, int, int]], position: int) -> bool:
    """Whether equal tokens are on both sides of a change: two, or all up to the ends of the lines."""
    for side in (position - 1, position + 1):
        at_end = side in (0, len(steps) - 1)
        if 0 <= side < len(steps) and steps[side][2] - steps[side][1] < (1 if at_end else _NEAR):
            return False
    return True


def _changed_tokens(
    path: str, before: Sequence[CodeToken], after: Sequence[CodeToken], line: Sequence[CodeToken], at: int
) -> Iterator[DiffFact]:
    old, new = [token.text for token in before], [token.text for token in after]
    near = after or line[max(0, at - 1) : at + 1]
    number = near[0].line if near else 0
    if len(old) == len(new) == 1:
        kind = _kind_of_pair(before[0], after[0])
        if kind:
            yield DiffFact(kind, path, number, f"`{_plain(old[0])}` became `{_plain(new[0])}`")
    elif not old and set(new) <= _NEGATIONS and new:
        yield DiffFact("negation", path, number, f"a negation was added: `{new[0]}`")
    elif not new and set(old) <= _NEGATIONS and old:
        yield DiffFact("negation", path, number, f"a negation is gone: `{old[0]}`")


def _kind_of_pair(before: CodeToken, after: CodeToken) -> DiffFactKind | None:
    if before.text in _OPERATORS and after.text in _OPERATORS:
        return "operator"
    short = "\n" not in before.text + after.text and '"""' not in before.text  # no docstring
    if short and _LITERAL.search(before.type) and _LITERAL.search(after.type):
        return "literal"
    return None


def _plain(token: str) -> str:
    return token.replace("-", " ") if token in {"not-in", "is-not"} else _SPACES.sub(" ", token)[:60]


def _definition_facts(file: ComparedFile, old: _TextSide, new: _TextSide) -> Iterator[DiffFact]:
    """Definitions that came and went, signatures that changed, and guards and handlers that are gone."""
    for key, site in new.definitions.items():
        was = old.definitions.get(key)
        if was is None:
            if file.old and _is_outermost(site, new, old):
                yield DiffFact("added", file.path, site.start_line, f"{site.kind} {site.qualified}")
            continue
        if site.kind not in FUNCTIONS:
            continue
        if _SPACES.sub("", was.signature) != _SPACES.sub("", site.signature):
            text = f"the signature of {site.qualified} changed{_parameter_words(old, was, new, site)}"
            yield DiffFact("signature", file.path, site.start_line, text)
        yield from _gone(file.path, old.parsed, was, new.parsed, site)
    for key, site in old.definitions.items():
        if key not in new.definitions and file.new and _is_outermost(site, old, new):
            yield DiffFact("removed", file.path, site.start_line, f"{site.kind} {site.qualified} is gone")


def _is_outermost(site: Definition, here: _TextSide, there: _TextSide) -> bool:
    """Whether one side alone has a function or class, and the other has what is around it."""
    if site.kind not in FUNCTIONS | {"class"}:
        return False
    around = [key for key in here.definitions if key[0] == site.parent]
    return not around or any(key in there.definitions for key in around)


def _parameter_words(old: _TextSide, was: Definition, new: _TextSide, site: Definition) -> str:
    """Which parameters are gone and which are new, as they are written; "" if these are the same."""
    before, after = _parameter_texts(old, was), _parameter_texts(new, site)
    gone = ", ".join(f"`{text}`" for text in before if text not in after)
    added = ", ".join(f"`{text}`" for text in after if text not in before)
    words = [f"without {gone}" if gone else "", f"with {added}" if added else ""]
    return "".join(f", {word}" for word in words if word)


def _parameter_texts(side: _TextSide, site: Definition) -> list[str]:
    return [
        _SPACES.sub(" ", side.parsed.source.text(*parameter.span))
        for parameter in _parameters(side, site) or ()
    ]


def _gone(
    path: str, old: ParsedText, was: Definition, new: ParsedText, now: Definition
) -> Iterator[DiffFact]:
    """Guards, errors and handlers of a function that the new one lacks, if it has fewer of their kind."""
    before = protections_in(old, was.start_line, was.end_line)
    after = protections_in(new, now.start_line, now.end_line)
    if before == after:
        return
    left = Counter(statement.kind for statement in after)
    have = Counter(statement.kind for statement in before)
    kept = Counter((statement.kind, statement.text) for statement in after)
    for statement in before:
        key = (statement.kind, statement.text)
        if kept[key]:
            kept[key] -= 1
        elif left[statement.kind] < have[statement.kind]:
            yield DiffFact(
                "gone", path, statement.line, f"{_words_of(statement)} is gone from {now.qualified}"
            )


def _words_of(statement: CodeStatement) -> str:
    return {"guard": "the guard `if ", "raises": "`", "catches": "`"}[statement.kind] + f"{statement.text}`"


def _undefined_names(file: ComparedFile, new: ParsedText) -> Iterator[DiffFact]:
    """Names on new lines of Python that nothing in the file defines or imports."""
    if new.document.language.name != "python" or re.search(
        r"^\s*from\s+\S+\s+import\s+\*", file.new, re.MULTILINE
    ):
        return
    known = set(_WORD.findall(file.old))
    reader = NameReader(new)
    for _, _, start, end in changed_runs(file.old, file.new):
        lines = new.document.lines[start - 1 : end]
        among = {word for line in lines for word in _WORD.findall(line)} - known
        for name, line in free_names(reader, start - 1, end - 1, among):
            yield DiffFact("undefined", file.path, line + 1, f"`{name}` is neither defined nor imported here")


def defines(file: ComparedFile, name: str) -> bool:
    """Whether the new text of a file defines or imports a name anywhere."""
    reader = NameReader(_side(file.path, file.new).parsed)
    return any(place.defines or place.binding is not None for place in reader.occurrences(name))


def _caller_facts(
    corpus: Corpus, file: ComparedFile, old: _TextSide, new: _TextSide, changed: Collection[str]
) -> Iterator[DiffFact]:
    """Calls that keep arguments that parameters no longer fit, and changed functions with unchanged tests."""
    touched = {
        line for _, _, start, end in changed_runs(file.old, file.new) for line in range(start, end + 1)
    }
    for key, site in new.definitions.items():
        was = old.definitions.get(key)
        if was is None or site.kind not in FUNCTIONS:
            continue
        broken = _breaks_calls(_parameters(old, was), _parameters(new, site))
        own = touched & set(range(site.start_line, site.end_line + 1))
        if not broken and not own:
            continue
        uses = sure_uses(corpus, _index_row(file.path, site))
        stale = [use for use in uses if broken and (use.path != file.path or use.line not in touched)]
        for use in [use for use in stale if use.path not in changed or use.path == file.path][:MOST_CALLERS]:
            text = f"calls {site.qualified}, whose parameters changed ({broken}), and was not changed"
            yield DiffFact("caller", use.path, use.line, text)
        tests = {use.path for use in uses if is_test(use.path)}
        if own and tests and not tests & set(changed):
            first = sorted(tests)[0]
            more = f" and {len(tests) - 1} more" if len(tests) > 1 else ""
            text = f"{site.qualified} changed, its tests in {first}{more} did not"
            yield DiffFact("untested", file.path, site.start_line, text)


def _index_row(path: str, site: Definition) -> IndexedDefinition:
    head = site.signature.count("\n") + 1
    return IndexedDefinition(path, site.name, site.kind, site.start_line, site.end_line, head, site.parent)


def _parameters(side: _TextSide, site: Definition) -> tuple[Parameter, ...] | None:
    """The parameters that a call passes; None if the language's are not known."""
    for found in definitions_of(side.parsed, site.name):
        if side.parsed.source.line(found.name_span[0]) in range(site.start_line, site.end_line + 1):
            return found.passed
    return None


def _breaks_calls(old: tuple[Parameter, ...] | None, new: tuple[Parameter, ...] | None) -> str:
    """Why calls with the old parameters are wrong now, "" if they are not."""
    if old is None or new is None:
        return ""
    names = [one.name for one in old]
    kept = [one.name for one in new if one.name in names]
    if gone := [name for name in names if name not in kept]:
        return f"`{gone[0]}` is gone"
    added = [one for one in new if one.name not in names and not one.optional and one.kind == "plain"]
    if added:
        return f"`{added[0].name}` is new"
    return "their order is another one" if kept != names else ""
