"""The door to git: what a work tree says of the files below one directory. Nothing it calls writes.

It runs `git` with a list of arguments, a time limit and no terminal, and takes away what could start
another program or reach the network: hooks, fsmonitor, filters, lazy fetches, every protocol. It opens no
file of the tree and knows no ignore rules but that git has its own. Like `discover`, and unlike the rest
of the package, it does IO.
"""

import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

Stop = Callable[[], bool]

_TICK = 0.05  # seconds between two looks at `stop`; what git answers is taken at once

_OPTIONS = (
    "--no-optional-locks", "--no-pager",
    "-c", "core.fsmonitor=false", "-c", "core.quotepath=off", "-c", f"core.hooksPath={os.devnull}",
    "-c", "submodule.recurse=false", "-c", "protocol.allow=never",
)  # fmt: skip
_VARIABLES = {
    "LC_ALL": "C",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_ASKPASS": "",
    "SSH_ASKPASS": "",
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_ALLOW_PROTOCOL": "none",
    "GIT_PAGER": "",
}
# A server started from a hook inherits GIT_DIR, GIT_INDEX_FILE and more, which name another repository.
_KEPT = {
    "GIT_CONFIG_GLOBAL",
    "GIT_CONFIG_SYSTEM",
    "GIT_CONFIG_NOSYSTEM",
    "GIT_EXEC_PATH",
    "GIT_CEILING_DIRECTORIES",
}


class Stopped(Exception):
    """The caller's `stop` said so. There is no partial result."""


class GitFailed(Exception):
    """git is missing, refused, or took too long: the caller lists the directory itself."""


@dataclass(frozen=True, slots=True)
class Git:
    """How git is called. `environ` is the user's: PATH finds git, HOME its ignore file and its trust."""

    environ: Mapping[str, str] = field(default_factory=dict)
    program: str = "git"
    timeout_s: float = 120.0


@dataclass(frozen=True, slots=True)
class GitTree:
    """A directory of a work tree. `prefix` is its place in it: "" at the top, else "a/b/"."""

    git: Git  # `program` is the full path, `environ` all that git gets
    directory: str
    prefix: str = ""
    algorithm: str = "sha1"
    index: str = ""


# A row of the index: tag, mode, blob, stage, and the path relative to the tree's directory. A plain tuple, as
# `re` makes it: 100,000 better ones take 0.1 s.
Tracked = tuple[str, str, str, str, str]

_RECORD = re.compile(r"(\S) (\d+) ([0-9a-f]+) (\d)\t([^\0]+)\0")  # of `ls-files -s -v -z`
LINK, SUBMODULE = "120000", "160000"  # other modes than those of files


def find_git(git: Git, workspace: str) -> Git | None:
    """`git` ready to be run, or None. Relative places of PATH, and the workspace, are not trusted."""
    names = (git.program, git.program + ".exe") if sys.platform == "win32" else (git.program,)
    inside = os.path.join(workspace, "")
    for place in git.environ.get("PATH", os.defpath).split(os.pathsep):
        if not os.path.isabs(place) or os.path.join(os.path.realpath(place), "").startswith(inside):
            continue
        for name in names:
            program = os.path.join(place, name)
            if os.path.isfile(program) and os.access(program, os.X_OK):
                kept = {
                    name: value
                    for name, value in git.environ.items()
                    if not name.startswith("GIT_") or name in _KEPT
                }
                return replace(git, program=program, environ=kept | _VARIABLES)
    return None


def open_tree(git: Git, directory: str, stop: Stop) -> GitTree:
    """The work tree that `directory` lies in, which must be resolved; raises GitFailed outside of one."""
    tree = GitTree(_without_filters(GitTree(git, directory), stop), directory)
    answer = _run(tree, stop, "rev-parse", "--is-inside-work-tree", "--show-object-format", "--show-prefix")
    inside, algorithm, prefix = answer.split(b"\n", 2)
    if inside != b"true":
        raise GitFailed("not in a work tree")
    index = _run(tree, stop, "rev-parse", "--git-path", "index")
    return replace(
        tree,
        prefix=os.fsdecode(prefix.removesuffix(b"\n")),
        algorithm=os.fsdecode(algorithm),
        index=os.path.join(directory, os.fsdecode(index.removesuffix(b"\n"))),
    )


def _without_filters(tree: GitTree, stop: Stop) -> Git:
    """`status` runs clean filters on files whose time changed: git-lfs, or whatever a config names.

    Empty commands are none. They come by variables, as a name may hold an equals sign.
    """
    try:
        listed = _run(tree, stop, "config", "--null", "--name-only", "--get-regexp", r"^filter\.")
    except GitFailed:  # also what git says where there is no filter
        return tree.git
    drivers = {os.fsdecode(name).rpartition(".")[0] for name in listed.split(b"\0") if name}
    settings = [
        (f"{driver}.{key}", value)
        for driver in sorted(drivers)
        for key, value in (("clean", ""), ("process", ""), ("required", "false"))
    ]
    variables = {"GIT_CONFIG_COUNT": str(len(settings))}
    for number, (name, value) in enumerate(settings):
        variables |= {f"GIT_CONFIG_KEY_{number}": name, f"GIT_CONFIG_VALUE_{number}": value}
    return replace(tree.git, environ={**tree.git.environ, **variables})


