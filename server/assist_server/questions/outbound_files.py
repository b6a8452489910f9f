"""Files that a prompt shows, by all of their names, and the parts of it that may not leave today.

A file may have several names, by links; a rule about any of them counts. The rules are asked again at every
turn of a conversation, since they may have changed. Only pieces that no provider may see are left out:
what remains is judged whole by the gate, as if this module did not exist. It asks rules, and makes none.
"""

import os
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from assist_context.files.repository_top import find_top
from assist_escalation.prompts import Origin, Prompt, Span

if TYPE_CHECKING:
    from assist_escalation.gate.prepare import ProviderRequest
    from assist_server.threads.thread import Thread

FileInFolder = tuple[str, str]  # a folder, and a path in it
SHOWING = "ask"  # the kind of request that a text without a question counts as


@dataclass(frozen=True, slots=True)
class LeavingParts:
    """The spans that may leave, the files that are left out, and how many answers are."""

    spans: tuple[Span, ...]
    files: tuple[FileInFolder, ...] = ()
    answers: int = 0


def staying_reason(thread: "Thread | None", always_local: Sequence[str]) -> str:
    """Return why all of a conversation stays on this machine, in words, or "".

    What the user asked with --local, or what is always answered here, would else leave with a later question.
    """
    for turn in thread.turns if thread else ():
        if turn.stays:
            return "an earlier question of this conversation was limited to this machine"
        if turn.command in always_local:
            return f"this conversation contains an answer to {turn.command}, which is one of always_local"
    return ""


def list_origins(span: Span) -> tuple[Origin, ...]:
    """All origins of a span that are about a file: its own, and those that it derives from."""
    return tuple(origin for origin in (span.origin, *span.origin.derived) if origin.path)


def list_files(spans: Sequence[Span]) -> dict[str, dict[str, None]]:
    """The files that spans show or derive from, by their folders."""
    files: dict[str, dict[str, None]] = {}
    for origin in (origin for span in spans for origin in list_origins(span)):
        files.setdefault(origin.root, {})[origin.path] = None
    return files


def leaving_parts(spans: Sequence[Span], reasons: Collection[FileInFolder]) -> LeavingParts:
    """The spans without a barred file."""
    gone = [
        span for span in spans if any((origin.root, origin.path) in reasons for origin in list_origins(span))
    ]
    if not gone:
        return LeavingParts(tuple(spans))
    files = dict.fromkeys((span.origin.root, span.origin.path) for span in gone if span.origin.path)
    answers = sum(1 for span in gone if span.origin.source == "answer")
    return LeavingParts(tuple(span for span in spans if span not in gone), tuple(files), answers)


@dataclass(frozen=True, slots=True)
class FileRules:
    """The rules for files, asked with a folder and paths in it.

    `excluded` says why some may not leave, in words; `links` gives the further names that some have.
    """

    excluded: Callable[[str, Collection[str]], Mapping[str, str]]
    links: Callable[[str, Collection[str]], Mapping[str, str]]


@dataclass(frozen=True, slots=True)
class NamedFile:
    """One of the names of a file that a prompt shows; `file` is its folder, and its path there."""

    root: str
    name: str
    file: FileInFolder


def barred_files(
    names: Sequence[NamedFile], roots: Sequence[str], rules: FileRules
) -> dict[FileInFolder, str]:
    """Return why files may not leave: by any of their names, by the rules of any folder around them."""
    by_folder: dict[str, dict[str, list[NamedFile]]] = {}
    files: dict[FileInFolder, str] = {}
    for name in names:
        if name.file[0] not in roots:
            files[name.file] = f"{name.name} is not in a folder of this workspace"
        full = os.path.join(name.root, name.name)
        for root in dict.fromkeys((name.root, *roots)):
            if root == name.root:
                by_folder.setdefault(root, {}).setdefault(name.name, []).append(name)
            elif full.startswith(os.path.join(root, "")):
                by_folder.setdefault(root, {}).setdefault(_path_from(root, full), []).append(name)
    for root, inside in by_folder.items():
        for path, why in rules.excluded(root, tuple(inside)).items():
            files |= {name.file: f"{path} {why}" for name in inside[path]}
    return files


def list_names(files: Mapping[str, Collection[str]], rules: FileRules) -> list[NamedFile]:
    """All names of files, given by their folders. What has several, counts by each."""
    names = []
    for root, paths in files.items():
        names += [NamedFile(root, path, (root, path)) for path in paths]
        top = find_top(root) or root  # what git ignores may be next to the workspace's folder
        from_top = {path: _path_from(top, os.path.join(root, path)) for path in paths}
        links = rules.links(top, tuple(from_top.values()))
        for name, link in links.items():  # two of the paths may be names of the same file
            same = [path for path, inner in from_top.items() if links.get(inner, inner) == link]
            for other in (name, link):
                full = os.path.join(top, other)
                inside = full.startswith(os.path.join(root, ""))
                place = (root, _path_from(root, full)) if inside else (top, other)
                names += [NamedFile(*place, (root, path)) for path in same]
    return names


def _path_from(folder: str, full: str) -> str:
    return os.path.relpath(full, folder).replace(os.sep, "/")


def find_aliases(command: str, names: Sequence[NamedFile], reasons: Collection[FileInFolder]) -> Prompt:
    """The other names of files that are shown, as a prompt without text: rules about them count as well."""
    # Globs are about paths in the workspace.
    inside = [name for name in names if name.root == name.file[0] and name.file not in reasons]
    others = dict.fromkeys((name.name, name.root) for name in inside if name.name != name.file[1])
    return Prompt(command, tuple(Span("", Origin("file", path, root)) for path, root in others))


def rule_folders(spans: Sequence[Span]) -> tuple[str, ...]:
    """The folders between the files of a prompt and their roots, both included."""
    files: dict[str, None] = {}
    for origin in (origin for span in spans for origin in list_origins(span)):
        parents = PurePosixPath(origin.path).parents
        files |= dict.fromkeys(os.path.normpath(os.path.join(origin.root, parent)) for parent in parents)
    return tuple(files)


def withheld_files(
    request: "ProviderRequest", files: Mapping[FileInFolder, Sequence[Span]]
) -> dict[FileInFolder, str]:
    """Return why files are left out, by file: none if all may be sent, or if leaving them out does not help.

    `files` has the spans of each file that the request can do without; a span without text is one more name
    of the file. An earlier answer that derives from a file is left out with it. A request that would be left
    without any text of a file is not helped.
    """
    from assist_escalation.policy.verdict import judge  # noqa: PLC0415  (only if something may leave)

    prompt = request.prompt
    permissions = request.permissions
    providers = [request.provider] if request.provider else list(permissions.providers)
    if any(judge(prompt, permissions, name).allowed for name in providers):
        return {}
    for name in providers:
        verdicts = {
            file: judge(Prompt(prompt.command, tuple(spans)), permissions, name)
            for file, spans in files.items()
        }
        reasons = {file: verdict.reasons[0] for file, verdict in verdicts.items() if not verdict.allowed}
        gone = {span for file in reasons for span in files[file]}
        rest = tuple(span for span in prompt.spans if span not in gone and not _derives(span, reasons))
        helps = any(span.text and span.origin.source == "file" for span in rest)
        if helps and judge(Prompt(prompt.command, rest), permissions, name).allowed:
            return reasons
    return {}


def _derives(span: Span, files: Collection[FileInFolder]) -> bool:
    return any((origin.root, origin.path) in files for origin in span.origin.derived)
