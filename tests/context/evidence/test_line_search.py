"""A search for the lines that answer a question, in a small folder."""

from pathlib import Path

import pytest
from indexing import corpus_of

from assist_context.evidence.line_search import search_places
from assist_context.evidence.question_words import question_words
from assist_context.retrieval.corpus import Corpus

UPLOADS = '''\
"""Uploads of customers."""

from store.limits import MAX_PARTS


class Upload:
    """One upload, in parts."""

    def receive(self, part):
        """Take a part."""
        self.parts.append(part)
        if len(self.parts) > MAX_PARTS:
            self.status = 413
            raise ValueError("an upload may not have so many parts")
        return len(self.parts)

    def close(self):
        """Write what was received."""
        for part in self.parts:
            self.file.write(part)


def clean_name(filename):
    """A name that is safe to store."""
    return filename.replace("/", "_").strip(".")
'''
LIMITS = "MAX_PARTS = 1000\nTIMEOUT = 30\n"
STATUS = "export function respond(response) {\n  response.statusCode = 404\n  response.end()\n}\n"
TESTS = (
    "from store.uploads import Upload\n\n\ndef test_an_upload_may_not_have_so_many_parts():\n    Upload()\n"
)
PROXIES = "# Proxies\n\nSet a proxy for all requests with `HTTP_PROXY`.\n"
CONDUCT = "# Conduct\n\nUploads of parts that may not be so many are cleaned, stored and safe.\n"
CHANGES = "# Changes\n\n- An upload may not have so many parts.\n"

FOUND = (
    ("why do I get an upload may not have so many parts?", "store/uploads.py", 'raise ValueError("an upload'),
    ("how many parts may an upload have by default?", "store/limits.py", "MAX_PARTS = 1000"),
    ("what happens when an upload has too many parts?", "store/uploads.py", "> MAX_PARTS:"),
    ("where are names of files cleaned before they are stored?", "store/uploads.py", "def clean_name"),
    ("where is the 404 set?", "web/respond.js", "statusCode = 404"),
    ("where is not found answered?", "web/respond.js", "statusCode = 404"),
    ("what does Upload.close do", "store/uploads.py", "def close(self)"),
    ("clean_name", "store/uploads.py", "def clean_name"),
    ("how do I set a proxy?", "docs/proxies.md", "HTTP_PROXY"),
)


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Corpus:
    root: Path = tmp_path_factory.mktemp("w") / "w"
    texts = {
        "store/__init__.py": "", "store/uploads.py": UPLOADS, "store/limits.py": LIMITS,
        "web/respond.js": STATUS, "tests/test_uploads.py": TESTS, "docs/proxies.md": PROXIES,
        "CODE_OF_CONDUCT.md": CONDUCT, "CHANGELOG.md": CHANGES,
    }  # fmt: skip
    return corpus_of(root, texts)


@pytest.mark.parametrize(("question", "path", "text"), FOUND)
def test_a_question_finds_its_line(corpus: Corpus, question: str, path: str, text: str) -> None:
    found = search_places([corpus], question, 2)
    assert (path, True) in [(place.path, text in "\n".join(place.text)) for place in found.places]


def test_a_name_in_a_found_line_leads_to_where_it_is_set(corpus: Corpus) -> None:
    found = search_places([corpus], "how many parts are too many?", 3).places
    assert ("store/limits.py", 1) in [(place.path, place.line) for place in found]


def test_pages_about_people_and_changes_say_nothing_of_code(corpus: Corpus) -> None:
    questions = [question for question, *_ in FOUND]
    paths = {place.path for asked in questions for place in search_places([corpus], asked, 10).places}
    assert "CODE_OF_CONDUCT.md" not in paths
    assert "CHANGELOG.md" not in paths


def test_what_is_not_there_gives_guesses(corpus: Corpus) -> None:
    assert not search_places([corpus], "how are yaml anchors resolved?", 3).sure
    assert not search_places([corpus], "", 3).places
    assert search_places([corpus], "why do I get an upload may not have so many parts?", 3).sure


def test_only_files_that_may_be_listed_are_found(corpus: Corpus) -> None:
    found = search_places([corpus], "upload parts", 10, lambda path: path.startswith("tests/"))
    assert {place.path for place in found.places} == {"tests/test_uploads.py"}


def test_a_word_means_its_forms_and_what_is_much_the_same() -> None:
    words = question_words("recently deleted file names", lambda _: 1.0, lambda _: True)
    assert words.meant_by("recent") == {"recently": 0.85}
    assert set(words.meant_by("remove_filename")) == {"delet", "fil", "nam"}
    assert words.rate_share({"recently": 1.0, "delet": 1.0}) == 0.5
