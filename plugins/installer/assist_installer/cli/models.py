"""The commands `models list|pull|use|verify|remove`.

They show what the model store does; nothing is decided here.
"""

from typing import Annotated, Any

import typer

from assist_completion.errors import ModelError
from assist_completion.model_store.catalogue import find
from assist_completion.model_store.store import Store, get_path, installed_models, resolve, verify
from assist_completion.settings import is_path
from assist_context.plugins import plugin_points
from assist_installer.cli.downloads import OfflineFrom, show_download
from assist_installer.cli.setup import For
from assist_installer.fetching.model_files import fetch, remove
from assist_installer.fetching.partial_download import FetchOptions
from assist_installer.wording import (
    NON_COMMERCIAL,
    ROLES,
    licence_document,
    model_document,
    model_row,
    role_facts,
)
from assist_server.cli.flags import AsJson, Offline, Yes, argument, ask_first, example, settings
from assist_server.cli.output import emit, out, say
from assist_server.cli.plugins import add_plugin
from assist_server.config.config import Config, answering_model, list_roles, set_role
from assist_server.errors import FAILED, UserError
from assist_server.wording.amounts import megabytes

Name = Annotated[str, typer.Argument(metavar="NAME", help="A name from `assist models list`.")]

models = typer.Typer(
    help="List, download, choose and remove the models on this machine.",
    short_help="List, download and choose models.",
    epilog=example("assist models list", "assist models use qwen2.5-coder-1.5b --for answers"),
    rich_markup_mode=None,
)


def add_to(app: typer.Typer) -> None:
    """Put these commands into the command line."""
    for point in plugin_points("assist.models"):
        add_plugin(models, point)
    app.add_typer(models, name="models")


@models.command(
    "list",
    short_help="List every model with licence, size and state.",
    epilog=example("assist models list", "assist models list --json"),
)
def list_models(as_json: AsJson = False) -> None:
    """List every model in the catalogue: licence, size, whether it is installed and what it is used for."""
    from assist_completion.inference.libraries import library_sources  # noqa: PLC0415
    from assist_server.local_model.opening import use_libraries  # noqa: PLC0415

    config = settings()
    store = _store(config)
    here = {model.row.name: str(model.path) for model in installed_models(store)}
    retired = {
        row.name for row in store.rows if row.purpose == "retired" and not list_roles(config, row.name)
    }
    listed = [row for row in store.rows if row.name in here or row.name not in retired]
    known = [model_document(row, here.get(row.name, ""), list_roles(config, row.name)) for row in listed]
    ghost_text = config.completion.model
    answers = answering_model(config)
    use_libraries(config)
    engine = next((source.words for source in library_sources()), "none")
    if as_json:
        used = {"in_use": ghost_text, "answers": answers, "engine": engine}
        emit({"models": known, **used, "directory": str(store.root)})
        return
    from assist_server.cli.terminal.tables import Column, table  # noqa: PLC0415

    heads = [Column(head, number=head == "SIZE") for head in ("MODEL", "SIZE", "LICENCE", "STATE", "TESTED")]
    table(heads, [model_row(*pair) for pair in zip(listed, known, strict=True)])
    if is_path(ghost_text) or is_path(answers):
        out(f"\nGhost text: {ghost_text}\nAnswers: {answers}")
    out(f"\nllama.cpp: {engine}")
    out("To change the model: assist models use NAME --for ghost-text|answers|both")
    out("TESTED: the day we last ran it; the others are as their makers describe them.")
    out("plumbing: for testing that everything works; it cannot fill in code.")
    out(f"{NON_COMMERCIAL}: read the licence before you use such a model at work.")


