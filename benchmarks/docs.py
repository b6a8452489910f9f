"""Pages of documentation: does the index find the page that answers a question?

The questions are the headings of the pages themselves, each with the page it is from, and a file of questions
that people wrote, such as `bench/documents/pytest.toml`. Pages are ranked as for a question of a user. The
figure is the mean reciprocal rank (MRR) of the right page among the first ten. No model is needed.

With `--handbook`, a handbook of ten pages is a folder of documentation next to the repository, and 20
questions are asked that only it answers: is its page the first source? The written questions about the
repository are then asked with it and without it.

With `--how-to`, people who use one of nine projects ask how something is done
(`bench/documents/how_to.toml`): is the answer in the first piece of evidence, in any, and in the lines that
are quoted before a model's words?
"""

import argparse
import random
import re
import shutil
import sys
import tempfile
import tomllib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from assist_context.documents import split_lines
from assist_context.evidence.for_question import gather_evidence
from assist_context.evidence.intent import is_chronicle, read_intent
from assist_context.evidence.quotes import said_by_page
from assist_context.evidence.search_results import ranked_pages
from assist_context.index.reader import IndexReader
from assist_context.languages import language_of
from assist_context.pages import page_lines, sections
from assist_context.retrieval.corpus import Corpus
from assist_evaluation.statistics import paired_bootstrap
from bench.index.index import IndexFailed, running_indexer
from bench.provenance import layout, provenance, write

DEEP = 10  # pages per question; lower ranks count as not found
LEAST_WORDS = 2  # a heading of one word is no question
TOKENS = 700  # of evidence, about as many as the model on this machine is shown
HOW_TO = Path(__file__).parent / "bench" / "documents" / "how_to.toml"
HANDBOOK = Path(__file__).parent / "bench" / "documents" / "handbook.toml"
EXAMPLES = """
examples:
  docs.py ~/src/pytest --questions benchmarks/bench/documents/pytest.toml
  docs.py ~/src/httpx --headings 100
  docs.py ~/src --headings 0 --handbook
  docs.py ~/src/httpx --headings 0 --how-to
"""


@dataclass(frozen=True, slots=True)
class PageQuestion:
    """A question, and the pages that answer it."""

    text: str
    pages: frozenset[str]


def heading_questions(corpus: Corpus, most: int, seed: int) -> list[PageQuestion]:
    """Draw headings that only one section has. Pages that tell what changed give none."""
    found: list[PageQuestion] = []
    for path in sorted(corpus.files().paths):
        markup = language_of(path).markup
        if not markup or is_chronicle(path):
            continue
        lines = page_lines(path, split_lines("".join(corpus.lines(path))))
        found += [PageQuestion(each.name, frozenset({path})) for each in sections(markup, lines)]
    times = Counter(each.text.lower() for each in found)
    once = [each for each in found if times[each.text.lower()] == 1 and len(each.text.split()) >= LEAST_WORDS]
    return random.Random(seed).sample(once, min(most, len(once)))


def written_questions(file: Path) -> list[PageQuestion]:
    """Read a file of questions; its pages are below its `folder`."""
    table = tomllib.loads(file.read_text(encoding="utf-8"))
    folder = table["folder"]
    return [
        PageQuestion(each["text"], frozenset(f"{folder}/{page}" for page in each["pages"]))
        for each in table["question"]
    ]


def reciprocal_rank(corpus: Corpus, question: PageQuestion) -> float:
    """Return 1 / rank of the first right page, or 0 if none of the first ten is right."""
    pieces = ranked_pages((corpus,), question.text, read_intent(question.text))
    pages = list(dict.fromkeys(each.hit.path for each in pieces))[:DEEP]
    return next((1 / rank for rank, page in enumerate(pages, 1) if page in question.pages), 0.0)


def sources(question: PageQuestion, corpus: Corpus, beside: Sequence[Corpus]) -> list[str]:
    """Return the paths of the evidence for a question, in the order in which they are shown."""
    found = gather_evidence(corpus, question.text, None, TOKENS, beside).snippets
    return list(dict.fromkeys(snippet.path for snippet in found))


def with_page(questions: Sequence[PageQuestion], found: Sequence[Sequence[str]]) -> int:
    """Return how many questions have one of their pages among what was found for them."""
    return sum(not asked.pages.isdisjoint(paths) for asked, paths in zip(questions, found, strict=True))


def beside_handbook(corpus: Corpus, own: Sequence[PageQuestion]) -> dict[str, Any]:
    """Return how often the handbook's page is first, and what its presence does to the repository's `own`."""
    asked = written_questions(HANDBOOK)
    with tempfile.TemporaryDirectory() as folder:  # its own folder, outside of this repository's rules
        copy = shutil.copytree(HANDBOOK.with_suffix(""), Path(folder, "handbook"))
        handbook = folder_corpus(copy, Path(folder, "handbook.sqlite"), "handbook")
        found = [sources(question, corpus, (handbook,)) for question in asked]
        next_to_it = [sources(question, corpus, (handbook,)) for question in own]
        handbook.reader.close()
    firsts = [paths[:1] for paths in found]
    return {
        "questions": len(asked),
        "files": len(corpus.files().paths),
        "first": with_page(asked, firsts),
        "found": with_page(asked, found),
        "not first": [
            question.text
            for question, paths in zip(asked, firsts, strict=True)
            if question.pages.isdisjoint(paths)
        ],
        "own": len(own),
        "own, alone": with_page(own, [sources(question, corpus, ()) for question in own]),
        "own, next to it": with_page(own, next_to_it),
        "handbook first": sum(paths[0].startswith("handbook/") for paths in next_to_it if paths),
    }


