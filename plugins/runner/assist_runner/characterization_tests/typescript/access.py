"""How tests reach code: the subject by its exports, and the names that calls need, from where tests are.

Code that is not exported is reached through what is exported and uses it. This module reads texts only.
"""

import posixpath
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from assist_runner.characterization_tests.language import CannotRunError, RecordingContext
from assist_runner.scripts.script_functions import ScriptFunction, functions_of, script_function
from assist_runner.scripts.script_module import (
    DEFAULT,
    WHOLE,
    ScriptImport,
    ScriptModule,
    relative_module,
    script_module,
)
from assist_runner.scripts.script_pieces import mentions

_MAX_STEPS = 3  # from what is exported to the subject
_ENDINGS = re.compile(r"(?:from\s+|require\(|import\()[\"']\.{1,2}/[^\"']*?(\.[cm]?[jt]sx?)?[\"']")
_TEST = re.compile(r"^\s*(?:it|test|describe)(?:\.\w+)*\(", re.MULTILINE)
_SUFFIX = re.compile(r"\.[cm]?[jt]sx?$")


@dataclass(frozen=True, slots=True)
class ScriptTarget:
    """Something exported that runs the subject: how it is written in a test, and what it is.

    `own` says that it is the subject itself, or the class or object of it.
    """

    expression: str
    imports: tuple[ScriptImport, ...]
    function: ScriptFunction
    own: bool = True


@dataclass(frozen=True, slots=True)
class ScriptSubject:
    """The subject with its module and what reaches it, best first."""

    module: ScriptModule
    function: ScriptFunction
    targets: tuple[ScriptTarget, ...]


def script_subject(material: RecordingContext) -> ScriptSubject:
    """What is known of the subject. Raises CannotRunError if no test can reach it."""
    subject = material.subject
    module = script_module(subject.text, subject.path)
    function = script_function(subject.text, subject.path, subject.name, subject.first, subject.last)
    if function is None:
        raise CannotRunError(f"{subject.name} has no body of its own")
    top = subject.name.partition(".")[0]
    if top in module.exports and not function.hidden and not function.name.startswith("#"):
        if function.role == "setter":
            raise CannotRunError(f"{subject.name} is a setter")
        expression, imports = _way_to(top, material, module)
        return ScriptSubject(module, function, (ScriptTarget(expression, imports, function),))
    targets = tuple(_around(function, material, module))
    if not targets:
        raise CannotRunError(
            f"{subject.name} is not exported, and nothing that is exported uses it by its name"
        )
    return ScriptSubject(module, function, targets)


def _around(
    function: ScriptFunction, material: RecordingContext, module: ScriptModule
) -> Iterator[ScriptTarget]:
    """What is exported and uses the subject, in a few steps."""
    subject = material.subject
    functions = {row.name: row for row in functions_of(subject.text, subject.path)}
    top = subject.name.partition(".")[0]
    if function.owner and top in module.exports and top in functions:
        expression, imports = _way_to(top, material, module)
        yield ScriptTarget(expression, imports, functions[top], own=False)
        return
    seen = {top}
    names = {top}
    for _ in range(_MAX_STEPS):
        names = {user for name in names for user in mentions(subject.text, subject.path, name)} - seen
        seen |= names
        for name in sorted(names):
            if name in module.exports and name in functions:
                expression, imports = _way_to(name, material, module)
                yield ScriptTarget(expression, imports, functions[name], own=False)


def _way_to(
    name: str, material: RecordingContext, module: ScriptModule
) -> tuple[str, tuple[ScriptImport, ...]]:
    """How a test writes an exported name, and its imports: as other tests do, else by the path."""
    exported = module.exports[name]
    for path, text in test_texts(material):
        if ".test-d." in path:  # only types
            continue
        for found in script_module(text, path or "a.ts").imports.values():
            if found.typed or (found.module.startswith(".") and not path):
                continue
            moved = found.from_folder(str(PurePosixPath(path).parent), place_folder(material))
            same = _is_module(found, path, material.subject.path)
            if (found.name == exported and exported not in (DEFAULT, WHOLE)) or (
                found.name in (DEFAULT, WHOLE) and same and exported in (DEFAULT, WHOLE)
            ):
                return found.local, (moved,)
            if (
                found.name in (WHOLE, DEFAULT)
                and exported not in (DEFAULT, WHOLE)
                and re.search(rf"\b{re.escape(found.local)}\.{re.escape(exported)}\b", text)
            ):
                return f"{found.local}.{exported}", (moved,)
    local = (
        name if name.isidentifier() and name != DEFAULT else _camel(PurePosixPath(material.subject.path).stem)
    )
    source = _module_path(material)
    return local, (ScriptImport(local, source, exported, required=is_common(material, module)),)


