"""Which language a file is written in, by its name alone.

It does not read files and does not load grammars; `parse` does the latter.
"""

from dataclasses import dataclass
from pathlib import PurePath


@dataclass(frozen=True, slots=True)
class Language:
    """A language as the engine sees it.

    `blocks` tells how a block is marked: by "indent" (Python), by "brace", or not ("").
    """

    name: str
    comment: str = "#"
    blocks: str = "brace"
    grammar: str = ""
    suffixes: tuple[str, ...] = ()
    lsp_ids: tuple[str, ...] = ()


PLAIN = Language("plaintext", comment="", blocks="")

LANGUAGES: tuple[Language, ...] = (
    Language("python", "#", "indent", "python", (".py", ".pyi", ".pyw")),
    Language(
        "javascript", "//", "brace", "javascript", (".js", ".mjs", ".cjs", ".jsx"), ("javascriptreact",)
    ),
    Language("typescript", "//", "brace", "typescript", (".ts", ".mts", ".cts")),
    Language("tsx", "//", "brace", "tsx", (".tsx",), ("typescriptreact",)),
    Language("go", "//", "brace", "go", (".go",)),
    Language("rust", "//", "brace", "rust", (".rs",)),
    Language("java", "//", "brace", "java", (".java",)),
    Language("c", "//", "brace", "c", (".c", ".h")),
    Language("cpp", "//", "brace", "cpp", (".cc", ".cpp", ".cxx", ".hpp", ".hh", ".hxx")),
    Language("csharp", "//", "brace", "", (".cs",)),
    Language("kotlin", "//", "brace", "", (".kt", ".kts")),
    Language("scala", "//", "brace", "", (".scala",)),
    Language("swift", "//", "brace", "", (".swift",)),
    Language("php", "//", "brace", "", (".php",)),
    Language("ruby", "#", "", "", (".rb",)),
    Language("lua", "--", "", "", (".lua",)),
    Language("shellscript", "#", "", "", (".sh", ".bash", ".zsh"), ("bash", "sh")),
    Language("sql", "--", "", "", (".sql",)),
    Language("html", "", "", "", (".html", ".htm")),
    Language("css", "", "brace", "", (".css", ".scss")),
    Language("json", "", "brace", "", (".json",), ("jsonc",)),
    Language("yaml", "#", "indent", "", (".yaml", ".yml")),
    Language("toml", "#", "", "", (".toml",)),
    Language("markdown", "", "", "", (".md",)),
    Language("makefile", "#", "", "", (".mk",)),
)

_BY_SUFFIX = {suffix: language for language in LANGUAGES for suffix in language.suffixes}
_BY_ID = {name: language for language in LANGUAGES for name in (language.name, *language.lsp_ids)}
_BY_NAME = {"makefile": _BY_ID["makefile"], "gnumakefile": _BY_ID["makefile"]}


def language_of(path: str, lsp_id: str = "") -> Language:
    """The language of a file by its name, else by the editor's id, else `PLAIN`.

    >>> language_of("src/app.py").name
    'python'
    >>> language_of("untitled", "go").name
    'go'
    """
    name = PurePath(path)
    found = _BY_SUFFIX.get(name.suffix.lower()) or _BY_NAME.get(name.name.lower())
    return found or _BY_ID.get(lsp_id.lower(), PLAIN)
