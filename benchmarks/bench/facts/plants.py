"""One fault in a text, as a person in a hurry makes it.

That is a turned operator, one off, exchanged operands or arguments, a negation, a lost guard, branch or part
of a condition, another default or constant, a swallowed error, something left open, a slip in a copy, a wrong
name, or a new parameter that no call passes. It reads texts by regular expressions, so that it sees what our
own parsers may overlook.
"""

import ast
import random
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

FaultKind = Literal[
    "operator", "negation", "guard", "caller", "undefined", "offset", "operands", "arguments", "condition",
    "default", "swallowed", "unclosed", "constant", "branch", "copy",
]  # fmt: skip
# Where a line is: next to what a commit changes, one that it wrote otherwise, or one that it added.
LinePlace = Literal["near", "rewritten", "new"]


@dataclass(frozen=True, slots=True)
class Fault:
    """A planted fault: its line, in the old text if lines are gone, and what was there or the name."""

    kind: FaultKind
    path: str
    line: int
    about: str
    text: str  # of the whole file, with the fault
    place: LinePlace = "near"


@dataclass(frozen=True, slots=True)
class PlantSite:
    """A text in which a fault may be: its path, its language, and the lines in which one is planted."""

    path: str
    language: str  # as a server's
    lines: Sequence[str]
    kept: Mapping[int, LinePlace]  # from 1
    was: Mapping[int, str]  # what a rewritten line was
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


# What becomes of a line with one of these faults: languages ("" for all), a pattern, and what replaces it.
_CALLED_WITH = r"\b(?!(?:if|for|while|switch|return|def|function|func|fn)\b)(\w+)\("
_TERM = r"[\w.]+(?:\([\w., ]*\))?"
_SUBSTITUTES: Mapping[FaultKind, Sequence[tuple[str, str, str]]] = {
    "offset": [
        ("", r"(?<=[\w)\]]) [-+] 1\b(?![.\w])", ""),
        ("", r"\b(i|j|n|idx|index|pos|start|end|offset|count|length|size)(?=[\])]| [<>]=? |, )", r"\1 + 1"),
    ],
    "operands": [
        (
            "",
            r"(?<![\w.)\]+*/-] )(?<![\w.(])([\w.]+) (-|/|%|<|>|<=|>=) ([\w.]+)(?![\w.(\[])(?! [-+*/%<>])",
            r"\3 \2 \1",
        )
    ],
    "arguments": [("", _CALLED_WITH + r"([\w.]+), ([\w.]+)(?=[,)])", r"\1(\3, \2")],
    "condition": [
        (
            "python",
            rf" and (?:not )?{_TERM}(?: (?:is not|is|==|!=|<|>|in|not in) [\w.\"']+)?(?=:$| and | or |\))",
            "",
        ),
        (
            "typescript go rust",
            rf" && !?{_TERM}(?: (?:===?|!==?|<|>|<=|>=) [\w.\"']+)?(?= \{{$|\) \{{$| && | \|\| |;$)",
            "",
        ),
    ],
    "default": [
        ("python", r"(?<=[(,] )(\w+(?:: [\w\[\]. |]+ )?)(=|= )True\b", r"\1\2False"),
        ("python", r"((?:^\s+|[(,] ?)\w+(?:: [\w\[\]. |]+ )?)(=|= )False(?=,|\))", r"\1\2True"),
        ("python", r"((?:^\s+|[(,] ?)\w+(?:: [\w\[\]. |]+ )?)(=|= )None(?=,|\))", r"\1\2()"),
        ("python", r"((?:^\s+|[(,] ?)\w+(?:: [\w\[\]. |]+ )?)(=|= )(\d+)(?=,|\))", r"\1\g<2>1\3"),
        ("typescript", r"([(,] ?\w+(?:: \w+)?) = (?:true|false|\d+)(?=,|\))", r"\1 = 77"),
    ],
    "swallowed": [
        ("python typescript", r"\bawait (?=[\w.]+\()", ""),
        ("rust", r"(?<=[\w)])\.await\b", ""),
        ("rust", r"(?<=\))\?(?=[;.)])", ""),
        ("go", r"\b(\w+), err (:?=) ", r"\1, _ \2 "),
        ("go", r"^(\s+)return err$", r"\1return nil"),
        ("go", r"^(\s+)return (\w+), err$", r"\1return \2, nil"),
    ],
    "unclosed": [
        ("", r"^\s*(?:defer )?[\w.]+\.(?:Close|close|R?Unlock|release|Release|Stop|unlock)\(\);?$", "")
    ],
}  # fmt: skip
# Those that nothing but the line before, or the name of a parameter, tells.
_LIKE_NEW = frozenset({"arguments", "swallowed", "unclosed", "copy"})
_AROUND = 4  # letters on each side of a fault that say it is in the same expression
_HANDLER = re.compile(r"^(\s*)(?:except\b.*:|\} catch(?: \(\w+\))? \{)$")


