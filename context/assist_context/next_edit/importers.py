"""How the files of one folder import a name, and how one more file would write it.

The index says which files import what; a few of them are read to see how they write it. A relative import is
written again for its new place. A name that no file imports yet comes from the one file that defines it.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from itertools import islice

from assist_context.documents import Document
from assist_context.index.reader import IndexedDefinition
from assist_context.languages import ECMASCRIPT, Language, language_of
from assist_context.relations.import_paths import ecma_module, place_of, place_of_file, python_module
from assist_context.relations.path_index import by_distance, is_above
from assist_context.retrieval.corpus import Corpus
from assist_context.syntax.imports import Import
from assist_context.syntax.scopes.imports.statements import (
    ImportedName,
    ImportForm,
    go_package,
    import_statements,
    write_import,
)
from assist_context.syntax.scopes.parsed_text import ParsedText

MOST_MENTIONS = 200  # files with a name that are sorted by their distance
MOST_FILES = 24  # whose imports are looked at for one name: 0.1 ms each
MOST_TEXTS = 6  # files that are read for one question: 0.5 ms each
NEAR_FILES = 30  # of the same folder, or changed last, for names that are no references, such as packages
MOST_SHOWN = 4  # neighbours that show how paths of imports are written
AROUND = 30  # lines around an import that are parsed: a statement is rarely longer
MOST_IMPORTS = 40  # of this file, whose modules may have a name: 0.05 ms each
MOST_WAYS = 3  # different imports of one name that are looked at: more agree on nothing

_TEST = re.compile(r"(?:^|[/_.-])(?:tests?|specs?|__tests__|conftest)(?:[/_.-]|$)")

_DECLARERS = r"const|let|var|function\*?|class|enum|type|interface"
_RUST_DECLARERS = "struct|trait|fn|mod|macro_rules!"


@dataclass(frozen=True, slots=True)
class ImportSite:
    """An import in a file. `source` is the place of a file of the workspace, else the module's own name."""

    path: str
    source: str
    import_: Import


