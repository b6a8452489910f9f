"""The effect of one statement, as it is written: its condition, its call, how it leaves a function.

It knows the text of a statement and its words, and no other text.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from assist_context.code.units import CodeUnit
from assist_diffs.messages.code_sides import CodeSide
from assist_diffs.messages.things import ThingKind, code

LONGEST = 60  # characters of a piece of code that is written out
SHORT = 40  # the same, where there are two
LEAVES = frozenset({"return", "raise", "throw", "continue", "break", "panic"})
_IF = re.compile(r"(?:\}\s*)?(?:else\s+)?(?:if|elif)\b\s*(.*)$")
_GO_ON = re.compile(r"\s*(?:and|or|&&|\|\||[=!<>+*/.-])")  # after a bracket that does not end a condition
_OPTION = re.compile(r'"(--[a-z][\w-]+)"')
_OPTION_CALL = re.compile(r"option|argument|flag|param", re.IGNORECASE)
_ENTRY = re.compile(r"^pair$|keyed_element|match_arm|(?:expression|switch)_case$|case_clause")
_GO_ERROR = re.compile(r"(?:.*,\s*)?(?:fmt\.Errorf|errors\.New|Err\w*|err)\b.*")
_NAME = re.compile(r"[\w$]+")
NO_CALLS = frozenset(
    {
        *("if", "while", "for", "return", "not", "in", "and", "or", "match", "switch", "await", "catch"),
        *("Ok", "Err", "Some", "derive", "cfg"),  # values and attributes of Rust
    }
)


@dataclass(frozen=True, slots=True)
class ToldChange:
    """A sentence about a statement, with how much it says."""

    verb: str
    words: str
    tail: str = ""
    kind: ThingKind = "behaviour"
    less: int = 0


def read_condition(text: str) -> str | None:
    """The condition of a branch as it is written, None for another statement.

    >>> read_condition("if x is None:"), read_condition("if (!step) return []"), read_condition("x = 1")
    ('x is None', '!step', None)
    >>> read_condition("if err := f(); err != nil {"), read_condition("if let Some(x) = y {")
    ('err != nil', 'y is Some(x)')
    """
    found = _IF.match(text)
    if found is None:
        return None
    rest = found[1].strip()
    end = _closing(rest) if rest.startswith("(") else -1
    if end >= 0 and not _GO_ON.match(rest[end + 1 :]):
        return rest[1:end].strip()
    rest = rest[:-1] if rest.endswith(("{", ":")) else re.sub(r"\s+\{.*$|:\s+\S.*$", "", rest)
    rest = rest.rpartition(";")[2].strip()
    if rest.startswith("let "):
        pattern, _, value = rest.removeprefix("let ").partition(" = ")
        rest = f"{value.strip()} is {pattern.strip()}"
    closed = all(rest.count(pair[0]) == rest.count(pair[1]) for pair in ("()", "[]", "{}"))
    return rest if closed and rest else None


def _closing(text: str) -> int:
    depth = 0
    for at, character in enumerate(text):
        depth += character == "("
        depth -= character == ")"
        if depth == 0:
            return at
    return -1


def cut_condition(text: str, condition: str) -> str:
    """Return the text after a condition on the same line."""
    after = text.partition(condition)[2].lstrip("):{ ")
    return after.rstrip("}; ")


def find_block(side: CodeSide, units: Sequence[CodeUnit], unit: CodeUnit) -> list[CodeUnit]:
    """The statements in the block of one: those after it on its line, or with more space before them."""

    def indent(line: int) -> int:
        text = side.lines[line - 1].expandtabs(4)
        return len(text) - len(text.lstrip())

    own = indent(min(unit.lines))
    last = max(unit.lines)
    found = list[CodeUnit]()
    for other in units[unit.place + 1 :]:
        if other.line > last and indent(other.line) <= own:
            break
        found.append(other)
    return found


def leaving(text: str, tail: str) -> ToldChange:
    """Describe a statement that leaves a function or a loop."""
    plain = text.rstrip("; ").strip()
    word, _, value = plain.partition(" ")
    if word in ("raise", "throw"):
        return ToldChange(word.capitalize(), code(error_name(plain)), tail, less=-4)
    if plain.startswith("panic"):
        return ToldChange("Panic", "", tail)
    if word in ("continue", "break"):
        return ToldChange(
            "Skip" if word == "continue" else "Stop", "an item" if word == "continue" else "the loop", tail
        )
    value = value.strip()
    is_whole = all(value.count(pair[0]) == value.count(pair[1]) for pair in ("()", "[]", "{}"))
    if value.startswith("Err(") or _GO_ERROR.fullmatch(value):
        return ToldChange("Return", "an error", tail)
    if not value:
        return ToldChange("Return", "early", tail)
    return ToldChange("Return", code(value) if is_whole and len(value) <= SHORT else "another value", tail)


def error_name(text: str) -> str:
    """The error of a statement that raises it.

    >>> error_name('raise ValueError("no")'), error_name("throw new RangeError('x')")
    ('ValueError', 'RangeError')
    """
    value = re.sub(r"^(?:raise|throw)\s*(?:new\s+)?", "", text)
    found = re.match(r"[\w.]+", value)
    return found[0] if found else "the error"


def called_name(texts: Sequence[str], at: int) -> str:
    """The dotted name before the bracket of a call, "" if there is none.

    >>> called_name(["x", "=", "os", ".", "kill", "("], 5)
    'os.kill'
    """
    first = at
    while first > 0 and (texts[first - 1] in (".", "::", "?.", "!") or _NAME.fullmatch(texts[first - 1])):
        if first < at and _NAME.fullmatch(texts[first]) and _NAME.fullmatch(texts[first - 1]):
            break
        first -= 1
    name = "".join(texts[first:at]).lstrip(".!?:")
    return "" if name in NO_CALLS or name[:1].isdigit() or name.endswith(".") else name


def first_call(unit: CodeUnit) -> str:
    """The dotted name of the first call of a statement."""
    at = next((at for at, word in enumerate(unit.words) if word == "("), -1)
    return called_name(unit.words, at) if at > 0 else ""


def stated_call(unit: CodeUnit, text: str) -> str:
    """Return the function that a statement calls, if it is a call and nothing else."""
    name = first_call(unit)
    return name if re.sub(r"^(?:await|defer|go) ", "", text).startswith(f"{name}(") else ""


def call_of_value(unit: CodeUnit) -> str:
    """Return the function whose result is assigned, if that is all of the value."""
    if "=" not in unit.words:
        return ""
    value = unit.words[unit.words.index("=") + 1 :]
    value = value[1:] if value[:1] == ("await",) else value
    at = value.index("(") if "(" in value else 0
    return (
        called_name(value, at)
        if at and value.count("(") == 1 and "".join(value[:at]) == called_name(value, at)
        else ""
    )


def add_arguments(text: str, called: str) -> str:
    """A call as it is written, if that is short; else what is called."""
    after = text.partition(f"{called}(")[2]
    end = _closing(f"({after}")
    if text.startswith(called) and after[end:].startswith("."):
        whole = text.rstrip("; ")
        return whole if len(whole) <= LONGEST else called
    return f"{called}({after[:end]}" if end > 0 and end + len(called) <= LONGEST else called


def entry_key(unit: CodeUnit, text: str) -> str | None:
    """The key of an entry of a mapping, or the pattern of a case; None for another statement."""
    if not _ENTRY.search(unit.type):
        return None
    found = re.match(r"""(?:case\s+)?(.{1,40}?)\s*(?:=>|(?<!:):(?![:=])|=(?!=))""", text)
    return found[1] if found and found[1].count("(") == found[1].count(")") else None


def set_field(text: str) -> str | None:
    """A field that gets a value, in words; None for another statement."""
    found = re.match(r"((?:self|this|\w+)\.[\w.]+)\s*(?::[^=]+)?=\s*([^=].*?);?$", text)
    if found is None or len(found[2]) > SHORT:
        return None
    return f"{code(found[1])} to {code(found[2])}"


def new_options(unit: CodeUnit, known: set[str]) -> list[str]:
    """The options of a command that a statement declares, and that are new."""
    if not _OPTION_CALL.search(" ".join(unit.calls)):
        return []
    words = [word for word in unit.words if _OPTION.fullmatch(word) and word not in known]
    return [word.strip('"') for word in words]
