"""What a suggestion is worth at a place of which one knows what was written there.

A text is *useful* if most of its tokens are the beginning of the commit's text, *harmful* if it names what
does not exist, does not parse in place, repeats the next lines, defines what the file has, or leaves a
bracket open; else *harmless*. A type checker says what exists, or our own rule where there is none.
An unfinished statement that some ending makes sound does parse. The judge sees the commit's own file and
every identifier of the repository, which no suggestion does.
"""

import builtins
import keyword
import re
import sysconfig
from collections.abc import Collection
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from assist_completion.display.cursor_site import CursorSite
from assist_completion.display.line_policy import start_of_copy
from assist_context.syntax import fragments
from bench.trust.places import SUFFIXES, TrustPlace

KEPT = 2 / 3  # of a text's tokens that must be the beginning of the commit's
# What may end a statement that a text leaves unfinished; {} closes its brackets.
_ENDINGS = (
    "x{}", " x{}", " import x", "{};", "x{};", " x{};", "(){}", "();{}", "{} {{}}", " x{} {{}}", " x() {{}}",
    ": x,{}", " x,{}", ":{} pass", " x:{} pass", "={} x", " = x;", " => x{};", "x}}`{};", "x}}{};", "{},",
)  # fmt: skip
_TOKEN = re.compile(r"\w+|[^\w\s]")
_NAME = re.compile(r"[^\W\d]\w*")
_BEFORE_NEW = """
def class as for let mut const var fn func function struct enum type interface trait impl mod lambda catch
"""
# Names that a text itself introduces.
_NEW = (
    re.compile(rf"(?:\b(?:{'|'.join(_BEFORE_NEW.split())})\s+|\|)\(?&?(\w+)"),
    re.compile(r"(\w+)(?=\s*(?:,\s*\w+\s*)*(?::=|(?<![=!<>])=(?![=>])))"),
    re.compile(r"(\w+)(?=\s*(?::|=>))"),
    re.compile(r"(?<=[(,])\s*(\w+)(?=[^()\n]*\)\s*(?:=>|:|\{|->))"),
    re.compile(r"\bfor\s+([\w, ()]+?)\s+(?:in|of)\b"),
)  # fmt: skip
_DEFINITION = re.compile(
    r"^(?:export |default |async |pub )*(?:def|class|func|function|fn|struct|enum|mod) +(\w+)", re.MULTILINE
)
_ECMA_GLOBALS = "console process Buffer setTimeout clearTimeout setInterval globalThis window document fetch"
_RUST = """
Some None Ok Err Vec String Box Option Result usize isize u8 u16 u32 u64 u128 i8 i16 i32 i64 i128 f32 f64 bool
char str assert assert_eq assert_ne println panic format vec write unwrap iter expect clone into from
to_string to_owned collect map len push as_str as_ref is_empty default as_bytes unwrap_or unwrap_or_else ok_or
next insert get contains is_none is_some is_ok is_err matches unreachable unwrap_err as_mut take iter_mut
"""
_GO = """
string int int64 int32 uint uint8 uint32 uint64 float64 float32 bool byte rune error nil true false iota make
new len cap append copy delete panic recover close any min max fmt Errorf Sprintf Println Printf Error errors
New os strings HasPrefix HasSuffix Contains Split Join TrimSpace t Fatal Fatalf Run Log Logf Helper
"""
_WORDS = """
abstract as async await break case catch class const continue crate declare def default defer del delete do
dyn elif else enum except export extends extern fallthrough false finally fn for from func function get go
goto if impl implements import in instanceof interface is keyof let loop map match mod module move mut
namespace never new nil null number object of package private protected pub public range readonly ref return
select self Self set static string struct super switch symbol this throw trait true try type typeof undefined
union unknown unsafe use var void where while with yield chan satisfies boolean bigint infer
"""


@dataclass(frozen=True, slots=True)
class Judgement:
    """`verdict` is "useful", "harmless", "harmful" or "nothing"; `why` says what is harmful.

    `kept` of the text's `tokens` are the beginning of the commit's.
    """

    verdict: str
    why: str = ""
    kept: int = 0
    tokens: int = 0


def judge(
    place: TrustPlace, text: str, replaced: int, known: Collection[str], missing: str | None = None
) -> Judgement:
    """The judgement of a text that takes the place of `replaced` characters after the cursor.

    `missing` is its first name that does not exist, as a type checker says, "" for none; without a checker
    the names that are `known` in the repository decide.
    """
    tokens = _TOKEN.findall(text)
    if not tokens:
        return Judgement("nothing")
    joined = re.search(r"\w*\Z", place.before)
    stem = joined[0] if joined else ""  # the cursor may be within a word
    kept = _common(_TOKEN.findall(stem + text), _TOKEN.findall(stem + place.truth))
    kept = max(0, kept - bool(stem and not text[:1].isalnum()))
    unknown = _unknown_name(place, text, known) if missing is None else missing
    if why := _harm(place, text, replaced, unknown, whole=kept >= len(tokens)):
        return Judgement("harmful", why, kept, len(tokens))
    return Judgement("useful" if kept >= KEPT * len(tokens) else "harmless", "", kept, len(tokens))


