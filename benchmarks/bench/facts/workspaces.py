"""Clones of repositories with an index and what a language server has to know about them.

A clone gets a `tsconfig.json` that has all its files, since a server looks for uses in no others, and a
`go.mod` without the modules that it needs, since none is fetched. The repository itself is never changed.
"""

import json
import re
import subprocess
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from assist_context.languages import language_of
from assist_context.retrieval.corpus import Corpus
from bench.crossfile.index import corpus_of
from bench.index.trees import git
from bench.renames.language_server import ServerSetup

_TSCONFIG = {
    "compilerOptions": {
        "allowImportingTsExtensions": True,
        "allowJs": True,
        "checkJs": False,
        "jsx": "preserve",
        "module": "esnext",
        "moduleResolution": "bundler",  # also finds files that an import names without their suffix
        "noEmit": True,
        "target": "esnext",
    },
    "include": ["**/*"],
}

# The server that knows a language, as `running` names it.
LANGUAGES = {"python": "python", "typescript": "typescript", "tsx": "typescript", "javascript": "typescript"}
LANGUAGES |= {"go": "go", "rust": "rust", "php": "php"}


@dataclass(frozen=True, slots=True)
class FactWorkspace:
    """A clone: its folder, its index, the files that git has, and the language of most of them."""

    name: str
    root: Path
    corpus: Corpus
    language: str  # as a server's: python, typescript, go, rust, php
    paths: tuple[str, ...]


def clone(repository: Path, data: Path) -> Path:
    """A clone below a folder, made once. It shares the repository's objects."""
    root = data / repository.name
    data.mkdir(parents=True, exist_ok=True)
    if not root.exists():
        git(data, "clone", "--quiet", "--shared", str(repository.resolve()), str(root))
    return root


def workspace_of(repository: Path, data: Path) -> FactWorkspace:
    """The clone of a repository, with its index brought up to date."""
    root = clone(repository, data)
    paths = tuple(name for name in git(root, "ls-files", "-z").split("\0") if (root / name).is_file())
    languages = Counter(LANGUAGES.get(language_of(path).name) for path in paths)
    del languages[None]
    language = str(languages.most_common(1)[0][0])
    if language == "typescript":
        (root / "tsconfig.json").write_text(json.dumps(_TSCONFIG), encoding="utf-8")
    module = root / "go.mod"
    if language == "go" and module.exists():
        [name] = re.findall(r"^module \S+$", module.read_text(encoding="utf-8"), re.MULTILINE)
        module.write_text(f"{name}\n\ngo 1.21\n", encoding="utf-8")
    own = tuple(path for path in paths if LANGUAGES.get(language_of(path).name) == language)
    return FactWorkspace(repository.name, root, corpus_of(root), language, own)


def server_setup(workspace: FactWorkspace) -> ServerSetup:
    """What the server of a workspace's language needs to know."""
    if workspace.language == "python":
        source = workspace.root / "src"
        paths = [str(source)] if source.is_dir() else []
        return ServerSetup(settings={"python.analysis": {"extraPaths": paths}})
    if workspace.language == "rust":
        projects = {"linkedProjects": [_rust_project(workspace.root)], "checkOnSave": False}
        return ServerSetup(
            options=projects,
            settings={"rust-analyzer": projects},
            is_ready=lambda message: (
                message.get("method") == "experimental/serverStatus"
                and bool(message["params"].get("quiescent"))
            ),
        )
    if workspace.language == "php":
        return ServerSetup(is_ready=lambda message: message.get("method") == "indexingEnded")
    return ServerSetup()


def _rust_project(root: Path) -> dict[str, Any]:
    """The crates of a workspace and which of them use each other; nothing is fetched for them."""
    command = ["cargo", "metadata", "--offline", "--no-deps", "--format-version", "1"]
    packages = json.loads(subprocess.run(command, cwd=root, capture_output=True, check=True).stdout)[
        "packages"
    ]
    targets = [(package, target) for package in packages for target in package["targets"]]
    libraries = {
        package["name"]: place
        for place, (package, target) in enumerate(targets)
        if {"lib", "proc-macro"} & set(target["kind"])
    }
    crates = []
    for place, (package, target) in enumerate(targets):
        used = {row["rename"] or row["name"]: libraries.get(row["name"]) for row in package["dependencies"]}
        used[package["name"]] = libraries.get(package["name"])
        crates.append(
            {
                "root_module": target["src_path"],
                "edition": target["edition"],
                "deps": [
                    {"crate": crate, "name": name.replace("-", "_")}
                    for name, crate in used.items()
                    if crate is not None and crate != place
                ],
                "cfg": ["test", "unix", *(f'feature="{feature}"' for feature in package["features"])],
                "is_workspace_member": True,
            }
        )
    return {"crates": crates}
