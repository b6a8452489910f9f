"""What outlines of installed libraries cost, and whether code that works would be refused for them.

    python benchmarks/libraries.py FOLDER [--files 30] [--seed 1]

The folder is a project whose dependencies are installed (`.venv` or `node_modules`), and is left as it is.
Some of its files count as open. Printed are the processor seconds of the indexer with and without what these
import, the packages and bytes, and of all accesses to members in these files: how many have a receiver of a
library, of how many the members are known, and which of these would be refuted. All of them exist, if the
project works.
"""

import argparse
import os
import random
import resource
import tempfile
import time
from collections import Counter
from dataclasses import replace
from pathlib import Path

from assist_completion.display.member_accesses import find_accesses
from assist_context.documents import Document
from assist_context.languages import language_of
from assist_context.retrieval.corpus import Corpus
from assist_server.config.config import Config, load
from assist_server.workspace.folder_index import open_corpus
from assist_server.workspace.folders import WorkspaceFolder
from assist_server.workspace.index_update import open_folder, update_index
from assist_server.workspace.members import library_document, library_folder
from assist_types.libraries.installed_libraries import InstalledLibraries
from assist_types.types.accesses import receiver_types
from assist_types.types.declarations import TypedText, text_of
from assist_types.types.lookup import TypeLookup
from assist_types.types.words import words_of

SUFFIXES = (".py", ".ts", ".tsx", ".js", ".mjs", ".go")
LONGEST = 200_000  # characters of a file


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    arguments.add_argument("folder", type=Path)
    arguments.add_argument("--files", type=int, default=30)
    arguments.add_argument("--seed", type=int, default=1)
    options = arguments.parse_args()
    root = options.folder.resolve()
    with tempfile.TemporaryDirectory() as data:
        config = load()
        config = replace(config, paths=replace(config.paths, data=Path(data)))
        folder = open_folder(config, root)
        measure(config, folder, ())
        corpus = open_corpus(folder)
        paths = [path for path in corpus.files().paths if path.endswith(SUFFIXES) and ".d." not in path]
        chosen = random.Random(options.seed).sample(sorted(paths), min(options.files, len(paths)))
        again = measure(config, folder, ())
        made = measure(config, folder, [str(root / path) for path in chosen])
        found = library_document(config)
        print(f"{len(chosen)} files open; {found['packages']} packages, {found['bytes']:,} bytes on the disk")
        print(f"processor seconds: {made[0] - again[0]:.1f} in {made[1] - again[1]:.1f} s of the clock")
        once_more = measure(config, folder, [str(root / path) for path in chosen])
        print(f"processor seconds when all is outlined: {once_more[0] - again[0]:.1f}")
        print(
            f"most memory of one process: {resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss >> 10} MB"
        )
        judge(corpus, folder, InstalledLibraries(str(library_folder(config)), config.environments), chosen)


def measure(config: Config, folder: WorkspaceFolder, importing: list[str] | tuple[()]) -> tuple[float, float]:
    """Processor seconds and seconds of an update of the index."""
    began = time.monotonic()
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    update_index(config, folder, lambda *_: None, importing)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    spent = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return spent, time.monotonic() - began


def judge(corpus: Corpus, folder: WorkspaceFolder, libraries: InstalledLibraries, paths: list[str]) -> None:
    """Prints what is known of the accesses in some files."""
    lookup = TypeLookup(corpus, libraries)
    counts: Counter[str] = Counter()
    refuted = []
    for path in paths:
        language = language_of(path)
        text = text_of(path, Document(path, tuple(corpus.lines(path)), language))
        if text.root is None or text.root.has_error or len(text.parsed.document.text) > LONGEST:
            continue
        libraries.look_from(os.path.join(folder.root, path), folder.root, language)
        lookup.texts.begin(text)
        for line, receiver, member, verdict in verdicts(lookup, text):
            counts[verdict] += 1
            refuted += [f"{path}:{line}: {receiver}.{member}"] if verdict == "refuted" else []
    print(dict(counts), *refuted[:40], sep="\n")


def verdicts(lookup: TypeLookup, text: TypedText) -> "list[tuple[int, str, str, str]]":
    """(line, receiver, member, what is known) of each access in a text."""
    code = text.parsed.document.text
    found = []
    for receiver, member, first, _ in find_accesses(code, text.parsed.document.language.name):
        at = len(code[:first].encode())
        dot = len(code[: code.rfind(".", 0, first)].encode())  # one may end a sentence in a comment
        if any(text.parsed.kind(place, place + 1) != "code" for place in (at, dot)):
            continue
        kinds = receiver_types(lookup, text, at, receiver)
        of_library = any(kind.kind.startswith("outside") and kind.path != "builtins" for kind in kinds)
        members = lookup.members(kinds)
        verdict = "not of a library"
        if of_library:
            verdict = "known" if members.whole else "of a library, unknown"
        if of_library and members.whole and member not in members.names:
            private = words_of(text.family).members.fullmatch(member)
            verdict = "known" if private else "refuted"
        found.append((code[:first].count("\n") + 1, receiver, member, verdict))
    return found


if __name__ == "__main__":
    main()
