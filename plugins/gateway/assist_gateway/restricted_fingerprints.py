"""The prints of a tool's folders: what a provider may not see, as the files are now.

A workspace is looked at again if something in it changed: its folders, rule files, restricted files and git's
index are asked for their times. Only what is new is judged and printed again. All of it is in memory and none
on the disk: a restart prints everything again.
"""

import operator
import os
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import CancelledError
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import chain

import numpy as np

from assist_context.files.git_repository import Git
from assist_context.files.gitignore import GIT, RULE_FILES
from assist_context.files.repository_top import folders_to_top
from assist_context.regular_files import read_regular
from assist_escalation.policy.permissions import Permissions
from assist_gateway.attribution import RestrictedFile, RestrictedFiles
from assist_gateway.claimed_files import JudgedPaths, claimed_file, path_ends, places_of
from assist_gateway.committed_texts import MAX_BYTES, CommittedFiles, committed_files, committed_texts
from assist_gateway.fingerprints.letters import letters_of
from assist_gateway.fingerprints.plain_views import plain_view
from assist_gateway.fingerprints.print_index import (
    join_short,
    news_of,
    print_index,
    short_hashes,
    without,
)
from assist_gateway.fingerprints.prints import (
    FilePrints,
    ShortHashes,
    all_hashes,
    file_prints,
    print_key,
    prints_without,
)
from assist_gateway.restricted_paths import (
    RULE_FILE,
    Audience,
    FileRule,
    FolderTree,
    folder_tree,
    restricted_paths,
    rule_folders,
    stamp_of,
)
from assist_server.config.config import Config
from assist_server.config.permissions import permissions_for
from assist_server.questions.secret_file_texts import get_text
from assist_server.workspace.git_access import make_git

MAX_RESTRICTED = 32_000_000  # bytes of restricted files that are printed; 17 MB take 5 s and 24 MB of memory
MAX_ALLOWED = 64_000_000  # bytes at the last commit that are compared; the rest does not count as allowed
_BUILT = frozenset({"target", "dist", "build", "out", "vendor", "coverage"})  # printed after all the others
_PORTION = 256_000  # bytes of small files that are hashed together
MAX_NEWS = 100  # changes of restricted files until all texts are compared with all of them once more
# Bytes of prints of lines that files had before: 2.5 MB of text, and 60 MB to compare.
MAX_EARLIER = 4_000_000
_ENTRY = 300  # bytes of two arrays and their places, apart from their numbers
_LONGEST_REST_S = 0.5
_RULES = frozenset((*RULE_FILES, GIT, RULE_FILE))

_FileInTree = tuple[str, str]  # a folder, and a path in it
_Stamp = tuple[int, int, int] | None
_Claims = dict[str, tuple[RestrictedFile | None, tuple[tuple[str, int], ...]]]


@dataclass(frozen=True, slots=True)
class _TreeState:
    """What a folder has on the disk and at its last commit."""

    tree: FolderTree
    committed: CommittedFiles

    def paths(self) -> dict[str, None]:
        return dict.fromkeys((*self.tree.files, *self.committed.blobs))


@dataclass(frozen=True, slots=True)
class _Look:
    """All folders as they were at one moment.

    `rules` are the states of everything that makes rules; `places` have settings of their own.
    """

    folders: tuple[_TreeState, ...]
    places: tuple[str, ...]
    rules: tuple[tuple[str, _Stamp], ...] = field(repr=False)


@dataclass(frozen=True, slots=True)
class _AllowedPortion:
    """What some contents of allowed files say: their ids, how many bytes they are, and their hashes."""

    blobs: frozenset[str]
    size: int
    hashes: ShortHashes = field(repr=False)


@dataclass(slots=True)
class _Judged:
    """What is known for one provider: a rule or None by file, and what allowed files say at the last commit.

    `claims` are paths as requests write them, judged for `claimed_in`, and where each led then.
    """

    look: _Look
    permissions: Permissions
    rules: dict[_FileInTree, FileRule | None] = field(default_factory=dict)
    allowed: list[_AllowedPortion] = field(default_factory=list)
    table: ShortHashes = field(default_factory=partial(join_short, ()))  # of all of these
    files: list[tuple[_FileInTree, FileRule]] = field(default_factory=list)
    prints: list[FilePrints] = field(default_factory=list)
    result: RestrictedFiles | None = None
    claimed_in: object = None
    claims: _Claims = field(default_factory=dict)


