"""One fault in a text, as a person in a hurry makes it.

That is a turned operator, a negation, a lost guard, a wrong name, or a new parameter that no call passes. It
reads texts by regular expressions, so that it sees what our own parsers may overlook.
"""

import ast
import random
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

FaultKind = Literal["operator", "negation", "guard", "caller", "undefined"]


@dataclass(frozen=True, slots=True)
class Fault:
    """A planted fault: its line, in the old text if lines are gone, and what was there or the name."""

    kind: FaultKind
    path: str
    line: int
    about: str
    text: str  # of the whole file, with the fault


@dataclass(frozen=True, slots=True)
class PlantSite:
    """A text in which a fault may be: its path, its language, and the lines that the commit left alone."""

    path: str
    language: str  # as a server's
    lines: Sequence[str]
    kept: Sequence[int]  # from 1
    calls: Mapping[str, int]  # how often other lines call a function that is defined once


_TURNED = {
    "python": {"and": "or", "or": "and"},
    "other": {"&&": "||", "||": "&&", "===": "!==", "!==": "==="},
    "all": {"==": "!=", "!=": "==", "<=": "<", ">=": ">", "+": "-", "<": "<=", ">": ">="},
}
_STRING = re.compile(r"""("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|`[^`]*`|#.*$|//.*$)""")
_IF = {
    "python": re.compile(r"^(\s*(?:if|elif|while) )(not )?([^:]+)(:)\s*$"),
    "go": re.compile(r"^(\s*(?:\} else )?if )(!)?([^;{]+)( \{)\s*$"),
    "rust": re.compile(r"^(\s*(?:\} else )?if )(?!let\b)(!)?([^{]+)( \{)\s*$"),
    "typescript": re.compile(r"^(\s*(?:\} else )?if \()(!)?(.+)(\) \{)\s*$"),
}
_LEAVES = re.compile(r"^\s*(?:return\b|raise\b|throw\b|panic\(|continue\b|break\b)")
_HEAD = {
    "python": re.compile(r"^(\s*(?:async )?def (\w+)\((?:self, |cls, )?)(.*)$"),
    "go": re.compile(r"^(func (?:\([^)]*\) )?(\w+)\()(.*)$"),
    "rust": re.compile(
        r"^(\s*(?:pub(?:\([\w:]+\))? )?(?:const |async |unsafe )*fn (\w+)\()((?!&|mut self|self).*)$"
    ),
    "typescript": re.compile(r"^((?:export )?(?:default )?(?:async )?function (\w+)\()(.*)$"),
}
_PARAMETER = {
    "python": "extra_value",
    "go": "extraValue int",
    "rust": "extra_value: usize",
    "typescript": "extraValue: number",
}


def plant(kind: FaultKind, site: PlantSite, rng: random.Random) -> Fault | None:
    """One fault of a kind at a random place; None if there is no place for it."""
    ways: Mapping[FaultKind, Callable[[PlantSite], Iterator[Fault]]] = {
        "operator": _operators,
        "negation": _negations,
        "guard": _guards,
        "caller": _callers,
        "undefined": _wrong_names,
    }
    found = list(ways[kind](site))
    return rng.choice(found) if found else None


def _with_line(site: PlantSite, number: int, line: str) -> str:
    return "".join((*site.lines[: number - 1], line, *site.lines[number:]))


def _code_lines(site: PlantSite) -> Iterator[tuple[int, str]]:
    """Kept lines that are code, with strings and comments blanked; docstrings are left out roughly."""
    inside = False
    kept = set(site.kept)
    for number, line in enumerate(site.lines, 1):
        prose = inside or re.match(r"\s*(?:#|//|\*|/\*|\"\"\"|''')", line) is not None
        if site.language == "python":
            inside ^= len(re.findall(r'"""|\'\'\'', line)) % 2 == 1
        elif "*/" in line:
            inside = False
        else:
            inside = inside or "/*" in line
        if number in kept and not prose:
            yield number, _STRING.sub(lambda found: " " * len(found[0]), line)


