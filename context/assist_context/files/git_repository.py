"""The door to git: what a work tree says about the files below one directory. No command here writes.

It runs `git` with a list of arguments, limits of time and memory and no terminal, and disables everything
that could start another program or reach the network: hooks, fsmonitor, filters, lazy fetches, every
protocol. No setting changes the form of what is read. It opens no file of the tree, and leaves ignore rules
to git. Like the rest of `files`, it does IO.
"""

import os
import re
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from typing import IO

from assist_context.files.path_names import INSTALLED_FOLDERS, name_of_bytes
from assist_context.files.repository_top import outermost_top

if sys.platform == "linux":
    import resource

Stop = Callable[[], bool]

MAX_MEMORY = 2 << 30  # bytes that git may allocate, on Linux: a file without an end must not fill the memory
_ATTRIBUTES = "core.attributesfile"
_TICK = 0.05  # seconds between two checks of `stop`; git's output is read without delay

# Settings that start programs, read files that anyone may name, or change the form of what is read here.
_SETTINGS = {
    "core.bigFileThreshold": "64m",  # bytes of a file whose whole text git loads to compare it
    "core.fsmonitor": "false",
    "core.hooksPath": os.devnull,
    "core.quotepath": "off",
    "diff.interHunkContext": "0",
    "diff.orderFile": os.devnull,  # git does not run with an empty one
    "diff.renameLimit": "1000",
    "diff.suppressBlankEmpty": "false",
    "i18n.logOutputEncoding": "UTF-8",
    "log.showRoot": "true",
    "log.showSignature": "false",
    "mailmap.file": os.devnull,
    "protocol.allow": "never",
    "submodule.recurse": "false",
}
_OPTIONS = (
    "--no-optional-locks",
    "--no-pager",
    *(part for name, value in _SETTINGS.items() for part in ("-c", f"{name}={value}")),
)
_EXCLUDED = ("--exclude-standard", *(f"--exclude={name}/" for name in sorted(INSTALLED_FOLDERS)))
_VARIABLES = {
    "LC_ALL": "C", "GIT_OPTIONAL_LOCKS": "0", "GIT_TERMINAL_PROMPT": "0", "GIT_ASKPASS": "",
    "SSH_ASKPASS": "", "GIT_NO_LAZY_FETCH": "1", "GIT_ALLOW_PROTOCOL": "none", "GIT_PAGER": "",
}  # fmt: skip
# A server started from a hook inherits GIT_DIR, GIT_INDEX_FILE and more, which name another repository.
_KEPT = {
    "GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM", "GIT_CONFIG_NOSYSTEM", "GIT_EXEC_PATH",
    "GIT_CEILING_DIRECTORIES",
}  # fmt: skip
_APPLE_GIT = "/usr/bin/git"
_APPLE_TOOLS = (  # where the real one is, as far as it is installed
    "/Library/Developer/CommandLineTools", "/Applications/Xcode.app", "/var/db/xcode_select_link",
)  # fmt: skip


class Stopped(Exception):
    """The caller's `stop` returned true. There is no partial result."""


def never() -> bool:
    """A `Stop` for work that runs to its end."""
    return False


class GitFailed(Exception):
    """git is missing, refused, or took too long: the caller must list the directory itself.

    `code` is git's exit code, if it ended by itself.
    """

    def __init__(self, message: str, code: int | None = None) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True, slots=True)
class Git:
    """Parameters to call git.

    `environ` is the user's: PATH finds git, HOME its ignore file and its trusted directories.
    """

    environ: Mapping[str, str] = field(default_factory=dict)
    program: str = "git"
    timeout_s: float = 120.0


@dataclass(frozen=True, slots=True)
class GitTree:
    """A directory of a work tree. `prefix` is its path in the work tree: "" at the top, else "a/b/"."""

    git: Git  # `program` is the full path, `environ` all that git gets
    directory: str
    prefix: str = ""
    algorithm: str = "sha1"
    index: str = ""


