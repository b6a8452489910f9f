"""A question as it was typed at the terminal, and the code that it is about: its folders, index and target.

It brings the index up to date where that is needed, and decides nothing about the answer. It loads nothing
that reads an index before that has begun.
"""

import atexit
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from assist_context.files.repository_top import find_top
from assist_server.cli.flags import Asking, directory, settings
from assist_server.cli.output import say, show_passing
from assist_server.cli.piped_input import NOTHING, PipedInput
from assist_server.config.config import Config
from assist_server.config.run_consent import RunRequest, may_run
from assist_server.errors import WRONG_USAGE, UserError
from assist_server.questions.locations import parse_target
from assist_server.threads.thread import Thread
from assist_server.workspace.folders import WorkspaceFolder, docs_folders, refuse_named_link
from assist_server.workspace.index_update import IndexProgress, IndexUpdate, update_index, working_folder

if TYPE_CHECKING:  # loaded while the index is brought up to date
    from assist_context.retrieval.corpus import Corpus
    from assist_server.questions.targets import QuestionFolders, QuestionTarget

OVERVIEW = "Give an overview of this folder: what it is for, its main parts, and how they work together."

_RUN_TESTS = ("test", "refactor", "fix")  # commands


@dataclass(frozen=True, slots=True)
class QuestionContext:
    """The context of a question: files and folders by name, and the conversation that it goes on with.

    That is `thread` itself, the one called `name`, or with `last` the last one of the workspace. `indexed`:
    the index was brought up to date for this question already. With `run`, the user agrees that the code in
    question is run; `test_command` is what tests it, and `expect` a call with the value that it should give.
    With `prose`, a small local model writes sentences too.
    """

    files: tuple[str, ...] = ()
    name: str = ""
    last: bool = False
    thread: Thread | None = None
    indexed: bool = False
    run: bool = False
    test_command: str = ""
    expect: str = ""
    prose: bool = False


NO_CONTEXT = QuestionContext()


@dataclass(frozen=True, slots=True)
class TerminalQuestion:
    """A question as it was typed.

    `index` says whether the index may be brought up to date for it, `users` that the answer needs who uses
    the code.
    """

    command: str
    target: str
    words: str
    piped: PipedInput = NOTHING
    context: QuestionContext = NO_CONTEXT
    index: bool = True
    users: bool = False


def set_folder_target(root: Path, asking: TerminalQuestion) -> TerminalQuestion:
    """A question whose target is a folder: that is explained by its outlines; other commands need a file."""
    is_folder = asking.target and os.path.isdir(_full_path(root, asking.target))
    if not is_folder or parse_target(asking.target).first:
        return asking
    if asking.command != "explain":
        raise UserError(
            f"{asking.target} is a folder: name the file, the lines or the symbol that `{asking.command}` is "
            f"for, as in {os.path.join(asking.target, 'app.py')}:12. "
            f"`assist explain {asking.target}` gives an overview.",
            WRONG_USAGE,
        )
    context = replace(asking.context, files=(asking.target, *asking.context.files))
    return replace(asking, target="", words=asking.words or OVERVIEW, context=context)


@dataclass(frozen=True, slots=True)
class AskedPlace:
    """The place of a question: its folder, its target as seen from there, and the folders to search.

    `asked` is the directory of the command. The `update` of the first folder's index is under way; None where
    it is not needed.
    """

    asked: Path
    root: Path
    target: str
    folders: tuple[WorkspaceFolder, ...]
    update: IndexUpdate | None = None


def place_of_question(config: Config, root: Path, question: TerminalQuestion) -> AskedPlace:
    """The place of a question. Its index is brought up to date while the caller loads the rest."""
    _refuse_stray_link(root, root, question.target)
    home = root
    root, target = _find_place(root, question.target)
    if root != home:
        say(
            f"assist: {_full_path(root, target)} is outside {home}: it is treated as a file of {root}, "
            "and the question is answered with the code there; the rules of both folders apply."
        )
    folder = working_folder(config, root)
    docs = docs_folders(config.context.docs, [folder], config.paths.data) if question.command == "ask" else ()
    place = AskedPlace(home, root, target, (folder, *docs))
    if not _needs_index(config, place, question):
        return place
    show_passing(f"indexing {folder.name}".rstrip())
    return replace(place, update=IndexUpdate(config, folder))


def _needs_index(config: Config, place: AskedPlace, question: TerminalQuestion) -> bool:
    """Say if it is about a symbol, a folder or the whole workspace: then the index must be up to date."""
    if not config.context.index or not question.index or question.context.indexed:
        return False
    by_index = any(os.path.isdir(_full_path(place.asked, name)) for name in question.context.files)
    is_file = place.target and os.path.exists(place.root / parse_target(place.target).path)
    users = question.users or bool(question.context.expect)
    return by_index or users or not is_file or _may_run_tests(config, place, question)


def _may_run_tests(config: Config, place: AskedPlace, question: TerminalQuestion) -> bool:
    """Say if tests of the code may run, which the index finds; a command for tests names them itself."""
    context = question.context
    if question.command not in _RUN_TESTS or context.test_command:
        return False
    verdict, _ = may_run(config, RunRequest(place.folders[0].root, (), True), is_agreed=context.run)
    return verdict == "yes" or (verdict == "ask" and question.command == "test")


@dataclass(frozen=True, slots=True)
class BegunQuestion:
    """A question at its place, with the settings that it is answered with."""

    config: Config
    asked: TerminalQuestion
    place: AskedPlace


def begin_question(asking: TerminalQuestion, flags: Asking) -> BegunQuestion:
    """Bring the index up to date for a question, from now on."""
    return _begin(settings(offline=flags.offline), asking, flags)