def plant(kind: FaultKind, site: PlantSite, place: LinePlace, rng: random.Random) -> Fault | None:
    """One fault of a kind at a random place of a sort; None if there is none."""
    if place == "new" and kind not in _LIKE_NEW:
        return None
    ways: Mapping[FaultKind, Callable[[PlantSite], Iterator[Fault]]] = {
        "operator": _operators,
        "negation": _negations,
        "guard": _guards,
        "branch": _branches,
        "caller": _callers,
        "undefined": _wrong_names,
        "constant": _constants,
        "copy": _slips,
    }
    found = [*ways[kind](site)] if kind in ways else []
    found += [*_substitutes(kind, site)] if kind in _SUBSTITUTES else []
    found += [*_emptied_handlers(site)] if kind == "swallowed" else []
    here = [replace(fault, place=place) for fault in found if _place(site, fault) == place]
    return rng.choice(here) if here else None


def _place(site: PlantSite, fault: Fault) -> LinePlace | None:
    """Where a fault is; a rewritten line is new for one whose words, with those around, it did not have."""
    place = site.kept.get(fault.line)
    line, was = (
        re.sub(r"\s+", "", text) for text in (site.lines[fault.line - 1], site.was.get(fault.line, ""))
    )
    at = line.find(re.sub(r"\s+", "", fault.about))
    around = line[max(0, at - _AROUND) : at + len(re.sub(r"\s+", "", fault.about)) + _AROUND]
    return "new" if place == "rewritten" and around not in was else place


def _substitutes(kind: FaultKind, site: PlantSite) -> Iterator[Fault]:
    for number, code in _code_lines(site):
        head = re.match(
            r"\s*(?:async )?(?:pub )?(?:def|class|func|fn|function|import|from|use|type|interface)\b", code
        )
        if bool(head) != (kind == "default") and not (kind == "default" and code.rstrip().endswith(",")):
            continue
        line = site.lines[number - 1]
        for languages, pattern, new in _SUBSTITUTES[kind]:
            if languages and site.language not in languages.split():
                continue
            for found in re.finditer(pattern, code.rstrip("\n")):
                made = (
                    ""
                    if kind == "unclosed"
                    else line[: found.start()] + found.expand(new) + line[found.end() :]
                )
                if made != line and not (
                    kind in ("operands", "arguments") and found[1] == found[found.re.groups]
                ):
                    yield Fault(kind, site.path, number, found[0].strip(), _with_line(site, number, made))


def _emptied_handlers(site: PlantSite) -> Iterator[Fault]:
    """Handlers of one statement that do nothing now."""
    for number, code in _code_lines(site):
        found = _HANDLER.match(code.rstrip("\n"))
        body = site.lines[number] if number < len(site.lines) else ""
        if (
            not found
            or number + 1 not in site.kept
            or not re.match(r"\s*[\w.]+\b.*[\w)'\";]$", body.rstrip("\n"))
        ):
            continue
        after = site.lines[number + 1] if number + 1 < len(site.lines) else ""
        indent = len(body) - len(body.lstrip())
        if (len(after) - len(after.lstrip()) >= indent and after.strip()) or body.strip() == "pass":
            continue
        text = f"{body[:indent]}pass\n" if site.language == "python" else ""
        yield Fault("swallowed", site.path, number, body.strip(), _with_line(site, number + 1, text))