# A row of git's index: tag, mode, blob, stage, and the path relative to the tree's directory. It is the plain
# tuple that `re` makes: 100,000 dataclasses would take 0.1 s more.
Tracked = tuple[str, str, str, str, str]

_RECORD = re.compile(r"(\S) (\d+) ([0-9a-f]+) (\d)\t([^\0]+)\0")  # of `ls-files -s -v -z`
NONE_IGNORED = 1  # the exit code of `check-ignore` for that
LINK, SUBMODULE = "120000", "160000"  # modes of entries that are no files


def find_git(git: Git, workspace: str) -> Git | None:
    """`git` ready to run, or None. No relative entry of PATH counts, and none in a repository around.

    Whoever wrote a repository could otherwise bring a `git` along.
    """
    names = (git.program, git.program + ".exe") if sys.platform == "win32" else (git.program,)
    inside = os.path.join(outermost_top(workspace) or workspace, "")
    for folder in git.environ.get("PATH", os.defpath).split(os.pathsep):
        if not os.path.isabs(folder) or os.path.join(os.path.realpath(folder), "").startswith(inside):
            continue
        for name in names:
            program = os.path.join(folder, name)
            if os.path.isfile(program) and os.access(program, os.X_OK) and not is_placeholder(program):
                environment = {
                    name: value
                    for name, value in git.environ.items()
                    if not name.startswith("GIT_") or name in _KEPT
                }
                return replace(git, program=program, environ=environment | _VARIABLES)
    return None


def is_placeholder(
    program: str, tools: Sequence[str] = _APPLE_TOOLS, *, macos: bool = sys.platform == "darwin"
) -> bool:
    """Say if macOS has a program in the place of git that only asks, in a window, to install the tools."""
    return macos and program == _APPLE_GIT and not any(map(os.path.exists, tools))


def open_tree(git: Git, directory: str, stop: Stop) -> GitTree:
    """The work tree that contains `directory`, a resolved path; raises GitFailed if there is none."""
    tree = GitTree(_disable_drivers(GitTree(git, directory), stop), directory)
    answer = run_git(
        tree, stop, "rev-parse", "--is-inside-work-tree", "--show-object-format", "--show-prefix"
    )
    inside, algorithm, prefix = answer.split(b"\n", 2)
    if inside != b"true":
        raise GitFailed("not in a work tree")
    index = run_git(tree, stop, "rev-parse", "--git-path", "index")
    return replace(
        tree,
        prefix=name_of_bytes(prefix.removesuffix(b"\n")),
        algorithm=name_of_bytes(algorithm),
        index=os.path.join(directory, name_of_bytes(index.removesuffix(b"\n"))),
    )


def _disable_drivers(tree: GitTree, stop: Stop) -> Git:
    """Disables what a repository's config may run or read for files: filters, and its own attributes file.

    `status` would run filters on changed files: git-lfs, or any program of a config; an empty command is no
    filter. An attributes file of the user's own holds, since it may say how lines end. The settings are
    passed by variables, because a name may contain "=".
    """
    pattern = r"^(filter\..*|core\.attributesfile)$"
    try:
        output = run_git(
            tree, stop, "config", "--null", "--show-scope", "--name-only", "--get-regexp", pattern
        )
    except GitFailed:  # git fails too if there is none
        return tree.git
    fields = [name_of_bytes(record) for record in split_records(output)]
    pairs = set(zip(fields[::2], fields[1::2], strict=True))  # of scopes and names
    drivers = {name.rpartition(".")[0] for _, name in pairs if name.startswith("filter.")}
    settings = [
        (f"{driver}.{key}", value)
        for driver in sorted(drivers)
        for key, value in (("clean", ""), ("process", ""), ("required", "false"))
    ]
    if {("local", _ATTRIBUTES), ("worktree", _ATTRIBUTES)} & pairs:
        settings.append((_ATTRIBUTES, os.devnull))
    variables = {"GIT_CONFIG_COUNT": str(len(settings))}
    for number, (name, value) in enumerate(settings):
        variables |= {f"GIT_CONFIG_KEY_{number}": name, f"GIT_CONFIG_VALUE_{number}": value}
    return replace(tree.git, environ={**tree.git.environ, **variables})


