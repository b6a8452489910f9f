"""The texts that a wished edit looks at and changes: files of a corpus, parsed once, and changes in bytes.

It knows where a name may be; what the name means there is for others.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import tree_sitter

from assist_context.code.names.occurrences import NameReader
from assist_context.code.trees.parsed_text import ByteEdit, ParsedText
from assist_context.documents import Document
from assist_context.evidence.call_graph import TargetLines
from assist_context.evidence.import_paths import ImportWays
from assist_context.index.terms import terms
from assist_context.languages import language_of
from assist_context.next_edit.renames.other_texts import are_related
from assist_context.retrieval.corpus import Corpus

MAX_FILES = 2_000  # with the words of a name; of more it is not known where all uses are


@dataclass(frozen=True, slots=True)
class WishedCode:
    """The code that a wish is about: lines of a file, and the definition that they are, "" for none."""

    lines: TargetLines
    name: str = ""

    @property
    def last_name(self) -> str:
        """The name without the names around it."""
        return self.name.rpartition(".")[2]


@dataclass(slots=True)
class CodeTexts:
    """The texts of a corpus. What was read and parsed is kept for one wish."""

    corpus: Corpus
    _readers: dict[str, NameReader] = field(default_factory=dict)

    def reader(self, path: str) -> NameReader:
        """Return the names of a file; a file that cannot be read has none."""
        if path not in self._readers:
            document = Document(path, tuple(self.corpus.lines(path)) or ("",), language_of(path))
            self._readers[path] = NameReader(ParsedText(document))
        return self._readers[path]

    def parse(self, path: str) -> ParsedText:
        return self.reader(path).parsed

    def holding(self, name: str) -> list[str] | None:
        """The files with a name, of any kind; `None` if there are too many, or if it is not known."""
        words = terms(name)
        found = self.corpus.holders(words, MAX_FILES + 1)
        if not words or len(found) > MAX_FILES:
            return None
        paths = sorted({*found, *self.corpus.opened})
        return [path for path in paths if any(name in line for line in self.corpus.lines(path))]

    def relatives(self, path: str, name: str) -> list[NameReader] | None:
        """The other files with a name that could mean one of the file; `None` as for `holding`."""
        paths = self.holding(name)
        if paths is None:
            return None
        own = self.parse(path).document
        readers = [self.reader(other) for other in paths if other != path]
        return [reader for reader in readers if are_related(own, reader.parsed.document)]

    def ways(self, path: str) -> ImportWays:
        return ImportWays(self.corpus, path)


def is_exact(parsed: ParsedText) -> bool:
    """Say whether the parsed bytes are the text's own: grammars see a lone carriage return as a line end."""
    return parsed.source.data == parsed.document.text.encode("utf-8", "surrogatepass")


def apply_edits(parsed: ParsedText, edits: Iterable[ByteEdit]) -> str:
    """A text with some bytes replaced; edits must not overlap."""
    data = parsed.source.data
    for start, end, text in sorted(edits, reverse=True):
        data = data[:start] + text.encode() + data[end:]
    return data.decode()


def lines_span(parsed: ParsedText, lines: TargetLines) -> tuple[int, int]:
    """The bytes of some lines."""
    starts = parsed.source.starts
    first = min(max(lines.first, 1) - 1, len(starts) - 1)
    end = starts[lines.last] if lines.last < len(starts) else len(parsed.source.data)
    return starts[first], end


def find_nodes(parsed: ParsedText, span: tuple[int, int]) -> Iterator[tree_sitter.Node]:
    """All nodes that lie within some bytes, in the order of the text, outer ones first."""
    waiting = [parsed.root] if parsed.root is not None else []
    while waiting:
        node = waiting.pop()
        if node.end_byte <= span[0] or node.start_byte >= span[1]:
            continue
        if span[0] <= node.start_byte and node.end_byte <= span[1]:
            yield node
        waiting += reversed(node.children)