def _operators(site: PlantSite) -> Iterator[Fault]:
    own = _TURNED["python" if site.language == "python" else "other"] | _TURNED["all"]
    written = "|".join(re.escape(operator) for operator in sorted(own, key=len, reverse=True))
    pattern = re.compile(rf"(?<= )(?:{written})(?= )")
    for number, code in _code_lines(site):
        closure = site.language == "rust" and re.search(r"\|\| (?:\{|async|move)", code)
        if closure or not re.match(
            r"\s*(?:\} else )?(?:if|elif|while|return|assert|let|const|\w+ :?=)\b", code
        ):
            continue
        for found in pattern.finditer(code):
            line = site.lines[number - 1]
            text = line[: found.start()] + own[found[0]] + line[found.end() :]
            yield Fault("operator", site.path, number, found[0], _with_line(site, number, text))


def _negations(site: PlantSite) -> Iterator[Fault]:
    sign = "not " if site.language == "python" else "!"
    for number, code in _code_lines(site):
        found = _IF[site.language].match(code)
        if not found or re.search(r" (?:and|or|if|in|is) |&&|\|\||[<>=]|^not |\blet\b", found[3].strip()):
            continue
        line = site.lines[number - 1]
        if found[2]:
            text = line[: found.start(2)] + line[found.end(2) :]
        else:
            text = line[: found.start(3)] + sign + line[found.start(3) :]
        yield Fault("negation", site.path, number, found[3], _with_line(site, number, text))


def _guards(site: PlantSite) -> Iterator[Fault]:
    for number, code in _code_lines(site):
        found = _IF[site.language].match(code)
        after = site.lines[number : number + 2]
        if not found or len(after) < 2 or re.match(r"\s*(?:elif|while|\})", code):
            continue
        if not _LEAVES.match(after[0]) or after[0].count("(") != after[0].count(")"):
            continue
        if after[0].rstrip().endswith(("{", "[", "\\")):
            continue
        indent = len(code) - len(code.lstrip())
        if site.language == "python":
            whole = 2
            follows = after[1]
            is_over = len(follows) - len(follows.lstrip()) <= indent and not re.match(
                r"\s*(?:else|elif)", follows
            )
        else:
            whole = 3
            is_over = after[1].strip() == "}"
        if is_over and {number, number + 1, number + whole - 1} <= set(site.kept):
            text = "".join((*site.lines[: number - 1], *site.lines[number - 1 + whole :]))
            yield Fault("guard", site.path, number, site.lines[number - 1].strip(), text)


def _callers(site: PlantSite) -> Iterator[Fault]:
    for number, code in _code_lines(site):
        found = _HEAD[site.language].match(code)
        if found and site.calls.get(found[2]) and not (found[3].strip().startswith(("*", "/", "this"))):
            line = site.lines[number - 1]
            rest = line[found.start(3) :]
            comma = "" if rest.lstrip().startswith(")") else ", " if rest.strip() else ","
            parameter = _PARAMETER[site.language]
            text = line[: found.end(1)] + parameter + comma + rest
            yield Fault("caller", site.path, number, found[2], _with_line(site, number, text))


def _wrong_names(site: PlantSite) -> Iterator[Fault]:
    """A name of Python with one letter too many, where it is read."""
    if site.language != "python":
        return
    whole = "".join(site.lines)
    try:
        tree = ast.parse(whole)
    except SyntaxError:
        return
    kept = set(site.kept)
    for node in ast.walk(tree):
        if not isinstance(node, ast.Name) or not isinstance(node.ctx, ast.Load) or node.lineno not in kept:
            continue
        wrong = f"{node.id}_"
        line = site.lines[node.lineno - 1]
        if not line.isascii() or len(node.id) < 3 or re.search(rf"\b{wrong}\b", whole):
            continue
        text = line[: node.col_offset] + wrong + line[node.col_offset + len(node.id) :]
        yield Fault("undefined", site.path, node.lineno, wrong, _with_line(site, node.lineno, text))