def _begin(config: Config, asking: TerminalQuestion, flags: Asking) -> BegunQuestion:
    return BegunQuestion(config, asking, place_of_question(config, directory(flags.workspace), asking))


def begin_facts(target: str, flags: Asking) -> BegunQuestion:
    """The same for the facts of a target, which may be a folder."""
    name = "" if os.path.isdir(_full_path(directory(flags.workspace), target)) else target
    config = _use_writable_data(settings(offline=flags.offline))
    return _begin(config, TerminalQuestion("explain", name, "", users=True), flags)


def _use_writable_data(config: Config) -> Config:
    """The settings, with data in a temporary folder until the process ends if their own is read-only."""
    data = config.paths.data
    with suppress(OSError):
        data.mkdir(parents=True, exist_ok=True, mode=0o700)
    if os.access(data, os.W_OK):
        return config
    temporary = tempfile.mkdtemp(prefix="assist-")
    atexit.register(shutil.rmtree, temporary, ignore_errors=True)
    say(f"assist: {data} cannot be written: the index is built for this command only.")
    return replace(config, paths=replace(config.paths, data=Path(temporary)))


@contextmanager
def folders_of_question(
    config: Config, place: AskedPlace, question: TerminalQuestion
) -> Iterator[tuple["QuestionFolders", "QuestionTarget | None"]]:
    """The folder of the question with its index, and the code that the question is about."""
    from assist_server.questions.instructions import EDITS  # noqa: PLC0415
    from assist_server.questions.targets import (  # noqa: PLC0415
        QuestionFolders,
        refuse_blank,
        refuse_other_encoding,
        resolve_target,
    )
    from assist_server.workspace.folder_index import open_corpus  # noqa: PLC0415
    from assist_server.workspace.members import make_oracles  # noqa: PLC0415

    folder, *docs = place.folders
    if place.update is not None:
        place.update.wait(_show_progress(folder))
        for pages in docs:
            try:
                bring_up_to_date(config, pages)
            except UserError as error:  # the question is about the workspace
                say(f"assist: {pages.root} is not searched: {error}")
        show_passing("looking for code that helps")
    target = place.target
    if target and not os.path.lexists(place.root / parse_target(target).path):
        _refuse_stray_link(Path(folder.root), place.asked, target)  # named from the indexed folder on
    with ExitStack() as stack:
        corpora = [open_corpus(searched) for searched in place.folders]
        for corpus in corpora:
            stack.callback(corpus.reader.close)
        resolved = resolve_target(corpora[0], _from_folder(place.root, folder, target)) if target else None
        if resolved is not None:
            refuse_blank(question.command, resolved)
            if question.command in EDITS:
                refuse_other_encoding(corpora[0].root, resolved)
        _refuse_no_code(question, corpora, has_index=place.update is not None)
        yield QuestionFolders(corpora[0], tuple(corpora[1:]), make_oracles(config)), resolved


def _refuse_no_code(question: TerminalQuestion, corpora: list["Corpus"], *, has_index: bool) -> None:
    """Raise `UserError` for a question about a folder without code: a model would make it up."""
    brings_text = question.target or question.piped.text or question.context != NO_CONTEXT
    if has_index and not brings_text and not any(corpus.reader.files() for corpus in corpora):
        raise UserError(
            f"{corpora[0].root} has no file to ask about: change to a project folder, or name one with "
            "--workspace. `assist index` lists what is left out."
        )


def bring_up_to_date(config: Config, folder: WorkspaceFolder) -> None:
    """Bring a folder's index up to date, and say on a terminal how far that is. Raises `UserError`."""
    show_passing(f"indexing {folder.name}".rstrip())
    update_index(config, folder, _show_progress(folder))


def _show_progress(folder: WorkspaceFolder) -> IndexProgress:
    what = f"indexing {folder.name}".rstrip()
    return lambda count, of: show_passing(f"{what}, {count:,} of {of:,} files")


def _refuse_stray_link(base: Path, workspace: Path, target: str) -> None:
    """Raise `UserError` for a target that a link out of its repository, or out of the workspace, leads to."""
    name = os.path.expanduser(parse_target(target).path) if target else ""
    refuse_named_link(base, name, [os.path.realpath(workspace)])


def _full_path(root: Path, target: str) -> str:
    """The path of a target as it is written, with links and "..", absolute."""
    return os.path.join(root, os.path.expanduser(parse_target(target).path))


def asking_folders(root: Path, asking: TerminalQuestion) -> list[str]:
    """The folders whose rules hold for the question: the workspace, and those that have what it names.

    If a link is named, that is another folder than the one of the file.
    """
    paths = [*([asking.target] if asking.target else []), *asking.context.files]
    return [str(root), *(os.path.dirname(_full_path(root, name)) for name in paths)]


def _find_place(root: Path, target: str) -> tuple[Path, str]:
    """The workspace and the target in it. A file outside of it is seen from the top of its own repository.

    Seen from its own folder, the rules that exclude all of this folder would not count.
    """
    path = Path(os.path.realpath(_full_path(root, target))) if target else root
    if not path.is_file() or path.is_relative_to(os.path.realpath(root)):
        return root, target
    lines = target.removeprefix(parse_target(target).path)
    return Path(find_top(str(path.parent)) or path.parent), _full_path(root, target) + lines


def _from_folder(root: Path, folder: WorkspaceFolder, target: str) -> str:
    """The target as seen from the indexed folder, which may be above the working directory."""
    path = parse_target(target).path
    real = os.path.realpath(root)
    return os.path.join(real, target) if (root / path).exists() and real != folder.root else target