def handbook_words(found: dict[str, Any]) -> str:
    """Return what was found with the handbook, in a sentence or two."""
    words = (
        f"Of {found['questions']} questions about a handbook next to {found['files']:,} files, "
        f"{found['first']} have its page first among their sources, {found['found']} have it."
    )
    if not found["own"]:
        return words
    return (
        f"{words}\nOf {found['own']} questions about the repository, {found['own, alone']} have their page "
        f"among the sources, {found['own, next to it']} next to the handbook, whose pages are first for "
        f"{found['handbook first']}."
    )


def how_to(corpus: Corpus, project: str) -> dict[str, Any]:
    """Return how often evidence, and what is quoted of it, says how something is done."""
    found: dict[str, Any] = {"questions": 0, "first": 0, "shown": 0, "quoted": 0, "not first": []}
    for asked in tomllib.loads(HOW_TO.read_text(encoding="utf-8"))[project]:
        answer = re.compile(asked["answer"])
        snippets = gather_evidence(corpus, asked["text"], None, TOKENS).snippets
        has_it = [answer.search(snippet.text) is not None for snippet in snippets] or [False]
        own = split_lines(snippets[0].text.removeprefix(f"{snippets[0].name}\n\n")) if snippets else ()
        found["questions"] += 1
        found["first"] += has_it[0]
        found["shown"] += any(has_it)
        found["quoted"] += answer.search("\n".join(said_by_page(own))) is not None
        found["not first"] += [] if has_it[0] else [asked["text"]]
    return found


def how_to_words(found: dict[str, Any]) -> str:
    """Return what was found for such questions, in a sentence."""
    return (
        f"Of {found['questions']} questions how to do something, {found['first']} have the answer in "
        f"their first piece of evidence, {found['shown']} in any, {found['quoted']} in the "
        "lines that are quoted."
    )


def report(questions: Sequence[PageQuestion], ranks: Sequence[float], seed: int) -> dict[str, Any]:
    """Return MRR@10 with an interval that resamples pages, and the share of questions whose page is first."""
    groups = [min(each.pages) for each in questions]
    spread = paired_bootstrap(ranks, [0.0] * len(ranks), groups, seed)
    return {
        "questions": len(ranks),
        "mrr@10": round(sum(ranks) / len(ranks), 4),
        "mrr@10_95": [round(spread.low, 4), round(spread.high, 4)],
        "first": round(sum(each == 1 for each in ranks) / len(ranks), 4),
        "among ten": round(sum(each > 0 for each in ranks) / len(ranks), 4),
        "not first": [each.text for each, rank in zip(questions, ranks, strict=True) if rank < 1],
    }


def options_of(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, epilog=EXAMPLES, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("root", type=Path, metavar="FOLDER", help="a repository with documentation")
    add("--index", type=Path, metavar="FILE", help="where to put its index; default: next to the folder")
    add("--questions", type=Path, metavar="FILE.toml", help="questions that people wrote")
    add("--handbook", action="store_true", help="put our handbook next to it, and ask about that, too")
    add("--how-to", action="store_true", help="ask how to do something with the project of that name")
    add("--headings", type=int, default=300, help="how many headings to draw")
    add("--seed", type=int, default=1, help="seed for drawing headings and for the intervals")
    add("--out", type=Path, metavar="FILE.json")
    add("--json", action="store_true", help="print JSON instead of a table")
    return parser.parse_args(arguments)


def folder_corpus(root: Path, database: Path, name: str = "") -> Corpus:
    """Return a folder with its index brought up to date; with a name, as a folder of documentation."""
    try:
        with running_indexer(root, database) as (_, events):
            events.ready()
    except IndexFailed as error:
        sys.exit(f"docs.py: {error}")
    return Corpus(str(root), IndexReader(str(database)), name, pages=bool(name))


def main(arguments: Sequence[str] | None = None) -> None:
    options = options_of(arguments)
    root = options.root.expanduser().resolve()
    corpus = folder_corpus(root, options.index or root.with_name(f"{root.name}.assist.sqlite"))
    sets = {"headings": heading_questions(corpus, options.headings, options.seed)}
    if options.questions:
        sets["written"] = written_questions(options.questions)
    found: dict[str, Any] = {}
    for name, questions in sets.items():
        ranks = [reciprocal_rank(corpus, each) for each in questions]
        if ranks:
            found[name] = report(questions, ranks, options.seed)
    beside = beside_handbook(corpus, sets.get("written", [])) if options.handbook else {}
    asked = how_to(corpus, root.name) if options.how_to else {}
    header = provenance()
    if options.out:
        write(options.out, header, {"seed": options.seed, **found, "handbook": beside, "how to": asked})
    if options.json:
        print(layout({"provenance": header, **found, "handbook": beside, "how to": asked}))
        return
    print("| questions | MRR@10 (95 %) | first | among ten |\n|---|---|---|---|")
    for name, each in found.items():
        low, high = each["mrr@10_95"]
        start = f"| {each['questions']} {name} | {each['mrr@10']:.3f} ({low:.3f} to {high:.3f}) "
        print(f"{start}| {each['first']:.1%} | {each['among ten']:.1%} |")
    if beside:
        print(f"\n{handbook_words(beside)}")
    if asked:
        print(f"\n{how_to_words(asked)}")


if __name__ == "__main__":
    main()
