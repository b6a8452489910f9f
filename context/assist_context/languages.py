"""The language of a file, by its name alone.

This module reads no files and loads no grammars; `syntax.grammars` does that.
"""

import os
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Language:
    """A language as the engine sees it.

    `blocks` says how blocks are marked: by "indent" (Python), by "brace", or not ("").
    `grammar` is the grammar for both `fragments` and `symbols`; `outline` is one that only `symbols` uses,
    for languages whose cursor needs none. `markup` is how headings are written, for pages of documentation.
    """

    name: str
    comment: str = "#"
    blocks: str = "brace"
    grammar: str = ""
    suffixes: tuple[str, ...] = ()
    lsp_ids: tuple[str, ...] = ()
    outline: str = ""
    markup: str = ""


# What is before the name in a definition, in languages that have such a word, and before that.
DEFINERS = ("def", "class", "func", "function", "fn", "struct", "enum", "trait", "interface", "mod")
MODIFIERS = ("export", "default", "async", "pub")
ECMASCRIPT = ("javascript", "typescript", "tsx")  # the languages whose modules import one another
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
    Language("cpp", "//", "brace", "cpp", (".cc", ".cpp", ".cxx", ".hpp", ".hh", ".hxx", ".ipp")),
    Language("csharp", "//", "brace", "", (".cs",), outline="c_sharp"),
    Language("kotlin", "//", "brace", "", (".kt", ".kts"), outline="kotlin"),
    Language("scala", "//", "brace", "", (".scala", ".sc"), outline="scala"),
    Language("swift", "//", "brace", "", (".swift",), outline="swift"),
    Language("php", "//", "brace", "", (".php", ".phtml"), outline="php"),
    Language("ruby", "#", "", "", (".rb", ".rake", ".gemspec"), outline="ruby"),
    Language("lua", "--", "", "", (".lua",), outline="lua"),
    Language("shellscript", "#", "", "", (".sh", ".bash", ".zsh", ".bats"), ("bash", "sh"), "bash"),
    Language("sql", "--", "", "", (".sql",)),
    Language("html", "", "", "", (".html", ".htm"), outline="html", markup="html"),
    Language("css", "", "brace", "", (".css", ".scss"), outline="css"),
    Language("json", "", "brace", "", (".json", ".jsonc"), ("jsonc",), "json"),
    Language("yaml", "#", "indent", "", (".yaml", ".yml"), outline="yaml"),
    Language("toml", "#", "", "", (".toml",), outline="toml"),
    Language("markdown", "", "", "", (".md", ".markdown", ".mdx"), ("mdx",), markup="markdown"),
    Language("restructuredtext", "", "", "", (".rst",), markup="rst"),
    Language("asciidoc", "", "", "", (".adoc", ".asciidoc"), markup="asciidoc"),
    Language("notebook", "", "", "", (".ipynb",), ("jupyter", "ipynb"), markup="notebook"),
    Language("makefile", "#", "", "", (".mk",)),
)

_BY_SUFFIX = {suffix: language for language in LANGUAGES for suffix in language.suffixes}
_BY_ID = {name: language for language in LANGUAGES for name in (language.name, *language.lsp_ids)}
_BY_NAME = {
    **dict.fromkeys(("makefile", "gnumakefile"), _BY_ID["makefile"]),
    **dict.fromkeys(("gemfile", "rakefile"), _BY_ID["ruby"]),
    **dict.fromkeys((".bashrc", ".bash_profile", ".profile", ".zshrc"), _BY_ID["shellscript"]),
}


def is_page(path: str) -> bool:
    """Whether a file is documentation, which is divided by its headings.

    >>> is_page("docs/usage.rst"), is_page("src/app.py")
    (True, False)
    """
    return bool(language_of(path).markup)


def language_of(path: str, lsp_id: str = "") -> Language:
    """The language of a file by its name, else by the editor's id, else `PLAIN`.

    >>> language_of("src/app.py").name
    'python'
    >>> language_of("untitled", "go").name
    'go'
    """
    name = os.path.basename(path).lower()  # pathlib would take ten times as long
    dot = name.rfind(".")
    found = (_BY_SUFFIX.get(name[dot:]) if dot > 0 else None) or _BY_NAME.get(name)
    return found or _BY_ID.get(lsp_id.lower(), PLAIN)
