"""The search of the product, asked for the place that words are about.

The words are taken out of a copy of the files before it is indexed, or each question would find itself.
"""

import asyncio
import os
import time
from collections.abc import Mapping
from pathlib import Path

from assist_context.evidence.for_question import gather_evidence
from assist_context.retrieval.corpus import Corpus
from assist_evaluation.answers import EvalAnswer
from assist_evaluation.tasks import EvalTask, TaskTexts
from assist_server.config.config import Config
from assist_server.questions.draft import FRONTIER_TOKENS
from assist_server.workspace.folder_index import open_corpus
from assist_server.workspace.index_update import open_folder, update_index


class SearchCandidate:
    """Owns the index of a copy of the files, in which the questions' own words are missing."""

    def __init__(self, config: Config, copy: Path, masked: Mapping[str, str]) -> None:
        self._config = config
        self._copy = copy
        self._masked = masked
        self._corpus: Corpus | None = None

    async def open(self) -> None:
        """Index the copy; what is indexed already is not read again."""
        self._corpus = await asyncio.to_thread(self._index)

    def _index(self) -> Corpus:
        top = self._copy.resolve()
        for path, text in self._masked.items():
            place = self._copy / path
            if place.is_file() and not place.is_symlink() and place.resolve().is_relative_to(top):
                place.write_bytes(text.encode("utf-8", "surrogateescape"))
        folder = open_folder(self._config, self._copy)
        update_index(self._config, folder, lambda *_: None)
        return open_corpus(folder)

    async def answer(self, _: EvalTask, texts: TaskTexts) -> EvalAnswer:
        """The files of the evidence for the question, the best first."""
        if self._corpus is None:
            raise RuntimeError("the search is not open")
        start = time.perf_counter()
        found = await asyncio.to_thread(gather_evidence, self._corpus, texts.words, None, FRONTIER_TOKENS)
        places = tuple(dict.fromkeys(snippet.path.replace(os.sep, "/") for snippet in found.snippets))
        ms = 1e3 * (time.perf_counter() - start)
        return EvalAnswer(places=places, reason="" if places else "nothing was found", ms=ms)

    async def close(self) -> None:
        """Close the index."""
        if self._corpus is not None:
            self._corpus.reader.close()
        self._corpus = None
