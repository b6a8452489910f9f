"""The facts of a file, in a real, indexed folder."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from indexing import corpus_of

from assist_context.code.imports import Import
from assist_context.facts.file_facts import file_facts
from assist_context.index.reader import IndexReader
from assist_context.retrieval.corpus import Corpus


class CountingCorpus(Corpus):
    """Counts how often the imports of a file are looked up."""

    def __init__(self, root: str, reader: IndexReader) -> None:
        super().__init__(root, reader)
        self.asked: Counter[str] = Counter()

    def imports(self, path: str) -> Sequence[Import]:
        self.asked[path] += 1
        return super().imports(path)


def test_the_imports_of_a_file_are_looked_up_once_for_all_parts_of_another(tmp_path: Path) -> None:
    names = [f"part_{number}" for number in range(20)]
    texts = {"parts.py": "".join(f"def {name}():\n    return 1\n\n\n" for name in names)}
    calls = "".join(f"    {name}()\n" for name in names)
    texts |= {
        f"m{number}.py": f"from parts import {', '.join(names)}\n\n\ndef run():\n{calls}" for number in (1, 2)
    }
    known = corpus_of(tmp_path, texts)
    corpus = CountingCorpus(known.root, known.reader)
    found = file_facts(corpus, "parts.py")
    assert (found.lines, found.part_count, [part.users for part in found.parts]) == (80, 20, [2] * 20)
    assert found.importers == ("m1.py", "m2.py")
    assert max(corpus.asked[path] for path in ("m1.py", "m2.py")) <= 2, (
        "once for the uses, once for importers"
    )


def test_a_function_with_overloads_is_one_definition(tmp_path: Path) -> None:
    overloads = "export function one(of: string): string;\nexport function one(of: number): number;\n"
    text = f"{overloads}export function one(of: unknown): unknown {{ return of; }}\nexport const two = 2;\n"
    found = file_facts(corpus_of(tmp_path, {"a.ts": text}), "a.ts")
    named = [(part.definition.name, part.definition.start_line) for part in found.parts]
    assert (found.part_count, named) == (2, [("one", 1), ("two", 4)])