def index_stamp(tree: GitTree) -> tuple[int, ...]:
    """Changes when the index is written; empty without an index."""
    try:
        status = os.stat(tree.index)
    except OSError:
        return ()
    return status.st_ino, status.st_size, status.st_mtime_ns


def list_tracked(tree: GitTree, stop: Stop) -> list[Tracked]:
    """The rows of the index. A path may repeat if there is a conflict."""
    # Decoded as a whole: record by record, decoding takes as long as all the rest, and splitting twice as
    # long.
    return _RECORD.findall(name_of_bytes(run_git(tree, stop, "ls-files", "-s", "-v", "-z")))


def is_compared(tag: str, stage: str) -> bool:
    """Say if git compares the file with the row: there is no conflict, skip-worktree or assume-unchanged."""
    return tag == "H" and stage == "0"


def list_changed(tree: GitTree, stop: Stop) -> set[str]:
    """Tracked paths that are gone or differ from the index."""
    answer = run_git(
        tree, stop, "status", "--porcelain=v2", "-z", "--untracked-files=no", "--no-renames",
        "--ignore-submodules=all", "--", ".",
    )  # fmt: skip
    entries = set()
    for record in split_records(answer):
        # "1 XY sub mH mI mW hH hI path" or "u XY sub m1 m2 m3 mW h1 h2 h3 path"; Y is the work tree's side.
        fields = record.split(b" ", 10 if record[:1] == b"u" else 8)
        if record[:1] == b"u" or (record[:1] == b"1" and fields[1][1:] != b"."):
            entries.add(name_of_bytes(fields[-1]).removeprefix(tree.prefix))
    return entries


def list_untracked(tree: GitTree, stop: Stop) -> list[str]:
    """Files that git neither tracks nor ignores; repositories inside the tree end with a slash.

    Those in `INSTALLED_FOLDERS` are left out, as if git ignored them.
    """
    answer = run_git(tree, stop, "ls-files", "-o", *_EXCLUDED, "-z")
    return [name_of_bytes(record) for record in split_records(answer)]


def filter_known(tree: GitTree, paths: Sequence[str], stop: Stop) -> list[str]:
    """Return which of the paths git tracks, or neither tracks nor ignores, as `list_untracked` does."""
    answer = run_git(
        tree, stop, "--literal-pathspecs", "ls-files", "-c", "-o", *_EXCLUDED, "-z", "--", *paths
    )  # fmt: skip
    return [name_of_bytes(record) for record in split_records(answer)]


def head(tree: GitTree, stop: Stop) -> str:
    """The id of the commit that is checked out; raises GitFailed if there is none yet."""
    return name_of_bytes(run_git(tree, stop, "rev-parse", "--verify", "--quiet", "HEAD").strip())


def is_commit(tree: GitTree, stop: Stop, revision: str) -> bool:
    """Return whether a revision names a commit, or a tag of one, and no other object."""
    if revision.startswith("-"):
        return False
    try:
        run_git(tree, stop, "rev-parse", "--verify", "--quiet", f"{revision}^{{commit}}")
    except GitFailed:
        return False
    return True


# A row of a commit: mode, blob, size in bytes (0 for a submodule), and the path relative to the directory.
Committed = tuple[str, str, int, str]


def list_commit(tree: GitTree, stop: Stop, revision: str) -> list[Committed]:
    """The files, links and submodules of a commit below the directory; raises GitFailed without it."""
    if not is_commit(tree, stop, revision):
        raise GitFailed(f"{revision} is not a commit")
    entries = []
    for record in split_records(run_git(tree, stop, "ls-tree", "-r", "-l", "-z", revision)):
        facts, _, path = record.partition(b"\t")
        mode, _, blob, size = facts.decode("ascii").split()
        entries.append((mode, blob, 0 if size == "-" else int(size), name_of_bytes(path)))
    return entries


