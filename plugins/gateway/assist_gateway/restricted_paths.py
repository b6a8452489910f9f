"""Which files of a folder a provider may not see, and by which rule: the same judgement as for questions.

A file is restricted if it is on the built-in list, if a rule file or git excludes it, if a setting denies it,
or if it has a data class that is not in the provider's `residency`. This module asks the rules and makes
none; it reads names, links and rule files, and no other content.
"""

import os
import stat
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field

from assist_context.files.exclusions import exclusions, why_excluded
from assist_context.files.git_repository import Git
from assist_context.files.path_names import INSTALLED_FOLDERS, VERSION_CONTROL
from assist_escalation.policy.permissions import Permissions
from assist_escalation.policy.verdict import judge, judge_ghost_text
from assist_escalation.prompts import Origin, Prompt, Span
from assist_server.questions.outbound_files import (
    SHOWING,
    FileRules,
    NamedFile,
    barred_files,
    find_aliases,
    list_names,
)

MAX_FILES = 200_000  # looked at in one folder, which takes about 0.5 s
_OF_FILES = ("built-in", "deny", "data_class", "unclassified", "place")  # not those about whole requests
RULE_FILE = ".assist.toml"
_SKIPPED = VERSION_CONTROL | INSTALLED_FOLDERS


@dataclass(frozen=True, slots=True)
class FileRule:
    """Why a file may not leave, in words that follow its path; `data_class` if its class is the reason."""

    words: str
    data_class: str = ""


@dataclass(frozen=True, slots=True)
class Audience:
    """Who would see a file, by which rules, and how git is asked about it.

    With `is_server` it is a server that writes ghost text, else a provider.
    """

    provider: str
    permissions: Permissions = field(repr=False)
    git: Git = field(repr=False)
    is_server: bool = False


@dataclass(frozen=True, slots=True)
class FolderTree:
    """The regular files below a folder and the folders on the way, relative to it, with "/".

    `complete`: the bound was not reached.
    """

    root: str
    files: tuple[str, ...] = field(repr=False)
    folders: tuple[str, ...] = field(repr=False)
    complete: bool = True


def folder_tree(root: str) -> FolderTree:
    """The files below a resolved folder, without those of installed packages and caches. No link counts."""
    files: list[str] = []
    folders = [""]
    for folder in folders:
        for entry in _entries(os.path.join(root, folder)):
            path = folder + entry.name
            if entry.is_dir(follow_symlinks=False):
                if entry.name not in _SKIPPED:
                    folders.append(path + "/")
            elif entry.is_file(follow_symlinks=False):
                files.append(path)
        if len(files) > MAX_FILES:
            return FolderTree(root, tuple(files[:MAX_FILES]), tuple(folders), complete=False)
    return FolderTree(root, tuple(files), tuple(folders))


def _entries(folder: str) -> list[os.DirEntry[str]]:
    try:
        return sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError:
        return []


def rule_folders(tree: FolderTree) -> tuple[str, ...]:
    """The folders in a tree that have settings of their own, which can only forbid."""
    return tuple(_folders_with(tree, RULE_FILE))


def _folders_with(tree: FolderTree, name: str) -> Iterator[str]:
    for path in tree.files:
        folder, _, last = path.rpartition("/")
        if last == name:
            yield os.path.join(tree.root, folder)


def restricted_paths(root: str, paths: Collection[str], audience: Audience) -> dict[str, FileRule]:
    """The rule that keeps each of the paths from the audience; those that it may see are left out.

    `paths` are relative to the resolved `root`, which is one of the permissions' roots.
    """
    excluded = exclusions(root, paths, audience.git)
    found: dict[str, FileRule] = {path: FileRule(why) for path, why in excluded.items()}
    for path in paths:
        if path not in found and (rule := _policy_rule(root, path, audience)) is not None:
            found[path] = rule
    return found


def missing_path_rule(root: str, path: str, audience: Audience) -> FileRule | None:
    """The rule that would keep a file which is not there, or not now; git is not asked about it."""
    why = why_excluded(root, path)
    return FileRule(why) if why else _policy_rule(root, path, audience)


def _policy_rule(root: str, path: str, audience: Audience) -> FileRule | None:
    prompt = Prompt("ask", (Span("", Origin("file", path, root)),))
    judged = judge_ghost_text if audience.is_server else judge
    against = judged(prompt, audience.permissions, audience.provider).objections
    first = next((one for one in against if one.rule in _OF_FILES), None)
    if first is None:
        return None
    if first.rule == "data_class":
        return FileRule(f"has the class {first.detail}, which {audience.provider} may not see", first.detail)
    never = first.words.find(" never leaves: ")  # after the path, in which a sign may be replaced
    return FileRule(first.words[never + 1 :] if never >= 0 else first.words.removeprefix(f"{path} "))


def stamp_of(path: str) -> tuple[int, int, int] | None:
    """What tells one state of a file or folder from another; None if there is no regular file or folder."""
    try:
        status = os.lstat(path)
    except (OSError, ValueError):
        return None
    if stat.S_ISDIR(status.st_mode) or stat.S_ISREG(status.st_mode):
        return (status.st_mtime_ns, status.st_size, status.st_ino)
    return None


@dataclass(frozen=True, slots=True)
class RuledFile:
    """A file of a folder as rules see it: why those about files bar it, in words or "", and all of its names.

    `spans` have no text; they are what the policy judges.
    """

    barred: str
    spans: tuple[Span, ...]


def rule_walk(
    root: str, paths: Collection[str], rules: FileRules, aliases: Mapping[str, str] | None = None
) -> dict[str, RuledFile]:
    """Files of a resolved folder, each by itself with all of its names, as rules about files see them now.

    `paths` are relative to it, with "/"; they need not exist. `aliases` are further names by which links led
    to some.
    """
    names = list_names({root: dict.fromkeys(paths)}, rules)
    names += [NamedFile(root, alias, (root, path)) for path, alias in (aliases or {}).items() if alias]
    barred = barred_files(names, (root,), rules)
    by_file: dict[str, list[NamedFile]] = {}
    for name in names:
        by_file.setdefault(name.file[1], []).append(name)
    return {
        path: RuledFile(
            barred.get((root, path), ""),
            (Span("", Origin("file", path, root)), *find_aliases(SHOWING, by_file[path], ()).spans),
        )
        for path in dict.fromkeys(paths)
    }
