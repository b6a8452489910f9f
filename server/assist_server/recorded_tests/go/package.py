"""A package of Go in the copy: its functions and types, and which function is meant."""

import re
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from assist_context.signatures.go_items import GoFunction, GoItems, go_items
from assist_server.recorded_tests.calls import CallSubject

MOST_FILES = 60

# The packages of the standard library that values are made with, by their names.
STANDARD = {
    name.rpartition("/")[2]: name
    for name in (
        "bufio", "bytes", "context", "errors", "fmt", "io", "math", "math/big", "net/http",
        "net/http/httptest", "net/url", "os", "reflect", "regexp", "sort", "strconv", "strings", "time",
        "unicode", "unicode/utf8",
    )
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class GoPackage:
    """What the files of a folder have together, without tests. `imports` are paths by names."""

    name: str
    functions: tuple[GoFunction, ...] = ()
    types: dict[str, str] = field(default_factory=dict)
    fields: dict[str, tuple[tuple[str, str], ...]] = field(default_factory=dict)
    constants: dict[str, tuple[str, ...]] = field(default_factory=dict)
    imports: dict[str, str] = field(default_factory=dict)


def package_of(folder: Path, subject: CallSubject) -> GoPackage:
    """The package in a folder of the copy, with the subject's own file as it is given."""
    own = go_items(subject.text)
    name = PurePosixPath(subject.path).name
    others = [
        go_items(file.read_text("utf-8", "replace"))
        for file in sorted(folder.glob("*.go"))[:MOST_FILES]
        if file.name != name and not file.name.endswith("_test.go")
    ]
    return join_files([row for row in (own, *others) if row.package == own.package])


def join_files(rows: list[GoItems]) -> GoPackage:
    """Several files as one package; the first file's imports count before the others'."""
    constants: dict[str, tuple[str, ...]] = {}
    for row in rows:
        for kind, names in row.constants.items():
            constants[kind] = (*constants.get(kind, ()), *names)
    return GoPackage(
        rows[0].package if rows else "",
        tuple(function for row in rows for function in row.functions),
        {name: kind for row in reversed(rows) for name, kind in row.types.items()},
        {name: fields for row in reversed(rows) for name, fields in row.fields.items()},
        constants,
        {**STANDARD, **{name: path for row in reversed(rows) for name, path in row.imports.items()}},
    )


def function_of(subject: CallSubject, text: str = "") -> GoFunction | None:
    """The function that is meant, in its file or in another text of it."""
    owner = subject.name.rpartition(".")[0].rpartition(".")[2].strip("(*)")
    rows = [row for row in go_items(text or subject.text).functions if row.name == subject.short]
    near = [row for row in rows if row.first <= subject.last and subject.first <= row.last]
    named = [row for row in rows if row.owner == owner]
    found = named if text and named else near or named
    return found[0] if found else None


def imports_for(text: str, imports: dict[str, str]) -> tuple[str, ...]:
    """The lines of imports that an expression or a statement needs.

    >>> imports_for('strings.NewReader("url.Parse")', {"strings": "strings", "url": "net/url"})
    ('"strings"',)
    """
    bare = re.sub(r"`[^`]*`|\"(?:\\.|[^\"\\])*\"", '""', text)
    names = dict.fromkeys(re.findall(r"(?<![\w.)\]])([A-Za-z_]\w*)\.[A-Za-z_]", bare))
    found = []
    for name in names:
        path = imports.get(name, "")
        if path:
            last = re.sub(r"/v\d+$", "", path).rpartition("/")[2]
            found.append(f'"{path}"' if last == name else f'{name} "{path}"')
    return tuple(sorted(found))