class WorkspacePrints:
    """The prints of some resolved folders; it belongs to one tool, and may be used by several threads."""

    def __init__(self, folders: Sequence[str], secret: bytes, most_earlier: int = MAX_EARLIER) -> None:
        self._folders = tuple(folders)
        self._key = print_key(secret)
        self._lock = threading.Lock()
        self._hurry = threading.Event()  # a request waits
        self._stopped: threading.Event | None = None  # of the work ahead, while that is under way
        self._rested = 0.0
        self._look: _Look | None = None
        self._stamps: dict[str, _Stamp] = {}
        self._prints: dict[_FileInTree, tuple[_Stamp, FilePrints]] = {}
        # What was read then is in conversations.
        self._earlier: deque[tuple[_FileInTree, FilePrints]] = deque()
        self._earlier_bytes = 0
        self._most_earlier = most_earlier
        self._old_prints: dict[str, FilePrints] = {}  # by the id of a content
        self._judged: dict[tuple[str, bool], _Judged] = {}

    def restricted_for(self, config: Config, provider: str, *, is_server: bool = False) -> RestrictedFiles:
        """What the provider, or the team's server of this name, may not see.

        It reads the disk; the first time takes seconds in a large one.
        """
        self._hurry.set()
        with self._lock:
            self._hurry.clear()
            return self._files_for(config, provider, is_server)

    def prefetch(self, config: Config, provider: str, stopped: threading.Event) -> None:
        """The same before a request wants it, in half of the time as long as none does.

        Raises `CancelledError` once it is stopped; what was printed until then is kept.
        """
        with self._lock:
            self._stopped = stopped
            self._rested = time.monotonic()
            try:
                self._files_for(config, provider, is_server=False)
            finally:
                self._stopped = None

    def _rest(self) -> None:
        """Work ahead rests as long as it worked, and goes on at once if a request waits for it."""
        if self._stopped is None:
            return
        if self._stopped.is_set():
            raise CancelledError
        self._hurry.wait(min(time.monotonic() - self._rested, _LONGEST_REST_S))
        self._rested = time.monotonic()

    def _files_for(self, config: Config, provider: str, is_server: bool) -> RestrictedFiles:
        git = make_git(config)
        look = self._now(git)
        permissions = permissions_for(config, self._folders, look.places)[0]
        judged = self._judged.get((provider, is_server))
        if judged is None or judged.permissions != permissions or judged.look.rules != look.rules:
            judged = _Judged(look, permissions)
            self._judged[provider, is_server] = judged
        if judged.result is None or judged.look is not look:
            judged.look = look
            judged.result = self._make(judged, Audience(provider, permissions, git, is_server))
        claims = list(judged.claims.items())  # threads may add others
        if any(places_of(path, self._folders) != places for path, (_, places) in claims):
            judged.claims.clear()
            judged.result = replace(judged.result)  # another one, so that all texts are judged again
        return judged.result

    def _now(self, git: Git) -> _Look:
        """The folders as they are: the last look, if nothing that was looked at has changed since."""
        if self._look is None or any(stamp_of(path) != stamp for path, stamp in self._stamps.items()):
            states = tuple(
                _TreeState(folder_tree(root), committed_files(root, git)) for root in self._folders
            )
            rules = {path: stamp_of(path) for path in _rule_files(states)}
            self._stamps = {path: stamp_of(path) for path in _places(states)} | rules
            places = tuple(place for state in states for place in rule_folders(state.tree))
            self._look = _Look(states, places, tuple(rules.items()))
        return self._look

    def _make(self, judged: _Judged, audience: Audience) -> RestrictedFiles:
        for folder in judged.look.folders:
            root = folder.tree.root
            new = [path for path in folder.paths() if (root, path) not in judged.rules]
            found = restricted_paths(root, new, audience) if new else {}
            judged.rules |= {(root, path): found.get(path) for path in new}
        files, prints, whole = self._restrictions(judged)
        is_other, unlearned = self._compare(judged)
        same = files == judged.files and all(map(operator.is_, prints, judged.prints))
        if judged.result is not None and same and not is_other:
            return judged.result  # what is new is allowed: texts that were judged by it need not be again
        judged.files = files
        judged.prints = prints
        first = {file: number for number, (file, _) in reversed(list(enumerate(files)))}
        index = without(print_index(prints, [first[file] for file, _ in files]), [judged.table])
        restricted = tuple(RestrictedFile(path, rule) for (_, path), rule in files)
        there = [(folder.tree, folder.committed.blobs.keys()) for folder in judged.look.folders], set(files)
        if judged.claimed_in != there:  # else the same files have other contents, and a path means the same
            judged.claimed_in = there
            judged.claims = {}
        paths = JudgedPaths(self._folders, dict(judged.rules), path_ends(restricted), audience)
        judge = partial(claimed_file, judged=paths)
        complete = whole and all(folder.tree.complete for folder in judged.look.folders)
        made = RestrictedFiles(
            restricted,
            index,
            self._key,
            partial(_remember, judged.claims, judge, self._folders),
            "" if complete else f"restricted files of more than {MAX_RESTRICTED:,} bytes, or too many files",
        )
        if (old := judged.result) is None or len(old.news) >= MAX_NEWS:
            return made
        news = join_short([news_of(index, old.index), unlearned])
        return replace(made, news=(*old.news, news), strange=old.strange)

    def _restrictions(
        self, judged: _Judged
    ) -> tuple[list[tuple[_FileInTree, FileRule]], list[FilePrints], bool]:
        """The restricted files with their prints, one for each of a file's contents; are these all?"""
        files: list[tuple[_FileInTree, FileRule]] = []
        prints: list[FilePrints] = []
        room = MAX_RESTRICTED
        for folder in judged.look.folders:
            root = folder.tree.root
            on_disk = set(folder.tree.files)
            paths = folder.paths() | dict.fromkeys(path for top, path in self._prints if top == root)
            kept = [(path, rule) for path in paths if (rule := judged.rules.get((root, path))) is not None]
            for path, rule in sorted(kept, key=lambda item: _is_built(item[0])):
                contents = self._contents(folder, path, there=path in on_disk)
                room -= sum(len(one.runs) + len(one.pairs) for one in contents) * 4
                if room < 0:
                    return files, prints, False
                for one in contents:
                    files.append(((root, path), rule))
                    prints.append(one)
        for place, one in self._earlier:
            if (earlier_rule := judged.rules.get(place)) is not None:
                files.append((place, earlier_rule))
                prints.append(one)
        return files, prints, True

    def _contents(self, folder: _TreeState, path: str, *, there: bool) -> list[FilePrints]:
        """A file as it is on the disk or was there last, and at the last commit."""
        place = (folder.tree.root, path)
        if there:
            contents = [self._print(*place)]
        else:
            contents = [self._prints[place][1]] if place in self._prints else []
        if blob := folder.committed.blobs.get(path):
            contents.append(self._print_committed(folder.committed, blob))
        return contents

    def _print(self, root: str, path: str) -> FilePrints:
        full = os.path.join(root, path)
        stamp = stamp_of(full)
        self._stamps[full] = stamp
        known = self._prints.get((root, path))
        if known is None or known[0] != stamp:
            self._rest()
            new = file_prints(letters_of(plain_view(_read(full))), self._key)
            if known is not None:
                self._keep_earlier((root, path), prints_without(known[1], new))
            known = (stamp, new)
            self._prints[root, path] = known
        return known[1]

    def _keep_earlier(self, place: _FileInTree, gone: FilePrints) -> None:
        """Remember what a file said that it no longer says, and let go what was said longest ago."""
        if not len(gone.pairs) + len(gone.runs) + len(gone.lines.heads):
            return
        self._earlier.append((place, gone))
        self._earlier_bytes += _size(gone)
        while self._earlier_bytes > self._most_earlier:
            self._earlier_bytes -= _size(self._earlier.popleft()[1])

    def _print_committed(self, committed: CommittedFiles, blob: str) -> FilePrints:
        if blob not in self._old_prints:
            self._rest()
            for _, content in committed_texts(committed, [blob]):
                self._old_prints[blob] = file_prints(letters_of(plain_view(content)), self._key)
        return self._old_prints.get(blob) or file_prints(letters_of(b""), self._key)

    def _compare(self, judged: _Judged) -> tuple[bool, ShortHashes]:
        """Makes the table of what allowed files say at the last commit, and nothing else.

        Returns whether it is another one, and the hashes that it no longer has. Of a portion with a content
        that no allowed file has any more, what remains is read again.
        """
        wanted: dict[str, CommittedFiles] = {}
        for folder in judged.look.folders:
            for path, blob in folder.committed.blobs.items():
                if judged.rules[folder.tree.root, path] is None:
                    wanted.setdefault(blob, folder.committed)
        kept = [one for one in judged.allowed if one.blobs <= wanted.keys()]
        gone = [one.hashes for one in judged.allowed if not one.blobs <= wanted.keys()]
        known = frozenset().union(*(one.blobs for one in kept))
        texts = chain.from_iterable(
            committed_texts(
                folder.committed,
                [blob for blob, files in wanted.items() if files is folder.committed and blob not in known],
            )
            for folder in judged.look.folders
        )
        room = MAX_ALLOWED - sum(one.size for one in kept)
        new = [
            _AllowedPortion(blobs, len(text), self._hashes(text)) for blobs, text in _portions(texts, room)
        ]
        if not (new or gone):
            return False, join_short(())
        judged.allowed = [*kept, *new]
        judged.table = join_short([one.hashes for one in judged.allowed])
        return True, np.setdiff1d(join_short(gone), judged.table, assume_unique=True)

    def _hashes(self, text: bytes) -> ShortHashes:
        self._rest()
        return short_hashes(all_hashes(letters_of(plain_view(text)), self._key))