def read_blobs(tree: GitTree, stop: Stop, blobs: Sequence[str]) -> list[bytes]:
    """The contents of blobs as they are stored, in order: no filter and no attribute of a file changes them.

    Raises GitFailed if one is missing, as in a partial clone.
    """
    answer = run_git(tree, stop, "cat-file", "--batch", data="".join(f"{blob}\n" for blob in blobs).encode())
    entries = []
    at = 0
    for blob in blobs:
        end = answer.find(b"\n", at)
        size = answer[at:end].rpartition(b" ")[2]  # "ID blob SIZE", or "ID missing"
        if not size.isdigit():
            raise GitFailed(f"{blob} is not in this clone")
        at = end + 1 + int(size)
        entries.append(answer[end + 1 : at])
        at += 1
    return entries


_PLAIN_DIFF = (
    "diff", "--no-color", "--no-ext-diff", "--no-textconv", "--ignore-submodules=dirty", "--submodule=short",
)  # fmt: skip
_DIFF = (*_PLAIN_DIFF, "--no-renames", "--relative", "--src-prefix=a/", "--dst-prefix=b/")


def changed_lines(tree: GitTree, stop: Stop, *revisions: str) -> list[tuple[str, int, int]]:
    """Paths of a diff in the directory, with the lines that were added and removed.

    The counts are -1 for what git calls binary: by its contents, or because `.gitattributes` says so.
    `revisions` may also be `--cached`. Raises GitFailed if git does not know them.
    """
    entries = []
    for record in split_records(run_git(tree, stop, *_DIFF, "--numstat", "-z", *revisions, "--")):
        plus, minus, path = record.split(b"\t", 2)
        binary = plus == b"-"
        entries.append((name_of_bytes(path), -1 if binary else int(plus), -1 if binary else int(minus)))
    return entries


def read_diff(tree: GitTree, path: str, around: int, most: int, *revisions: str) -> str:
    """The diff of one file with so many lines around each change, as git prints it; its first `most` bytes.

    `.gitattributes` do not count. Of a deleted file there is only the head. Bytes that are not UTF-8 become
    U+FFFD.
    """
    options = ("--text", f"--unified={around}", "--irreversible-delete")
    answer = _read_start(tree, most, "--literal-pathspecs", *_DIFF, *options, *revisions, "--", path)
    return answer.decode("utf-8", "replace")


@dataclass(frozen=True, slots=True)
class OldFile:
    """A file as it was before a diff. `path` and `now` begin at the work tree's top.

    `now` is where half of its text or more is found after the diff, "" if that is nowhere else.
    """

    path: str
    blob: str
    now: str = ""


def old_files(tree: GitTree, stop: Stop, *revisions: str) -> list[OldFile]:
    """The files of the whole work tree that a diff changes, deletes, moves or copies.

    Of more than 1,000 new files, only those that are moved without any change are found.
    """
    similar = ("--no-relative", "-B", "-M50%", "-C50%", "-l1000")
    raw = ("--raw", "--no-abbrev", "-z")
    records = iter(split_records(run_git(tree, stop, *_PLAIN_DIFF, *similar, *raw, *revisions, "--")))
    entries = []
    for facts in records:  # ":OLD-MODE NEW-MODE OLD-BLOB NEW-BLOB STATE", and one path or two
        mode, _, blob, _, state = name_of_bytes(facts).split(" ")
        path = name_of_bytes(next(records))
        now = name_of_bytes(next(records)) if state[0] in "RC" else ""
        if state[0] != "A" and mode != f":{SUBMODULE}":
            entries.append(OldFile(path, blob, now))
    return entries