@models.command(
    short_help="Download a model and check it.", epilog=example("assist models pull qwen2.5-coder-1.5b")
)
def pull(
    name: Name, offline_from: OfflineFrom = None, offline: Offline = False, as_json: AsJson = False
) -> None:
    """Download a model and check it. An interrupted download continues where it stopped."""

    config = settings(offline=offline)
    store = _store(config)
    options = FetchOptions(offline=config.offline, offline_from=offline_from)
    row = find(name, store.rows)
    if not row.licence.commercial:
        say(f"{name} is {NON_COMMERCIAL}: {row.licence.note}")
    with show_download(name) as progress:
        path = fetch(store, row, options, progress, say)
    pin = next((model.pin for model in installed_models(store) if model.row == row), None)
    if as_json:
        sha256 = pin.sha256 if pin else ""
        emit({"model": name, "path": str(path), "sha256": sha256, "licence": licence_document(row)})
        return
    out(f"{name} is installed and verified: {path}")
    if not list_roles(config, name):
        out(f"To use it: assist models use {name} --for ghost-text|answers|both")


@models.command(
    short_help="Choose the model to use.",
    epilog=example(
        "assist models use qwen2.5-coder-1.5b --for answers", "assist models use ~/models/mine.gguf"
    ),
)
def use(
    model: Annotated[
        str,
        typer.Argument(
            metavar="NAME_OR_PATH", help="A name from `assist models list`, or the path of a .gguf file."
        ),
    ],
    role: For = "ghost-text",
    as_json: AsJson = False,
) -> None:
    """Use this model from now on, for ghost text unless --for says otherwise.

    Its name is written into config.toml.
    """
    from assist_installer.setup import choose  # noqa: PLC0415

    config = settings()
    name = choose(config, model, role).model
    path = resolve(_store(config), name)
    config = set_role(config, name, role)
    if as_json:
        roles = list(list_roles(config, name))
        emit({"model": name, "roles": roles, "path": str(path), "config": str(config.paths.config_file)})
        return
    from assist_server.cli.terminal.tables import facts  # noqa: PLC0415

    out(f"{name} is now in use ({config.paths.config_file}).")
    facts(role_facts(config, name))


@models.command(
    "verify",
    short_help="Check the hashes of the model files.",
    epilog=example("assist models verify", "assist models verify qwen2.5-coder-0.5b"),
)
def verify_models(
    name: Annotated[str, argument("NAME", "A name from `assist models list`. Default: every model.")] = "",
    as_json: AsJson = False,
) -> None:
    """Hash one model file, or all of them, and compare with the hash recorded at installation."""

    store = _store(settings())
    names = [name] if name else [model.row.name for model in installed_models(store)]
    if not names:
        raise UserError(f"There is no model in {store.root} to verify: run `assist setup`.")
    results = [_verify(store, name) for name in names]
    if as_json:
        emit({"models": results})
    else:
        for result in results:
            out(f"{result['model']}: {'the file is intact' if result['ok'] else result['error']}")
    if not all(result["ok"] for result in results):
        raise typer.Exit(FAILED)


@models.command("remove", epilog=example("assist models remove qwen2.5-coder-1.5b --yes"))
def remove_model(name: Name, yes: Yes = False, as_json: AsJson = False) -> None:
    """Delete a model's file from this machine."""

    config = settings()
    store = _store(config)
    path = get_path(store, find(name, store.rows))
    if path.is_file():
        ask_first(f"Delete {path} ({megabytes(path.stat().st_size)})?", "Nothing was deleted.", yes=yes)
    roles = list_roles(config, name)
    freed = remove(store, name)
    if as_json:
        emit({"model": name, "freed_bytes": freed})
        return
    out(f"{name} is deleted: {megabytes(freed)} are free again.")
    if roles:
        words = " and ".join(ROLES[role] for role in roles)
        out(f"It was the model in use for {words}: run `assist setup`, or `assist models use NAME`.")


def _store(config: Config) -> Store:
    from assist_server.local_model.opening import open_store  # noqa: PLC0415

    return open_store(config)


def _verify(store: Store, name: str) -> dict[str, Any]:
    try:
        checked = verify(store, name)
    except ModelError as error:
        return {"model": name, "ok": False, "error": str(error)}
    return {"model": name, "ok": True, "path": str(checked.path), "bytes": checked.bytes}