def _remember(
    known: _Claims, judge: Callable[[str], RestrictedFile | None], folders: Sequence[str], path: str
) -> RestrictedFile | None:
    claim = known.get(path)
    if claim is None:
        places = places_of(path, folders)  # before, so that a change meanwhile is noticed
        claim = (judge(path), places)
        known[path] = claim
    return claim[0]


def _size(prints: FilePrints) -> int:
    return prints.pairs.nbytes + prints.runs.nbytes + 3 * prints.lines.heads.nbytes + _ENTRY


def _is_built(path: str) -> bool:
    return not _BUILT.isdisjoint(path.split("/")[:-1])


def _places(states: Sequence[_TreeState]) -> Iterator[str]:
    """What shows by its time that a file is new or gone, or that there is another commit."""
    for state in states:
        yield from (os.path.join(state.tree.root, folder) for folder in state.tree.folders)
        if (tree := state.committed.tree) is not None and tree.index:
            git = os.path.dirname(tree.index)
            yield from (tree.index, os.path.join(git, "HEAD"), os.path.join(git, "logs", "HEAD"))


def _rule_files(states: Sequence[_TreeState]) -> Iterator[str]:
    for state in states:
        for above in folders_to_top(state.tree.root)[1:]:
            yield from (os.path.join(above, name) for name in sorted(_RULES))
        for path in state.tree.files:
            if path.rpartition("/")[2].lower() in _RULES:
                yield os.path.join(state.tree.root, path)
        if (tree := state.committed.tree) is not None and tree.index:
            yield os.path.join(os.path.dirname(tree.index), "info", "exclude")


