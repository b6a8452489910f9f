"""Tasks from what people wrote about code: a docstring or heading is a question, its place the answer."""

import re
from collections.abc import Iterator, Mapping

from assist_context.code.symbols import symbols
from assist_context.documents import split_lines
from assist_context.languages import is_page
from assist_context.pages import page_lines, sections
from assist_context.relations.counterparts import is_test
from assist_evaluation.mining.sampling import at_most_per, spread, task_id
from assist_evaluation.mining.sources import MinedRepository, is_source, language_at
from assist_evaluation.tasks import EvalTask, TaskTexts

READ_FILES = 200  # files whose docstrings and headings are looked at
DOC_WORDS = range(6, 40)  # of a docstring's first sentence that says something
HEADING_WORDS = range(3, 14)
PER_FILE = 2

_HOSTING = re.compile(  # pages that a hosting site reads, such as templates of issues
    r"(?:^|/)\.(?:github|gitlab|gitea|circleci|azure-pipelines)/|(?:^|/)(?:ISSUE|PULL_REQUEST|DISCUSSION)_TEMPLATE"
)
_CODE = re.compile(r"[={};]")  # a comment with these is code that was switched off
_SENTENCE = re.compile(r"(.+?[.!?])(?:\s|$)")


def question_tasks(
    repository: MinedRepository, files: Mapping[str, int], count: int, seed: int
) -> list[EvalTask]:
    """At most `count` questions whose answer is a definition or a section of a page, half of each."""
    code = [path for path, size in files.items() if is_source(path, size) and not is_test(path)]
    pages = [
        path for path, size in files.items() if is_page(path) and size < 300_000 and not _HOSTING.search(path)
    ]
    found: list[EvalTask] = []
    for kind, paths in (("code", code), ("pages", pages)):
        order = list(spread(sorted(paths), lambda path: language_at(path).name, seed, "prose", kind))
        allowed = repository.filter_allowed(order[:READ_FILES])
        texts = repository.texts(allowed)
        read = [task for path in allowed for task in _tasks(repository.commit, path, texts.get(path, ""))]
        drawn = spread(read, lambda each: each.language, seed, "questions", kind)
        found += list(at_most_per(drawn, lambda each: each.path, PER_FILE))[: count // 2]
    return list(spread(found, lambda each: each.stratum, seed, "questions"))


def _tasks(commit: str, path: str, text: str) -> Iterator[EvalTask]:
    language = language_at(path)
    if is_page(path):
        for section in sections(language.markup, page_lines(path, split_lines(text))):
            if len(section.name.split()) in HEADING_WORDS:
                name = task_id("questions", commit, path, section.qualified)
                line = section.start_line
                yield EvalTask(
                    name, "questions", commit, "", path, language.name, line, line, stratum="page",
                    name=section.qualified,
                )  # fmt: skip
        return
    for definition in symbols(language, text).definitions:
        sentence = first_sentence(definition.doc)
        if sentence[:1].isalpha() and not _CODE.search(sentence) and len(sentence.split()) in DOC_WORDS:
            name = task_id("questions", commit, path, definition.qualified)
            yield EvalTask(
                name, "questions", commit, "", path, language.name,
                definition.start_line, definition.end_line,
                name=definition.qualified,
            )  # fmt: skip


def first_sentence(text: str) -> str:
    """The first sentence of a paragraph.

    >>> first_sentence("Adds one. Fast.")
    'Adds one.'
    """
    found = _SENTENCE.match(text)
    return found[1] if found else text


def question_texts(task: EvalTask, text: str) -> TaskTexts:
    """The texts of a question: its words, and the file without them. The right answer is the file's path."""
    language = language_at(task.path)
    lines = split_lines(text)
    if task.stratum == "page":
        heading = lines[task.first - 1]
        bare = heading.replace(task.name.rpartition(" > ")[2], "Section")
        words = task.name.rpartition(" > ")[2]
        masked = [*lines[: task.first - 1], bare if bare != heading else "\n", *lines[task.first :]]
        return TaskTexts("".join(masked), "", task.path, words=words)
    doc = next(
        (
            definition.doc
            for definition in symbols(language, text).definitions
            if definition.qualified == task.name
        ),
        "",
    )
    return TaskTexts(_without(list(lines), task, doc), "", task.path, words=first_sentence(doc))


def _without(lines: list[str], task: EvalTask, doc: str) -> str:
    """The file with the words of a comment or a docstring taken out of the lines that have them."""
    words = doc.split()
    kept = list(lines)
    top = max(0, task.first - 40)  # a comment may be above the definition
    for at in range(top, min(task.last, len(kept))):
        own = re.sub(r"^[\s/*#!\"'-]+|[\s*/\"']+$", "", kept[at])
        if own and len(own.split()) > 1 and " ".join(own.split()) in doc:
            kept[at] = kept[at].replace(own, "")
    return "".join(kept) if words else "".join(lines)
