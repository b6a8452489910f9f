"""Names of Python that do not exist, by pyright: one run over copies of the files, next to the originals.

A member that only some types of a union lack exists; a second run reveals the types for that.
"""

import json
import re
import shutil
import subprocess
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from bench.checkers.faults import Fault, FilePart, copy_of, line_starts, offset_of

NODE = shutil.which("node") or "node"
SECONDS = 900.0  # for one workspace
_RULES = ("reportAttributeAccessIssue", "reportUndefinedVariable", "reportCallIssue")
_PROJECT_FILES = ("pyrightconfig.json",)
_MESSAGES = (
    (
        "member",
        re.compile(r'Cannot (?:access|assign to|delete) (?:attribute|member) "(\w+)" for class "(.*)"'),
    ),
    ("member", re.compile(r'"(\w+)" is not a known attribute of module "(.*)"')),
    ("import", re.compile(r'"(\w+)" is unknown import symbol()')),
    ("name", re.compile(r'"(\w+)" is not defined()')),
    ("argument", re.compile(r'No parameter named "(\w+)"()')),
)
_REVEALED = re.compile(r'Type of ".*" is "(.*)"\Z', re.DOTALL)
_OPENERS = {")": "(", "]": "[", "}": "{"}


def check(tools: Path, root: Path, parts: Sequence[FilePart]) -> list[list[Fault]]:
    """The faults of each part. Raises `OSError` if pyright cannot be run."""
    with copy_of(root) as folder:
        found = [
            list(_faults(part, rows))
            for part, rows in zip(
                parts, _run(tools, folder, [part.whole for part in parts], parts), strict=True
            )
        ]
        return _without_unions(tools, folder, parts, found)


def _run(
    tools: Path, folder: Path, texts: Sequence[str], parts: Sequence[FilePart]
) -> list[list[dict[str, Any]]]:
    """What pyright reports on each text, which takes the place of a part's file."""
    paths = [(folder / part.path).with_name(f"checked_part_{number}.py") for number, part in enumerate(parts)]
    for path, text in zip(paths, texts, strict=True):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8", newline="\n")
    settings = {
        "include": [path.relative_to(folder).as_posix() for path in paths],
        "typeCheckingMode": "off",
        "enableTypeIgnoreComments": False,
        **dict.fromkeys(_RULES, "error"),
        **({"venvPath": ".", "venv": ".venv"} if (folder / ".venv").exists() else {}),
    }
    for name in _PROJECT_FILES:
        for other in folder.rglob(name):
            other.unlink()
    (folder / "pyrightconfig.json").write_text(json.dumps(settings))
    program = tools / "node_modules/pyright/index.js"
    done = subprocess.run(
        [NODE, str(program), "--outputjson", "-p", str(folder)],
        check=False,  # it says by its exit code that it found errors
        capture_output=True,
        text=True,
        timeout=SECONDS,
    )
    if not done.stdout.startswith("{"):
        raise OSError(f"pyright cannot be run: {done.stdout[:200]}{done.stderr[:500]}")
    rows: Mapping[str, list[dict[str, Any]]] = defaultdict(list)
    for row in json.loads(done.stdout)["generalDiagnostics"]:
        rows[Path(row["file"]).name].append(row)
    for path in paths:
        path.unlink()
    return [rows[path.name] for path in paths]


def _faults(part: FilePart, rows: Sequence[dict[str, Any]]) -> Iterator[tuple[Fault, str]]:
    """The faults within a part, each with the type that lacks the name."""
    starts = line_starts(part.whole)
    for row in rows:
        at = offset_of(part.whole, starts, row["range"]["start"])
        end = offset_of(part.whole, starts, row["range"]["end"])
        if at >= part.last or end <= part.first or row.get("rule") not in _RULES:
            continue
        for kind, form in _MESSAGES:
            if found := form.match(row["message"].partition("\n")[0]):
                yield Fault(kind, found[1], at - part.first), found[2]
                break


def _without_unions(
    tools: Path, folder: Path, parts: Sequence[FilePart], found: Sequence[list[tuple[Fault, str]]]
) -> list[list[Fault]]:
    """The faults, without members that a type of the union has."""
    asked: list[tuple[int, Fault, FilePart]] = []
    for number, faults in enumerate(found):
        for fault in {fault for fault, _ in faults if fault.kind == "member"}:
            shown = _revealing(parts[number], fault)
            asked += [(number, fault, shown)] if shown else []
    revealed = (
        _run(tools, folder, [part.whole for *_, part in asked], [part for *_, part in asked]) if asked else []
    )
    exists: set[tuple[int, Fault]] = set()
    for (number, fault, part), rows in zip(asked, revealed, strict=True):
        lacking = {owner for other, owner in found[number] if other == fault}
        types = _types_at(part, rows)
        if len(types) > len(lacking):
            exists.add((number, fault))
    return [
        [fault for fault, _ in faults if (number, fault) not in exists] for number, faults in enumerate(found)
    ]


def _revealing(part: FilePart, fault: Fault) -> FilePart | None:
    """The file with the receiver of a member revealed; None if it is not found."""
    dot = part.whole.rstrip().rfind(".", 0, part.first + fault.at + 1)
    first = receiver_start(part.whole, dot)
    if dot < 0 or first == dot:
        return None
    receiver = part.whole[first:dot]
    whole = f"{part.whole[:first]}reveal_type({receiver}){part.whole[dot:]}"
    return FilePart(part.path, whole, first, first + len("reveal_type(") + len(receiver))


def _types_at(part: FilePart, rows: Sequence[dict[str, Any]]) -> set[str]:
    """The types that were revealed in a part, but for None."""
    starts = line_starts(part.whole)
    for row in rows:
        at = offset_of(part.whole, starts, row["range"]["start"])
        if part.first <= at < part.last and (found := _REVEALED.match(row["message"])):
            return set(types_of_union(found[1])) - {"None"}
    return set()


def types_of_union(text: str) -> list[str]:
    """The types of a union as pyright writes it.

    >>> types_of_union("list[int | str] | None")
    ['list[int | str]', 'None']
    """
    types = [""]
    depth = 0
    for sign in text:
        depth += (sign in "([") - (sign in ")]")
        if sign == "|" and not depth:
            types.append("")
        else:
            types[-1] += sign
    return [one.strip() for one in types]


def receiver_start(text: str, dot: int) -> int:
    """Where the expression before a dot begins.

    >>> receiver_start("x = await a.b(c, d)[0].e", 22)
    10
    """
    at = dot
    while at > 0:
        sign = text[at - 1]
        if sign in _OPENERS:
            at = _opener(text, at - 1)
        elif sign.isalnum() or sign in "_.":
            at -= 1
        elif sign in "\"'":
            at = max(text.rfind(sign, 0, at - 1), 0)
        else:
            break
    return at


def _opener(text: str, at: int) -> int:
    """The bracket that a closing bracket belongs to; 0 if there is none."""
    depth = 0
    while at > 0:
        depth += (text[at] in ")]}") - (text[at] in "([{")
        if not depth:
            break
        at -= 1
    return at