def _read(path: str) -> bytes:
    """The beginning of a text file in UTF-8; nothing of a binary one, or of one that cannot be read.

    One of another encoding is read as that of western Europe.
    """
    try:
        data = read_regular(path, MAX_BYTES)
    except OSError:
        return b""
    if b"\0" in data[:8_192] or data[:1] in b"\xff\xfe":
        return get_text(data).encode()
    try:
        data.decode()
    except UnicodeDecodeError as error:
        if error.start < len(data) - 3:  # else the end was cut within a character
            return data.decode("cp1252", errors="replace").encode()  # as editors show it
    return data


def _portions(texts: Iterator[tuple[str, bytes]], room: int) -> Iterator[tuple[frozenset[str], bytes]]:
    """Contents in larger pieces with their ids, since each array costs more than its numbers.

    Binary ones say nothing, and neither do those for which there is no room in all of the pieces, in bytes.
    """
    blobs: list[str] = []
    portion: list[bytes] = []
    size = 0
    for blob, text in texts:
        blobs.append(blob)
        if b"\0" in text[:8_192] or len(text) > room:
            continue
        room -= len(text)
        portion.append(text)
        size += len(text)
        if size > _PORTION:
            yield frozenset(blobs), b"\n".join(portion)
            blobs = []
            portion = []
            size = 0
    if blobs:
        yield frozenset(blobs), b"\n".join(portion)