def _harm(place: TrustPlace, text: str, replaced: int, name: str, *, whole: bool) -> str:
    """What is harmful about a text, "" for nothing. The commit's own text can only leave a bracket open.

    `name` is one in the text that does not exist.
    """
    if fragments.in_string_or_comment(place.language, place.before, len(place.before)):
        return ""
    left = fragments.balance(place.language, place.before, text).left
    if left and not _opens_block(text, place):
        return "leaves a bracket open"
    if whole:
        return ""
    return f"unknown name {name}" if name else _twice(place, text) or _misfit(place, text, left, replaced)


def _twice(place: TrustPlace, text: str) -> str:
    """What a text defines that the commit's file has elsewhere at the top level, "" for nothing."""
    line = place.before.rpartition("\n")[2]
    for found in _DEFINITION.finditer(line + text):
        if len(line) < found.end(1) and re.search(
            rf"^{re.escape(found[0])}\b", place.before + place.after, re.M
        ):
            return f"defines {found[1]} again"
    return ""


def _misfit(place: TrustPlace, text: str, left: str, replaced: int) -> str:
    """Why a text does not fit to what is below it, "" if it does."""
    site = CursorSite(place.before, place.after, place.language)
    if start_of_copy(site, text) < len(text):
        return "repeats the next lines"
    after = place.after[replaced:]
    line = place.before.rfind("\n") + 1
    alone = fragments.errors(
        place.language, place.before[:line] + after
    )  # the commit's lines may be half gone
    best = max(fragments.errors(place.language, place.whole) or 0, alone or 0)
    now = fragments.errors(place.language, place.before + text + left + after)
    rest = fragments.errors(place.language, place.before + text + _rest(place) + after)
    if now is None or rest is None or min(now, rest) <= best:
        return ""
    tried = (place.before + text + ending.format(left) + after for ending in _ENDINGS)
    finished = any((fragments.errors(place.language, each) or 0) <= best for each in tried)
    return "" if finished else "does not parse"


def _rest(place: TrustPlace) -> str:
    """What the commit has below the cursor's line: a block that the text opens may be there."""
    return "\n" + place.truth.partition("\n")[2]


def _opens_block(text: str, place: TrustPlace) -> bool:
    """Whether the text ends with a bracket that people leave open there too, to go on in the next line."""
    last = text.rstrip()[-1:]
    line = place.truth.partition("\n")[0].rstrip()
    return last == "{" or (last in "([" and line.endswith(last))


def _unknown_name(place: TrustPlace, text: str, known: Collection[str]) -> str:
    """The first name of the text that neither the repository nor the language has, "" if there is none."""
    stem = re.search(r"\w*\Z", place.before)
    whole = (stem[0] if stem else "") + text
    bare = list(whole)
    for kind, first, last in fragments.marks(place.language, whole):
        if kind in ("string", "comment"):
            bare[first:last] = " " * (last - first)
    code = "".join(bare)
    new = {name for each in _NEW for found in each.finditer(code) for name in _NAME.findall(found[1])}
    cut = place.after[:1].isalnum() or whole[-1:].isalnum()  # the last word may go on
    own = _names_of(place.whole)
    no_members = place.language.name in ("rust", "go")  # their libraries are not on this machine
    for found in _NAME.finditer(code):
        name = found[0]
        if name in own or name in known or name in new or name in _language_names(place.language.name):
            continue
        if no_members and code[: found.start()].endswith((".", "::")):
            continue
        if cut and found.end() == len(code) and any(each.startswith(name) for each in own):
            continue
        return name
    return ""


@lru_cache(maxsize=64)
def _names_of(text: str) -> frozenset[str]:
    return frozenset(_NAME.findall(text))


def names_in(folder: Path) -> frozenset[str]:
    """Every identifier in the code of a repository."""
    found: set[str] = set()
    for path in folder.rglob("*"):
        if path.suffix in SUFFIXES and path.is_file() and path.stat().st_size < 1_000_000:
            found.update(_NAME.findall(path.read_text(encoding="utf-8", errors="replace")))
    return frozenset(found)


@lru_cache
def _language_names(language: str) -> frozenset[str]:
    """Keywords, and what the standard library of a language has, as far as it is on this machine."""
    words = set(_WORDS.split())
    if language == "python":
        words |= {*keyword.kwlist, *dir(builtins)}
        for path in Path(sysconfig.get_path("stdlib")).glob("*.py"):
            words.update(_NAME.findall(path.read_text(encoding="utf-8", errors="replace")))
    elif language in ("typescript", "tsx", "javascript"):
        words.update(_ECMA_GLOBALS.split())
        library = Path(__file__).parents[3] / "vscode-extension/node_modules/typescript/lib"
        for path in library.glob("lib*.d.ts"):
            words.update(_NAME.findall(path.read_text(encoding="utf-8", errors="replace")))
    words.update(_RUST.split() if language == "rust" else _GO.split() if language == "go" else ())
    return frozenset(words)


def _common(one: list[str], other: list[str]) -> int:
    size = next((at for at, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), None)
    return min(len(one), len(other)) if size is None else size
