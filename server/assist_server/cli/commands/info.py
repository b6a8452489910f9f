"""Commands that report: `config show|check`, `doctor` and `stats`; and `config trust`, which asks."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, is_dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from assist_server.cli.commands.index import status_facts
from assist_server.cli.flags import (
    AsJson,
    Offline,
    Workspace,
    Yes,
    ask_first,
    directory,
    example,
    with_offline,
)
from assist_server.cli.output import emit, out, say
from assist_server.config import config as configuration
from assist_server.config.config import Config, Problem
from assist_server.config.permissions import EffectivePermissions, effective_permissions
from assist_server.config.repository_file import repositories, trust
from assist_server.config.structure import SETTINGS, TABLES
from assist_server.errors import FAILED, UserError
from assist_server.records import usage_counts
from assist_server.wording import amounts
from assist_server.wording.amounts import megabytes
from assist_server.wording.counts import answers_document, answers_facts, stats_document, stats_facts
from assist_server.wording.permissions import (
    change_lines,
    permission_document,
    permission_lines,
    toml_value,
)

if TYPE_CHECKING:  # loads llama.cpp, 0.4 s
    from assist_server.cli.doctor.report import DoctorReport

HASHES = {
    "accepted": "hash checked at download",
    "changed": "NOT the file that was accepted",
    "unknown": "hash never checked",
    "": "hash not known",
}
SECTIONS = ("completion", "context", "answers", "escalation")

config_app = typer.Typer(
    help="The settings, where they come from, and whether they are valid.",
    short_help="The settings, and whether they are valid.",
    epilog=example("assist config check"),
    rich_markup_mode=None,
)


def add_to(app: typer.Typer) -> None:
    """Put these commands into the command line."""
    app.add_typer(config_app, name="config")
    app.command(
        "doctor",
        epilog=example("assist doctor", "assist doctor --json"),
        short_help="What is wrong, and what to do about it.",
    )(doctor)
    app.command(
        "stats", epilog=example("assist stats"), short_help="How much was requested, shown and accepted."
    )(stats)


@config_app.command(
    "show",
    short_help="Every setting in force.",
    epilog=example("assist config show", "assist config show --json"),
)
def show_config(workspace: Workspace = Path(), as_json: AsJson = False, offline: Offline = False) -> None:
    """Show every setting, which ones are not the default, what may leave the machine, and who says so."""
    config = with_offline(configuration.load_lenient(), offline=offline)
    effective = effective_permissions(config, [str(directory(workspace))])
    problems = _problems(config, effective)
    if as_json:
        sections = {name: asdict(getattr(config, name)) for name in SECTIONS}
        documents = [asdict(problem) for problem in problems]
        emit(
            {
                **_where(config),
                "settings": sections,
                **permission_document(effective),
                "problems": documents,
            }
        )
        return
    file = config.paths.config_file
    out(f"# {file}{'' if file.exists() else ' (does not exist: every setting has its default)'}")
    out(f"# data in {config.paths.data}; {'offline' if config.offline else 'online'}")
    for line in _setting_lines(config):
        out(line)
    out("")
    for line in permission_lines(effective):
        out(line)
    for problem in problems:
        say(f"assist: {problem}")


@config_app.command(
    "check",
    short_help="Errors in config.toml and the other settings files.",
    epilog=example("assist config check"),
)
def check_config(workspace: Workspace = Path(), as_json: AsJson = False) -> None:
    """Check config.toml, policy.toml and .assist.toml. The exit code is 1 if anything is wrong."""
    config = configuration.load_lenient()
    effective = effective_permissions(config, [str(directory(workspace))])
    problems = _problems(config, effective)
    if as_json:
        documents = [asdict(problem) for problem in problems]
        emit({**_where(config), "ok": not problems, **permission_document(effective), "problems": documents})
    elif problems:
        for problem in problems:
            out(str(problem))
    else:
        file = config.paths.config_file
        out(
            f"{file} is in order." if file.exists() else f"There is no {file}: every setting has its default."
        )
    if problems:
        raise typer.Exit(FAILED)


@config_app.command(
    "trust",
    short_help="Accept the .assist.toml of a repository.",
    epilog=example("assist config trust", "assist config trust --workspace ~/src/shop --yes"),
)
def trust_files(workspace: Workspace = Path(), yes: Yes = False, as_json: AsJson = False) -> None:
    """Show what a repository's .assist.toml forbids, or no longer forbids, and accept it if you agree.

    Until then nothing leaves the machine from that repository. A file that changed must be accepted again.
    """
    root = directory(workspace)
    data = configuration.load_lenient().paths.data
    pending = tuple(each for each in repositories(root, data) if each.state != "trusted")
    documents = [
        {"path": str(each.path), "state": each.state, "says": list(change_lines(each))} for each in pending
    ]
    wrong = [str(problem) for each in pending if each.now for problem in each.now.problems]
    if wrong:
        raise UserError("\n".join([*wrong, "Nothing was accepted: correct the file first."]))
    for line in (line for each in pending for line in change_lines(each)):
        (say if as_json else out)(line)
    if pending:
        named = ", ".join(str(each.path) for each in pending)
        ask_first(f"Accept {named}?", "Nothing was accepted.", yes=yes)
    if pending:
        trust(pending, data)
    if as_json:
        emit({"accepted": documents})
    else:
        out("Accepted." if pending else f"There is nothing to accept in {root}.")


def doctor(as_json: AsJson = False, offline: Offline = False) -> None:
    """Check everything that completion needs. The exit code is 1 if it cannot work."""
    from assist_server.cli.doctor.report import examine  # noqa: PLC0415

    report = examine(with_offline(configuration.load_lenient(), offline=offline), Path.cwd())
    if as_json:
        findings = [asdict(finding) for finding in report.findings]
        emit({"ok": report.works, **report.facts, "problems": findings})
    else:
        _show_report(report)
    if not report.works:
        raise typer.Exit(FAILED)


def stats(as_json: AsJson = False) -> None:
    """Show the counts of all editor sessions and answers on this machine. They contain no text."""
    from assist_escalation.routing import feedback  # noqa: PLC0415  (numpy, 0.1 s)
    from assist_server.cli.terminal.tables import facts  # noqa: PLC0415

    data = configuration.load_lenient().paths.data
    counts = usage_counts.read(data)
    answers = answers_document(feedback.events(data / feedback.FILE))
    if as_json:
        emit({**stats_document(counts), "answers": answers})
        return
    if counts:
        facts(stats_facts(counts))
    else:
        out("Nothing was counted yet: counts are written when an editor session ends.")
    if answers["requests"]:
        facts(answers_facts(answers))


def _where(config: Config) -> dict[str, Any]:
    paths = config.paths
    return {
        "file": str(paths.config_file),
        "exists": paths.config_file.exists(),
        "data": str(paths.data),
        "offline": config.offline,
    }


def _problems(config: Config, effective: EffectivePermissions) -> list[Problem]:
    return [*config.problems, *effective.problems]


def _setting_lines(config: Config) -> Iterator[str]:
    """The user's settings as TOML, under the names that they have in config.toml."""
    table = ""
    for key, setting in sorted(SETTINGS.items(), key=lambda each: TABLES.index(each[0][0])):
        section = getattr(config, setting.section)
        value = getattr(section, setting.item.name)
        if len(key) == 1:
            yield from _table_lines(key[0], value)
            continue
        if key[0] != table:
            table = key[0]
            yield f"\n[{table}]"
        default = getattr(type(section)(), setting.item.name)
        told = "" if value == default else f"  # default: {toml_value(default)}"
        yield f"{key[1]} = {toml_value(value)}{told}" if value is not None else f"# {key[1]} is not set"


