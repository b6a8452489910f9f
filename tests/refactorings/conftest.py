"""Wishes for small workspaces, whose only file is open over an empty index."""

from collections.abc import Mapping
from pathlib import Path

import pytest
from indexing import corpus_of
from wished_workspaces import Answered, Refused, Wished

from assist_context.code.symbols import symbols
from assist_context.documents import Document, split_lines
from assist_context.evidence.call_graph import TargetLines
from assist_context.index.reader import IndexReader
from assist_context.languages import language_of
from assist_context.retrieval.corpus import Corpus, OpenFile
from assist_refactorings.code_texts import WishedCode
from assist_refactorings.making import wished_edit
from assist_server.questions.computed_edits import RefactoringEdit, RefactoringProblem


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("wished") / "w"
    corpus_of(root, {"empty.py": ""}).reader.close()
    return root


@pytest.fixture
def answered(empty: Path, tmp_path: Path) -> Answered:
    """What becomes of a wish. Several files get an index of their own, which takes half a second."""

    def make(
        texts: Mapping[str, str], target: str, words: str
    ) -> RefactoringEdit | RefactoringProblem | None:
        several = len(texts) > 1
        corpus = corpus_of(tmp_path / "w", texts) if several else _with_open(empty, texts)
        path, _, name = target.partition(":")
        lines = TargetLines(path, 1, len(corpus.lines(path)))
        for site in corpus.outline(path):
            if name and site.qualified == name:
                lines = TargetLines(path, site.start_line, site.end_line)
        try:
            return wished_edit(corpus, WishedCode(lines, name), words)
        finally:
            corpus.reader.close()

    return make


@pytest.fixture
def wished(answered: Answered) -> Wished:
    """The edit of a wish; `None` for one that a model is asked, or that cannot be made."""

    def make(texts: Mapping[str, str], target: str, words: str) -> RefactoringEdit | None:
        found = answered(texts, target, words)
        return found if isinstance(found, RefactoringEdit) else None

    return make


@pytest.fixture
def refused(answered: Answered) -> Refused:
    """Why a wish that was understood cannot be made; "" if it can, or if a model is asked."""

    def make(texts: Mapping[str, str], target: str, words: str) -> str:
        found = answered(texts, target, words)
        return found.reason if isinstance(found, RefactoringProblem) else ""

    return make


def _with_open(root: Path, texts: Mapping[str, str]) -> Corpus:
    corpus = Corpus(str(root), IndexReader(f"{root}.sqlite"))
    opened = {path: Document(path, split_lines(text), language_of(path)) for path, text in texts.items()}
    corpus.set_open(
        {path: OpenFile(text, symbols(text.language, text.text)) for path, text in opened.items()}
    )
    return corpus