def index_stamp(tree: GitTree) -> tuple[int, ...]:
    """What changes when the index is written; empty without an index."""
    try:
        status = os.stat(tree.index)
    except OSError:
        return ()
    return status.st_ino, status.st_size, status.st_mtime_ns


def tracked(tree: GitTree, stop: Stop) -> list[Tracked]:
    """The index. Paths may repeat where there is a conflict."""
    # As a whole: record by record, decoding takes as long as all the rest, and splitting twice as long.
    return _RECORD.findall(os.fsdecode(_run(tree, stop, "ls-files", "-s", "-v", "-z")))


def is_compared(tag: str, stage: str) -> bool:
    """Whether git compares the file with the row: no conflict, skip-worktree or assume-unchanged."""
    return tag == "H" and stage == "0"


def changed(tree: GitTree, stop: Stop) -> set[str]:
    """Tracked paths that differ from the index or are gone."""
    answer = _run(
        tree, stop, "status", "--porcelain=v2", "-z", "--untracked-files=no", "--no-renames",
        "--ignore-submodules=all", "--", ".",
    )  # fmt: skip
    found = set()
    for record in _records(answer):
        # "1 XY sub mH mI mW hH hI path" or "u XY sub m1 m2 m3 mW h1 h2 h3 path"; Y is the work tree's side.
        fields = record.split(b" ", 10 if record[:1] == b"u" else 8)
        if record[:1] == b"u" or (record[:1] == b"1" and fields[1][1:] != b"."):
            found.add(os.fsdecode(fields[-1]).removeprefix(tree.prefix))
    return found


def untracked(tree: GitTree, stop: Stop) -> list[str]:
    """Files that git neither tracks nor ignores, and, with a slash at the end, repositories of their own."""
    answer = _run(tree, stop, "ls-files", "-o", "--exclude-standard", "-z")
    return [os.fsdecode(record) for record in _records(answer)]


def taken(tree: GitTree, paths: Sequence[str], stop: Stop) -> list[str]:
    """Those of the paths below the directory that git tracks, or neither tracks nor ignores."""
    answer = _run(
        tree, stop, "--literal-pathspecs", "ls-files", "-c", "-o", "--exclude-standard", "-z", "--", *paths
    )  # fmt: skip
    return [os.fsdecode(record) for record in _records(answer)]


def head(tree: GitTree, stop: Stop) -> str:
    """The id of the commit that is checked out; GitFailed where there is none yet."""
    return os.fsdecode(_run(tree, stop, "rev-parse", "--verify", "--quiet", "HEAD").strip())


def history(tree: GitTree, stop: Stop, count: int) -> list[list[str]]:
    """The paths that each of the last commits below the directory changed, newest commit first.

    All paths of a commit; those outside of the directory are "". No merges, and no commit without parent.
    """
    answer = _run(
        tree, stop, "-c", "log.showSignature=false", "log", f"-{count}", "--format=tformat://", "-z",
        "--name-only", "--min-parents=1", "--max-parents=1", "--no-renames", "--no-relative",
        "--no-ext-diff", "--ignore-submodules=all", "--no-follow", "--full-diff", "--", ".",
    )  # fmt: skip
    commits: list[list[str]] = []
    begins = False
    for record in _records(answer):
        if record == b"//":  # which no path is
            commits.append([])
        else:
            path = os.fsdecode(record.removeprefix(b"\n") if begins else record)
            inside = path.startswith(tree.prefix)
            commits[-1].append(path.removeprefix(tree.prefix) if inside else "")
        begins = record == b"//"
    return commits


def is_ignored(tree: GitTree, stop: Stop) -> bool:
    """Whether git ignores the directory itself: a project below a home that is a repository of dot files."""
    try:
        _run(tree, stop, "check-ignore", "--quiet", "--", ".")
    except GitFailed:
        return False
    return True


def _records(answer: bytes) -> list[bytes]:
    return answer.split(b"\0")[:-1]


def _run(tree: GitTree, stop: Stop, *arguments: str) -> bytes:
    """What git printed; GitFailed for any exit but 0."""
    if stop():
        raise Stopped
    try:
        process = subprocess.Popen(
            [tree.git.program, *_OPTIONS, *arguments],
            cwd=tree.directory,
            env=dict(tree.git.environ),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
        )
    except OSError as error:
        raise GitFailed(f"{tree.git.program}: {error}") from error
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
        raise GitFailed(f"git {arguments[0]} ended with {process.returncode}")
    return answer