def test_texts(material: RecordingContext) -> list[tuple[str, str]]:
    """The texts of the nearest tests with their paths, "" for a path that is not known."""
    shown = material.example if _TEST.search(material.example) else ""  # it may be other code
    rows = [(material.place if material.added else "", shown)] if shown else []
    paths = [*material.test_paths, *[""] * len(material.tests)]
    return [*rows, *zip(paths, material.tests, strict=False)]


def place_folder(material: RecordingContext) -> str:
    """The folder of the tests."""
    folder = str(PurePosixPath(material.place).parent)
    return "" if folder == "." else folder


def is_common(material: RecordingContext, module: ScriptModule) -> bool:
    """Whether tests are CommonJS: as the others of their kind of file are, else as the subject is."""
    suffix = PurePosixPath(material.place).suffix
    for path, text in test_texts(material):
        if path and PurePosixPath(path).suffix != suffix:
            continue
        if re.search(r"^\s*import\b.*['\"]|^\}\s*from\b", text, re.MULTILINE):
            return False
        if re.search(r"^\s*(?:const|let|var)\b[^;=]*=\s*require\(", text, re.MULTILINE):
            return True
    return module.common


def _is_module(found: ScriptImport, test_path: str, path: str) -> bool:
    """Whether an import may mean a file."""
    if not found.module.startswith("."):
        return False
    there = posixpath.normpath(posixpath.join(str(PurePosixPath(test_path).parent), found.module))
    stem = _SUFFIX.sub("", there)
    own = _SUFFIX.sub("", path)
    return own in (stem, f"{stem}/index") or (stem == "." and own == "index")


def _module_path(material: RecordingContext) -> str:
    """The subject's file as a relative import, with the ending that others have."""
    path = material.subject.path
    stem = _SUFFIX.sub("", path)
    suffix = PurePosixPath(path).suffix
    texts = [text for _, text in test_texts(material)]
    endings = [found for text in (*texts, material.subject.text) for found in _ENDINGS.findall(text)]
    plain = suffix in (".js", ".mjs", ".cjs") and not is_common(
        material, script_module(material.subject.text, path)
    )
    ending = endings[0] if endings else suffix if material.runner == "node" or plain else ""
    if ending and ending.endswith("ts") != suffix.endswith(("ts", "tsx")):
        ending = ending if suffix.endswith(("ts", "tsx")) else suffix  # TypeScript may be imported as .js
    return relative_module(f"{stem}{ending}", place_folder(material))


def _camel(stem: str) -> str:
    words = [word for word in re.split(r"\W+", stem) if word]
    name = "".join([words[0], *(word[:1].upper() + word[1:] for word in words[1:])]) if words else "subject"
    return name if name.isidentifier() else f"_{name}"


def known_imports(
    imports: Sequence[ScriptImport], unknown: Sequence[str], material: RecordingContext, module: ScriptModule
) -> tuple[ScriptImport, ...] | None:
    """The imports with those of names that the subject's module has; None if a name is of no known origin."""
    found = list(imports)
    for name in unknown:
        if name in module.exports:
            expression, own = _way_to(name, material, module)
            if expression != name:
                own = (ScriptImport(name, _module_path(material), module.exports[name], own[0].required),)
            found += own
        elif name in module.imports:
            moved = module.imports[name].from_folder(
                str(PurePosixPath(material.subject.path).parent), place_folder(material)
            )
            found.append(moved)
        else:
            return None
    return tuple(dict.fromkeys(found))