def _table_lines(name: str, entries: Mapping[str, Any]) -> Iterator[str]:
    """The entries of a table whose names the user chooses: a line each, or a table each."""
    if entries and not any(map(is_dataclass, entries.values())):
        yield f"\n[{name}]"
        yield from (f"{toml_value(key)} = {toml_value(value)}" for key, value in entries.items())
        return
    for key, entry in entries.items():
        yield f"\n[{name}.{toml_value(key)}]"
        for item, value in asdict(entry).items():
            if value is not None:
                yield f"{item} = {toml_value(value)}"


def _show_report(report: "DoctorReport") -> None:
    from assist_server.cli.terminal.tables import facts  # noqa: PLC0415
    from assist_server.wording.records import egress_facts  # noqa: PLC0415

    document = report.facts
    machine = report.facts["machine"]
    model = report.facts["model"]
    packages = ", ".join(f"{name} {number or '(missing)'}" for name, number in document["packages"].items())
    memory = f"{amounts.memory(machine['memory_bytes'])} of memory, {machine['system']}"
    size = f", {megabytes(model['bytes'])}, {HASHES[model['hash']]}" if model["path"] else " (not usable)"
    lines = [
        ("Python", document["python"]),
        ("Packages", packages),
        ("Machine", f"{machine['cores']} cores, {memory}"),
        ("llama.cpp", machine["llama_features"]),
        ("Model", f"{model['name']}{size}"),
        ("File", model["path"] or "-"),
    ]
    if model["infilling"]:
        budgets = ", ".join(f"{name} {number}" for name, number in model["budget_tokens"].items())
        reads = model["prefill_tokens_per_s"]
        writes = model["decode_tokens_per_s"]
        threads = f"with {model['decode_threads']} threads"
        lines += [
            ("Speed", model["in_words"]),
            ("", f"It reads {reads:.0f} and writes {writes:.0f} tokens a second, the latter {threads}."),
            ("Budgets", f"{budgets} tokens"),
        ]
    lines += [(name.capitalize(), _directory_words(each)) for name, each in document["directories"].items()]
    lines += _index_facts(document["index"])
    lines += [*egress_facts(document["egress"]), ("Network", _network(document))]
    facts(lines)
    out("")
    for finding in report.findings:
        kind = "PROBLEM" if finding.blocks else "Note"
        out(f"{kind}: {finding.what.rstrip('.')}. {finding.remedy}.")
    out("Completion works." if report.works else "Completion cannot work until the problem above is solved.")


def _network(document: dict[str, Any]) -> str:
    if document["offline"]:
        return "offline: no socket is opened"
    closed = document["egress"]["mode"] == "never" or not document["egress"]["providers"]
    return "only to fetch a model" if closed else "to fetch a model, and to the providers above"


def _index_facts(index: dict[str, Any]) -> list[tuple[str, str]]:
    sqlite = f"SQLite {index['sqlite']['version']}"
    lines = [("Indexing", f"{sqlite}, {index['git'] or 'no git'}")]
    without = [each["language"] for each in index["languages"]]
    lines += (
        [("", f"No outlines for {', '.join(without)}: these files are searched by their words")]
        if without
        else []
    )
    if not index["enabled"]:
        return [*lines, ("Index", "turned off by `[context] index` in config.toml")]
    if index["workspace"] is None:
        return [*lines, ("Index", "none for this directory yet: an editor or `assist index` makes one")]
    return [*lines, *status_facts(index["workspace"])]


def _directory_words(directory: dict[str, Any]) -> str:
    if not directory["exists"]:
        return f"{directory['path']} (does not exist yet)"
    free = f", {megabytes(directory['free_bytes'])} free" if "free_bytes" in directory else ""
    return f"{directory['path']} ({directory['mode']}{free})"
