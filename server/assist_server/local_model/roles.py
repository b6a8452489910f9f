"""Roles of installed models: shown, changed in the user's config.toml, and named for one command.

An editor names models of the catalogue only, since a workspace may bring a file. It opens no model and loads
no llama.cpp.
"""

from dataclasses import replace
from pathlib import Path
from typing import Any, get_args

from assist_completion.model_store.catalogue import ModelRow, find
from assist_completion.model_store.store import Store, installed_models, resolve
from assist_completion.settings import is_path
from assist_server.config.config import Config, Role, answering_model, set_role
from assist_server.errors import UserError


def roles_document(config: Config) -> dict[str, Any]:
    """The models in use, and all that are on this machine, with what each can do."""
    rows = [model.row for model in installed_models(Store(config.paths.data / "models"))]
    return {
        "ghost_text": config.completion.model,
        "answers": answering_model(config),
        "installed": [
            {"name": row.name, "completes": completes(row), "answers": row.instruct, "note": row.note}
            for row in rows
        ],
    }


def use_model(config: Config, name: str, role: str) -> Config:
    """Give an installed model of the catalogue a role; return the configuration with it.

    Raises `UserError` or `ModelError` if that cannot be, or `ConfigError` if config.toml cannot be written.
    """
    roles = [arg for arg in get_args(Role) if arg == role]
    if not roles:
        raise UserError(f"for = {role!r}: use one of {', '.join(get_args(Role))}.")
    if is_path(name):
        raise UserError(f"{Path(name).name} is a path: choose it in a terminal, with `assist models use`.")
    _check_here(config, name, roles[0])
    return set_role(config, name, roles[0])


def set_model(config: Config, model: str, role: Role) -> Config:
    """The configuration of one command, with the model that it names. What is not here is not fetched.

    Raises `UserError`, or `ModelError` with the nearest names or what fetches the model.
    """
    model = str(Path(model).expanduser().absolute()) if is_path(model) else model
    new = replace(config, answers=replace(config.answers, model=model))
    _check_here(config, model, role)
    return replace(new, completion=replace(config.completion, model=model)) if role != "answers" else new


def _check_here(config: Config, model: str, role: Role) -> None:
    """Raise `UserError` or `ModelError` unless a model is on this machine and can do what it is for."""
    store = Store(config.paths.data / "models")
    if not is_path(model):
        check_fitness(find(model, store.rows), role)
    resolve(store, model)


def completes(row: ModelRow) -> bool:
    """Return whether the model can fill in code at a cursor."""
    return row.fim is not None


def check_fitness(row: ModelRow, role: Role) -> None:
    """Raise `UserError` if a model of the catalogue cannot do what it is for."""
    if role != "answers" and not completes(row):
        raise UserError(
            f"The model {row.name} cannot fill in code at a cursor. Choose another from `assist models list`."
        )
    if role != "ghost-text" and not row.instruct:
        raise UserError(
            f"The model {row.name} cannot answer questions, because it was not trained to. Choose another "
            "from `assist models list`, such as qwen2.5-coder-1.5b."
        )