@dataclass(frozen=True, slots=True)
class Importers:
    """The files that may import what the file `path` needs; `opened` are open documents, by their paths."""

    corpus: Corpus
    path: str
    language: Language
    opened: Mapping[str, Document]

    def statements(self, name: str) -> list[str]:
        """The statements that import a name, one for each file, the most frequent first."""
        defined = self.corpus.definitions(name, 3)
        definers = {definition.path for definition in defined if definition.path != self.path}
        if self.language.name in ("go", "java") and _folder(self.path) in map(_folder, definers):
            return []  # of the same package
        users = self._users(name)
        sites = [site for path in users for site in self._sites(path, name)]
        without = [path for path in users if path not in {site.path for site in sites} | definers]
        near = [] if sites else self._neighbours(users)
        if not sites:
            sites = [site for path in near for site in self._sites(path, name)]
        if not sites:
            some = (*users[:MOST_TEXTS], *near[:MOST_TEXTS])
            sites = [site for path in some for site in self._renaming_sites(path, name)]
        if self._count_bare_uses(name, without) > len(sites):
            return []  # the language, or what runs the code, knows the name
        nearest = self._nearest(sites)
        if nearest:
            return self._write_all(name, nearest)
        if (sites or definers) and (known := self._from_known_module(name, definers)):
            return known
        return self._write_all(name, sites) if sites else self._from_definition(name, defined)

    # --- Which files ---

    def _users(self, name: str) -> list[str]:
        """Files that use a name, the open ones first, then the nearest."""
        word = re.compile(rf"\b{re.escape(name)}\b")
        opened = [path for path, document in self.opened.items() if word.search(document.text)]
        stored = by_distance(self.corpus.reader.mentions(name, MOST_MENTIONS), self.path)
        return list(islice(self._alike((*opened, *stored)), MOST_FILES))

    def _neighbours(self, without: Sequence[str]) -> list[str]:
        """Files that probably import the same: the open ones, the folder's, the last changed."""
        folder = self.corpus.files().folders.get(_folder(self.path), ())
        latest = self.corpus.latest(self.language, NEAR_FILES)
        found = self._alike((*self.opened, *folder, *latest))
        return list(islice((path for path in found if path not in without), NEAR_FILES))

    def _alike(self, paths: Iterable[str]) -> Iterator[str]:
        """Other files of the language that may be read, each once."""
        family = ECMASCRIPT if self.language.name in ECMASCRIPT else (self.language.name,)
        for path in dict.fromkeys(paths):
            if path != self.path and language_of(path).name in family and not self.corpus.hides(path):
                yield path

    def _count_bare_uses(self, name: str, paths: Sequence[str]) -> int:
        """How many of some files use a name that they neither import nor declare."""
        if self.language.name in ("python", "go"):
            return 0  # such a name is a variable
        word = re.escape(name)
        use = re.compile(rf"(?<![\w$.'\"`])(?:new )?{word}(?:[(<.!]|::)|[:<] ?{word}\b")
        declared = re.compile(rf"\b(?:{_DECLARERS}|{_RUST_DECLARERS})\b[^;=\n]*\b{word}\b")
        parameter = re.compile(rf"[(,] ?{word}\b[^()\n]*\) ?(?:=>|\{{|:)")
        texts = ("".join(self._lines(path)) for path in paths[:MOST_TEXTS])
        return sum(
            use.search(text) is not None and not declared.search(text) and not parameter.search(text)
            for text in texts
        )

    # --- What they import ---

    def _sites(self, path: str, name: str) -> list[ImportSite]:
        """Where a file may import a name, by the index; how it calls the name is only in its text."""
        found = []
        for statement in self.corpus.imports(path):
            last = re.split(r"[./:]", re.sub(r"\.[mc]?[jt]s$", "", statement.module))[-1]
            whole = not statement.names and name in (statement.module, go_package(statement.module))
            if name in statement.names or whole or (statement.names == ("*",) and last == name):
                found.append(ImportSite(path, self._source(path, statement), statement))
        return found[:1]

    def _renaming_sites(self, path: str, name: str) -> list[ImportSite]:
        """Where a file imports something under a name of its own, which only its text says."""
        renames = re.compile(rf"\bas {re.escape(name)}\b|^\s*(?:import )?{re.escape(name)} \"")
        lines = self._lines(path)
        found = [statement for statement in self.corpus.imports(path) if statement.line <= len(lines)]
        return [
            ImportSite(path, self._source(path, statement), statement)
            for statement in found
            if renames.search(lines[statement.line - 1])
        ][:1]

    def _source(self, path: str, import_: Import) -> str:
        """The place that an import means, the module if it is not of the workspace."""
        if self.language.name not in ("python", *ECMASCRIPT):
            return import_.module
        place = place_of(path, self.language.name, import_)
        if place is None and self.language.name == "python":
            end = import_.module.replace(".", "/")
            files = self.corpus.resolve(path, "python", import_)
            place = next((module for module in map(place_of_file, files) if module.endswith(end)), None)
        return import_.module if place is None else place

    def _nearest(self, sites: list[ImportSite]) -> list[ImportSite]:
        """Those of the same folder if there are several, else those of the same top folders."""
        same = [site for site in sites if _folder(site.path) == _folder(self.path)]
        if len(same) > 1:
            return same
        top = self.path.split("/")[:-1][:2]
        return [site for site in sites if site.path.split("/")[:-1][:2] == top]

    def _write_all(self, name: str, sites: list[ImportSite]) -> list[str]:
        """The statement of each source, as often as it is imported."""
        counts = Counter(site.source for site in sites)
        relative = sum(site.import_.level > 0 for site in sites) * 2 > len(sites)
        found: Counter[str] = Counter()
        for source, votes in counts.most_common(MOST_WAYS):
            of = [site for site in sites if site.source == source]
            of.sort(key=lambda site: (site.import_.level > 0) is not relative)
            for site in of[:2]:
                known = self._read(site, name)
                written = self._write(known, site, relative=relative) if known is not None else None
                if written:
                    found[written] += votes
                    break
        return [statement for statement, votes in found.most_common() for _ in range(votes)]

    def _read(self, site: ImportSite, name: str) -> ImportedName | None:
        """A name as an import brings it in."""
        lines = self._lines(site.path)
        first = max(0, site.import_.line - AROUND)
        part = Document(site.path, tuple(lines[first : site.import_.line + AROUND]), language_of(site.path))
        statements = import_statements(ParsedText(part))
        names = [
            imported for statement in statements for imported in statement.names if imported.name == name
        ]
        return next(
            (
                imported
                for imported in names
                if imported.module.lstrip(".") == site.import_.module.lstrip(".")
            ),
            None,
        )

    def _write(self, known: ImportedName, site: ImportSite, *, relative: bool) -> str | None:
        """The statement with its path from this file."""
        module: str | None = known.module
        if self.language.name in ECMASCRIPT and site.import_.level:
            module = ecma_module(self.path, site.source)
            if self.path in self.corpus.resolve(
                self.path, "typescript", replace(site.import_, module=module)
            ):
                return None
        elif self.language.name == "python" and (site.import_.level or site.source != known.module):
            if site.source == place_of_file(self.path):
                return None  # this file itself
            if site.import_.level:
                module = self._python_module(site.source, known.original, relative=relative)
        return write_import(replace(known, module=module), self.language) if module else None

    def _python_module(self, place: str, name: str, *, relative: bool) -> str | None:
        """The module of a place. From outside of its package, one that is private is never imported.

        What the package itself offers is imported from there.
        """
        module = python_module(self.corpus.files(), self.path, place, relative=relative)
        if module is None or module.startswith("."):
            return module
        top, _, inner = module.partition(".")
        folder = place[: len(place) - len(inner)].rstrip("/") if inner else place
        if is_above(folder, self.path) or not inner:
            return module
        offered = self.corpus.imports(f"{folder}/__init__.py")
        if any(name in definition.names for definition in offered):
            return top
        return None if re.search(r"(?:^|\.)_", module) else module

    # --- A name that no near file imports yet ---

    def _from_known_module(self, name: str, definers: AbstractSet[str]) -> list[str]:
        """The import from a module that this file imports anyway, if that one defines or offers the name."""
        word = re.escape(name)
        exported = re.compile(rf"^export (?:type )?\{{[^}}]*\b{word}\b[^}}]*\}}", re.MULTILINE)
        for statement in self.corpus.imports(self.path)[:MOST_IMPORTS]:
            files = self.corpus.resolve(self.path, self.language.name, statement)
            for path in files[-1:]:
                if self.language.name == "python":
                    offers = any(name in other.names for other in self.corpus.imports(path))
                    offers = offers and path.endswith("__init__.py")
                else:
                    offers = "/index." in path and exported.search("".join(self._lines(path))) is not None
                if (
                    self.language.name in ("python", *ECMASCRIPT)
                    and statement.names
                    and (offers or path in definers)
                ):
                    module = "." * statement.level * (self.language.name == "python") + statement.module
                    return [write_import(ImportedName(name, module, name, "name", (0, 0)), self.language)]
        return []

    def _from_definition(self, name: str, defined: Sequence[IndexedDefinition]) -> list[str]:
        """The import from the one file that defines a name at its top level."""
        family = list(self._alike(definition.path for definition in defined))
        if len(defined) != 1 or len(family) != 1 or defined[0].parent:
            return []
        [path] = family
        if _TEST.search(path) and not _TEST.search(self.path):
            return []
        if self.language.name == "python":
            if defined[0].kind == "variable" and name.islower():
                return []  # such as `logger`, of which each module has its own
            module = self._python_module(place_of_file(path), name, relative=self._writes_relative())
            known = ImportedName(name, module or "", name, "name", (0, 0))
            return [write_import(known, self.language)] if module else []
        if self.language.name in ECMASCRIPT:
            return self._from_export(name, path)
        return []

    def _from_export(self, name: str, path: str) -> list[str]:
        text = "".join(self._lines(path))
        word = re.escape(name)
        default = re.search(
            rf"^export default (?:async )?(?:function\*?|class)? ?{word}\b", text, re.MULTILINE
        )
        exported = re.search(
            rf"^export (?:(?:declare|abstract|async) )*(?:{_DECLARERS}) {word}\b"
            rf"|^export \{{[^}}]*\b{word}\b(?! as)[^}}]*\}};?$",
            text,
            re.MULTILINE,
        )
        if not default and not exported:
            return []
        own = [statement.module for statement in self.corpus.imports(self.path) if statement.level]
        written = own or [
            statement.module
            for near in self._neighbours(())[:MOST_SHOWN]
            for statement in self.corpus.imports(near)
            if statement.level
        ]
        suffix = next((found[0] for module in written if (found := re.search(r"\.[mc]?[jt]s$", module))), "")
        stem = re.sub(r"\.[mc]?[jt]sx?$", "", path)
        place = stem + suffix if suffix else re.sub(r"/index$", "", stem)
        form: ImportForm = "default" if default else "name"
        known = ImportedName(name, ecma_module(self.path, place), name, form, (0, 0))
        return [write_import(known, self.language)]

    def _writes_relative(self) -> bool:
        """Whether this file, or else its neighbours, import modules of their package by relative paths."""
        for path in (self.path, *self._neighbours(())[:MOST_SHOWN]):
            levels = [statement.level > 0 for statement in self.corpus.imports(path)]
            if any(levels):
                return True
        return False

    def _lines(self, path: str) -> Sequence[str]:
        return self.opened[path].lines if path in self.opened else self.corpus.lines(path)


def _folder(path: str) -> str:
    return path.rpartition("/")[0]