def _branches(site: PlantSite) -> Iterator[Fault]:
    """Branches of one statement that does not leave."""
    for number, code in _code_lines(site):
        found = _IF[site.language].match(code) or re.match(r"^\s*elif (.+):\s*$", code)
        after = [*site.lines[number : number + 2], "", ""]
        whole = 2 if site.language == "python" else 3
        if not found or _LEAVES.match(after[0]) or after[0].count("(") != after[0].count(")"):
            continue
        if re.match(r"\s*(?:while|\})", code) or after[0].rstrip().endswith(("{", "[", "\\", ":", "(")):
            continue
        indent = len(code) - len(code.lstrip())
        if site.language == "python":
            is_over = len(after[1]) - len(after[1].lstrip()) <= indent and not re.match(
                r"\s*(?:el)", after[1]
            )
        else:
            is_over = after[1].strip() == "}"
        if is_over and {number, number + 1, number + whole - 1} <= set(site.kept):
            text = "".join((*site.lines[: number - 1], *site.lines[number - 1 + whole :]))
            yield Fault("branch", site.path, number, code.strip(), text)


def _constants(site: PlantSite) -> Iterator[Fault]:
    """Numbers and short texts of which the file has several, and one becomes another."""
    whole = "".join(site.lines)
    for number, code in _code_lines(site):
        line = site.lines[number - 1]
        for found in re.finditer(
            r"(?<![\w.\-])\d{3,}(?![\w.])|(?P<quote>[\"'])[a-z_-]{4,20}(?P=quote)", line
        ):
            inside = found.start() >= len(code) or (
                found["quote"] is None and not code[found.start() : found.end()].strip()
            )
            if inside or whole.count(found[0]) < 2 or re.match(r"\s*[\"']", line):
                continue
            new = f"{found[0][:-1]}{'7' if found['quote'] is None else 'x' + found['quote']}"
            if new != found[0]:
                text = line[: found.start()] + new + line[found.end() :]
                yield Fault("constant", site.path, number, found[0], _with_line(site, number, text))


def _slips(site: PlantSite) -> Iterator[Fault]:
    """A name in a copy of the lines above it, which has there what all others replaced."""
    for number, _ in _code_lines(site):
        for size in (1, 2, 3, 4):
            first = site.lines[max(0, number - 1 - size) : number - 1]
            second = site.lines[number - 1 : number - 1 + size]
            rows = [re.findall(r"\w+|[^\w\s]", "".join(block)) for block in (first, second)]
            if (
                len(first) < size
                or len(rows[0]) != len(rows[1])
                or not set(range(number, number + size)) <= set(site.kept)
            ):
                continue
            other = [(old, new) for old, new in zip(*rows, strict=True) if old != new]
            names = {pair for pair in other if all(re.fullmatch(r"[A-Za-z]\w+", word) for word in pair)}
            if len(names) == 1 and len(other) >= 3 and len(set(other)) == 1:
                old, new = other[0]
                yield from _slips_in(site, number, second, (old, new))


def _slips_in(site: PlantSite, number: int, lines: Sequence[str], names: tuple[str, str]) -> Iterator[Fault]:
    for at, line in enumerate(lines):
        for found in re.finditer(rf"\b{re.escape(names[1])}\b", line):
            text = line[: found.start()] + names[0] + line[found.end() :]
            yield Fault("copy", site.path, number + at, names[1], _with_line(site, number + at, text))


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
        if (
            found
            and site.calls.get(found[2])
            and not found[3].strip().startswith(("*", "/", "this", "self", "cls"))
        ):
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