def messages(tree: GitTree, stop: Stop, count: int) -> list[str]:
    """The messages of the last commits that are not merges, newest first; none if there is no commit."""
    log = ("log", f"-{count}", "--no-merges", "-z", "--format=%B")
    try:
        answer = run_git(tree, stop, *log)
    except GitFailed:
        return []
    return [part.strip() for part in answer.decode("utf-8", "replace").split("\0") if part.strip()]


def is_ignored(tree: GitTree, stop: Stop) -> bool:
    """Say if git ignores the directory itself, such as a project in a home folder under version control.

    What is installed counts as ignored.
    """
    if not INSTALLED_FOLDERS.isdisjoint(tree.prefix.split("/")):
        return True
    try:
        run_git(tree, stop, "check-ignore", "--quiet", "--", ".")
    except GitFailed:
        return False
    return True


def filter_ignored(tree: GitTree, paths: Sequence[str], stop: Stop) -> set[str]:
    """List the paths that git ignores, by any of its files, the user's own included. Tracked ones are not."""
    data = b"".join(b"./" + os.fsencode(path) + b"\0" for path in paths)  # a colon in front has a meaning
    try:
        answer = run_git(tree, stop, "check-ignore", "--stdin", "-z", data=data)
    except GitFailed as error:
        if error.code == NONE_IGNORED:
            return set()
        raise
    return {name_of_bytes(record).removeprefix("./") for record in split_records(answer)}


def split_records(answer: bytes) -> list[bytes]:
    """The records of an answer in which each one ends with a NUL."""
    return answer.split(b"\0")[:-1]


def run_git(tree: GitTree, stop: Stop, *arguments: str, data: bytes | None = None) -> bytes:
    """The output of git, which reads `data`; raises GitFailed for any exit code but 0.

    It is public for `git_history`, and for what mines commits.
    """
    if stop():
        raise Stopped
    with _readable(data) as source:
        process = _start(tree, source, arguments)
    deadline = time.monotonic() + tree.git.timeout_s
    with process:
        while True:
            try:
                answer, _ = process.communicate(timeout=_TICK)
                break
            except subprocess.TimeoutExpired:
                if stop():
                    process.kill()
                    raise Stopped from None
                if time.monotonic() > deadline:
                    process.kill()
                    raise GitFailed(f"git {arguments[0]} took over {tree.git.timeout_s:.0f} s") from None
    if process.returncode:
        raise GitFailed(f"git {arguments[0]} ended with {process.returncode}", process.returncode)
    return answer


def _read_start(tree: GitTree, most: int, *arguments: str) -> bytes:
    """The first `most` bytes of git's output; git is ended after them, or when its time is over."""
    with _start(tree, subprocess.DEVNULL, arguments) as process:
        timer = threading.Timer(tree.git.timeout_s, process.kill)
        timer.start()
        try:
            return process.stdout.read(most) if process.stdout is not None else b""
        finally:
            timer.cancel()
            process.kill()


def _start(tree: GitTree, source: IO[bytes] | int, arguments: Sequence[str]) -> subprocess.Popen[bytes]:
    try:
        process = subprocess.Popen(
            [tree.git.program, *_OPTIONS, *arguments],
            cwd=tree.directory,
            env=dict(tree.git.environ),
            stdin=source,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
        )
    except OSError as error:
        raise GitFailed(f"{tree.git.program}: {error}") from error
    if sys.platform == "linux":
        with suppress(OSError):  # it has ended already
            resource.prlimit(process.pid, resource.RLIMIT_DATA, (MAX_MEMORY, MAX_MEMORY))
    return process


@contextmanager
def _readable(data: bytes | None) -> Iterator[IO[bytes] | int]:
    """Yield what a process reads: a file, since `communicate` loses what it has not written in its time."""
    if data is None:
        yield subprocess.DEVNULL
        return
    with tempfile.TemporaryFile() as file:
        file.write(data)
        file.seek(0)
        yield file
