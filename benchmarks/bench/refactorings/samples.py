"""The wishes of `wishes.toml` with the edits that the product makes, in clones of their repositories."""

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

from assist_context.code.symbols import symbols
from assist_context.documents import Document, split_lines
from assist_context.evidence.call_graph import TargetLines
from assist_context.languages import language_of
from assist_context.retrieval.corpus import Corpus, OpenFile
from assist_refactorings.code_texts import WishedCode
from assist_refactorings.making import wished_edit
from assist_refactorings.reading import read_wish
from assist_server.questions.computed_edits import RefactoringEdit, RefactoringProblem
from bench.facts.workspaces import FactWorkspace, workspace_of


@dataclass(frozen=True, slots=True)
class SampleRequest:
    """One wish of the data. `plant` is the text before a change that is made first, and the one after it.

    `place` is its number among those of its kind.
    """

    number: int
    repository: str
    target: str
    words: str
    kind: str
    place: int
    plant: tuple[str, ...] = ()

    @property
    def is_held_out(self) -> bool:
        return self.place % 2 == 1


@dataclass(frozen=True, slots=True)
class WrittenRequest:
    """What became of a wish: an edit or a reason. `before` are the texts of the files that it changes."""

    sample: SampleRequest
    root: Path
    is_read: bool
    edit: RefactoringEdit | None
    before: dict[str, str]
    reason: str = ""


def read_samples() -> tuple[list[SampleRequest], list[str]]:
    """The wishes, and the words that are none."""
    table: dict[str, Any] = tomllib.loads((files(__package__) / "wishes.toml").read_text(encoding="utf-8"))
    rows: list[SampleRequest] = []
    for row in table["wishes"]:
        kind = row["kind"]
        place = sum(other.kind == kind for other in rows)
        plant = tuple(row.get("plant", ()))
        rows.append(
            SampleRequest(len(rows), row["repository"], row["target"], row["words"], kind, place, plant)
        )
    return rows, list(table["others"]["words"])


def make_wishes(samples: list[SampleRequest], repositories: Path, data: Path) -> Iterator[WrittenRequest]:
    """The edits of all wishes."""
    workspaces: dict[str, FactWorkspace] = {}
    for sample in samples:
        if sample.repository not in workspaces:
            workspaces[sample.repository] = workspace_of(repositories / sample.repository, data)
        workspace = workspaces[sample.repository]
        corpus = workspace.corpus
        corpus.set_open({})
        path = sample.target.partition(":")[0]
        if sample.plant:
            text = "".join(corpus.lines(path))
            if sample.plant[0] not in text:
                raise ValueError(f"nothing to plant in {sample.target}")
            document = Document(path, split_lines(text.replace(*sample.plant, 1)), language_of(path))
            corpus.set_open({path: OpenFile(document, symbols(document.language, document.text))})
        found = wished_edit(corpus, code_of(corpus, sample.target), sample.words)
        edit = found if isinstance(found, RefactoringEdit) else None
        reason = found.reason if isinstance(found, RefactoringProblem) else ""
        before = {other: "".join(corpus.lines(other)) for other in edit.texts} if edit is not None else {}
        yield WrittenRequest(
            sample, workspace.root, read_wish(sample.words) is not None, edit, before, reason
        )


def code_of(corpus: Corpus, target: str) -> WishedCode:
    """The code that a target means; the first definition of a name."""
    path, _, name = target.partition(":")
    if not name:
        return WishedCode(TargetLines(path, 1, len(corpus.lines(path))))
    sites = [site for site in corpus.outline(path) if name in (site.name, site.qualified)]
    if not sites:
        raise ValueError(f"there is no {target}")
    return WishedCode(TargetLines(path, sites[0].start_line, sites[0].end_line), sites[0].qualified)
