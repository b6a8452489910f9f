"""What others say about an edit: a type checker's errors before and after, a language server's rename."""

import json
import re
import subprocess
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from bench.refactorings.samples import WrittenRequest
from bench.renames.language_server import LanguageServer

_ERROR = re.compile(r"^(\S+)\((\d+),\d+\): error (TS\d+): (.*)$", re.MULTILINE)


def error_counts(servers: Path, root: Path, paths: Sequence[str]) -> Counter[tuple[str, str]]:
    """The errors of some files by file and kind, by pyright, or of all by tsc."""
    if (root / "tsconfig.json").exists():
        command = [str(servers / "node_modules/.bin/tsc"), "--noEmit", "-p", str(root), "--checkJs", "true"]
        done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
        return Counter((found[1], found[3]) for found in _ERROR.finditer(done.stdout))
    command = [str(servers / "node_modules/.bin/pyright"), "--outputjson", "--level", "error", *paths]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    report: dict[str, Any] = json.loads(done.stdout)
    found = [row for row in report["generalDiagnostics"] if row["severity"] == "error"]
    return Counter((str(Path(row["file"]).relative_to(root)), row.get("rule", "syntax")) for row in found)


def served_errors(
    server: LanguageServer, root: Path, texts: Mapping[str, str], paths: Iterable[str]
) -> Counter[tuple[str, str]]:
    """The errors of some files by file and kind, by pyright's server, while files have these texts."""
    for path, text in texts.items():
        server.open(root / path, "python", text)
    found: Counter[tuple[str, str]] = Counter()
    for path in paths:
        document = {"textDocument": {"uri": (root / path).as_uri()}}
        report = server.request("textDocument/diagnostic", document) or {}
        errors = [row for row in report.get("items", ()) if row.get("severity") == 1]
        found.update((path, str(row.get("code", "syntax"))) for row in errors)
    for path in texts:
        server.close(root / path)
    return found


def has_new_errors(server: LanguageServer, wish: WrittenRequest) -> bool:
    """Whether pyright's server finds an error that it did not find before the edit; it may be wrong."""
    texts = wish.edit.texts if wish.edit is not None else {}
    known = served_errors(server, wish.root, wish.before, wish.before)
    return bool(served_errors(server, wish.root, texts, wish.before) - known)


def batches(made: Sequence[WrittenRequest]) -> list[list[WrittenRequest]]:
    """Edits of one repository in groups whose files differ, so that one run of a checker sees many."""
    groups: list[list[WrittenRequest]] = []
    for wish in made:
        for group in groups:
            if not any(set(other.before) & set(wish.before) for other in group):
                group.append(wish)
                break
        else:
            groups.append([wish])
    return groups


def new_errors(
    servers: Path, group: Sequence[WrittenRequest], known: Counter[tuple[str, str]]
) -> dict[int, list[tuple[str, str]]]:
    """The errors that edits add, by the wish's number; of a group that adds some, each is looked at alone."""
    root = group[0].root
    for wish in group:
        for path, text in wish.edit.texts.items() if wish.edit is not None else ():
            (root / path).write_bytes(text.encode())
    found = error_counts(servers, root, sorted({path for wish in group for path in wish.before})) - known
    for wish in group:
        for path, text in wish.before.items():
            (root / path).write_bytes(text.encode())
    if not found:
        return {}
    if len(group) == 1:
        return {group[0].sample.number: sorted(found)}
    parts = [new_errors(servers, [wish], known) for wish in group]
    return {number: errors for part in parts for number, errors in part.items()}


def server_texts(server: LanguageServer, made: WrittenRequest) -> dict[str, str] | None:
    """The files as the server's rename makes them; `None` if it refuses."""
    assert made.edit is not None
    found = re.search(r"`(\S+)` of (\S+):(\d+) to `(\S+)`", made.edit.reading)
    if found is None:
        return None
    old, place, number, new = found.groups()
    path = made.root / place
    line = path.read_text(encoding="utf-8").splitlines()[int(number) - 1]
    column = next(at.start() for at in re.finditer(rf"\b{re.escape(old)}\b", line))
    position = {"line": int(number) - 1, "character": column}
    document = {"uri": path.as_uri()}
    # What is not open a server may not have read yet: it would leave these files out.
    opened = {path, *(made.root / name for name in dict(made.edit.texts))}
    for file in opened:
        server.open(
            file,
            "python" if file.suffix == ".py" else "typescript" if file.suffix == ".ts" else "javascript",
        )
    answer = server.request(
        "textDocument/rename", {"textDocument": document, "position": position, "newName": new}
    )
    for file in opened:
        server.close(file)
    if not isinstance(answer, dict):
        return None
    edits: dict[str, list[Any]] = dict(answer.get("changes", {}))
    for change in answer.get("documentChanges", []):
        edits.setdefault(change["textDocument"]["uri"], []).extend(change["edits"])
    return {
        uri.removeprefix(made.root.as_uri() + "/"): _apply(made.root, uri, own)
        for uri, own in edits.items()
        if own
    }


def _apply(root: Path, uri: str, edits: list[Any]) -> str:
    """A file with a server's edits, none of which has more than one line."""
    lines = (root / uri.removeprefix(root.as_uri() + "/")).read_text(encoding="utf-8").split("\n")
    for edit in sorted(edits, key=lambda row: row["range"]["start"]["character"], reverse=True):
        start, end = edit["range"]["start"], edit["range"]["end"]
        line = lines[start["line"]]
        lines[start["line"]] = line[: start["character"]] + edit["newText"] + line[end["character"] :]
    return "\n".join(lines)
