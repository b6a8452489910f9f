"""Ghost text at a place, as `assist lsp` makes it: its engine, its settings, the index, and its look-ups.

It knows no judge.
"""

import asyncio
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from assist_completion.display.line_policy import choose_shape
from assist_completion.display.refutation import find_mentions, first_refuted, list_names
from assist_completion.display.show_gate import cut_refuted
from assist_completion.engine.engine import LOOK_UP, Engine, make_site
from assist_completion.suggestion import CompletionRequest, Suggestion
from assist_context.documents import Cursor, Document, Snippet, TextNames, gather, split_lines
from assist_server.config.config import Config
from assist_server.workspace.folder_search import FolderSearch
from assist_server.workspace.index_update import open_folder, update_index
from assist_server.workspace.members import make_oracles
from bench.checkers.faults import link_installed
from bench.places.commits import Place, check_out

WARMED = 20.0  # seconds at most to read a full head


@dataclass(slots=True)
class LookUps:
    """The look-ups of names for one text. Each gets its answer, however long that takes."""

    refuted: list[str] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def late(self) -> bool:
        """Whether the engine would have gone on without the answer."""
        return self.seconds > LOOK_UP

    def note(self, refuted: TextNames, seconds: float) -> None:
        self.seconds = max(self.seconds, seconds)
        for kind in TextNames.__slots__:
            self.refuted += [f"{kind} {_name(found)}" for found in getattr(refuted, kind)]


def _name(found: object) -> str:
    return found if isinstance(found, str) else str(getattr(found, "member", found))


@contextmanager
def index_of(root: Path, config: Config, importing: Sequence[str]) -> Iterator[FolderSearch]:
    """The index of a folder and of what some files import, made for this run."""
    with tempfile.TemporaryDirectory() as data:
        here = replace(config, paths=replace(config.paths, data=Path(data)))
        own = open_folder(here, root)
        update_index(here, own, lambda *_: None, importing)
        search = FolderSearch(own, make_oracles(here))
        try:
            yield search
        finally:
            search.close()


@contextmanager
def workspace(
    folder: Path, config: Config, drawn: Sequence[Place], commit: str = ""
) -> Iterator[tuple[Path, FolderSearch]]:
    """A folder, or a repository before its commits, indexed with what the files of places import.

    With `commit`, the repository as it was at that one.
    """
    with tempfile.TemporaryDirectory() as temporary:
        root = folder
        if (folder / ".git").exists() or (folder / "HEAD").exists():  # a clone, bare or not
            root = Path(temporary, folder.name)
            root.mkdir()
            check_out(folder, root, commit)
            link_installed(folder, root)
        importing = list(dict.fromkeys(str(root / place.path) for place in drawn))
        with index_of(root, config, importing) as search:
            yield root, search


@dataclass(frozen=True, slots=True)
class Question:
    """A place as the engine and the index see it. `named` is None if the folder does not hold its file."""

    search: FolderSearch
    document: Document
    cursor: Cursor
    named: Document | None

    @property
    def shown(self) -> Document:
        """The document under its name in a prompt."""
        return self.named or self.document

    def refute(self, names: TextNames, look_ups: LookUps | None = None) -> TextNames:
        """The names with which a text cannot be right here."""
        start = time.perf_counter()
        refuted = self.search.refute(self.shown, self.cursor, names) if self.named else TextNames()
        if look_ups is not None:
            look_ups.note(refuted, time.perf_counter() - start)
        return refuted


@dataclass(frozen=True, slots=True)
class Asker:
    """Asks at places of a folder."""

    search: FolderSearch
    root: Path

    async def ask(
        self,
        engine: Engine,
        place: Place,
        look_ups: LookUps | None = None,
        *,
        warm: bool = False,
    ) -> Suggestion:
        """The suggestion at a place, as after a pause in typing. Without `look_ups` no name is looked up."""
        question = self.question(place)
        snippets = self.snippets(question, engine.snippet_tokens)
        context = gather(question.shown, question.cursor, snippets)
        if warm:
            read = engine.prewarm(context, full=True)
            if read is not None:
                await asyncio.wait_for(asyncio.wrap_future(read), WARMED)

        async def refute(names: TextNames) -> TextNames:
            return question.refute(names, look_ups)

        look_up = refute if look_ups is not None else None
        return await engine.complete(CompletionRequest(context, immediate=True, refute=look_up))

    def check(self, place: Place, given: Suggestion, look_ups: LookUps) -> Suggestion:
        """What is left of a suggestion after its names are looked up, without another from the model."""
        question = self.question(place)
        site = make_site(gather(question.shown, question.cursor))
        mentions = find_mentions(site, given.text)
        names = list_names(mentions)
        found = first_refuted(mentions, question.refute(names, look_ups)) if given.shown and names else None
        shape = choose_shape(site, manual=False, after_accept=False)
        return given if found is None else cut_refuted(site, shape, given, found.at)

    def snippets(self, question: Question, tokens: int) -> tuple[Snippet, ...]:
        """What the index has for a question."""
        named = question.named
        return self.search.snippets(named, question.cursor, tokens) if named else ()

    def question(self, place: Place) -> Question:
        """A place as the engine and the index see it."""
        lines = split_lines(place.before + place.after)
        document = Document(str(self.root / place.path), lines, place.language)
        column = len(place.before) - place.before.rfind("\n") - 1
        cursor = Cursor(place.before.count("\n"), column)
        return Question(self.search, document, cursor, self.search.set_prompt_path(document))
