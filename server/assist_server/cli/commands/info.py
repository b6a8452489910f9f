"""The commands that tell: `config show|check`, `doctor` and `stats`; and `config trust`, which asks."""

import json
from dataclasses import asdict, fields
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
from assist_server.config.permissions import EffectivePermissions, permitted
from assist_server.config.repository_file import repositories, trust
from assist_server.errors import FAILED, UserError
from assist_server.records import usage_counts as counted
from assist_server.wording.amounts import megabytes
from assist_server.wording.counts import answers_document, answers_facts, stats_document, stats_facts
from assist_server.wording.permissions import change_lines, permission_document, permission_lines

if TYPE_CHECKING:  # loads llama.cpp, 0.4 s
    from assist_server.cli.doctor.report import DoctorReport

HASHES = {
    "accepted": "hash checked when it came",
    "changed": "NOT the file that was accepted",
    "unknown": "hash never checked",
    "": "hash not known",
}
SECTIONS = ("completion", "context", "answers", "escalation")

config_app = typer.Typer(
    help="The settings, where they stand and whether they are right.",
    short_help="The settings, and whether they are right.",
    epilog=example("assist config check"),
    rich_markup_mode=None,
)


def add_to(app: typer.Typer) -> None:
    """Put these commands into the command line."""
    app.add_typer(config_app, name="config")
    app.command(
        "doctor",
        epilog=example("assist doctor", "assist doctor --json"),
        short_help="What is wrong, and what to do.",
    )(doctor)
    app.command(
        "stats", epilog=example("assist stats"), short_help="How much was asked, shown and accepted."
    )(stats)


@config_app.command(
    "show",
    short_help="Every setting as it is in force.",
    epilog=example("assist config show", "assist config show --json"),
)
def show_config(workspace: Workspace = Path(), as_json: AsJson = False, offline: Offline = False) -> None:
    """Every setting, which of them are not the default, and what may leave the machine and who says so."""
    config = with_offline(configuration.load_lenient(), offline=offline)
    found = permitted(config, [str(directory(workspace))])
    problems = _problems(config, found)
    if as_json:
        sections = {name: asdict(getattr(config, name)) for name in SECTIONS}
        told = [asdict(problem) for problem in problems]
        emit({**_where(config), "settings": sections, **permission_document(found), "problems": told})
        return
    file = config.paths.config_file
    out(f"# {file}{'' if file.exists() else ' (not there: every setting has its default)'}")
    out(f"# data in {config.paths.data}; {'offline' if config.offline else 'online'}")
    for name in SECTIONS:
        out(f"\n[{name}]")
        for item, value, default in _values(getattr(config, name)):
            out(f"{item} = {value}{'' if value == default else f'  # default: {default}'}")
    out("")
    for line in permission_lines(found):
        out(line)
    for problem in problems:
        say(f"assist: {problem}")


@config_app.command(
    "check",
    short_help="What is wrong in config.toml and the other files of settings.",
    epilog=example("assist config check"),
)
def check_config(workspace: Workspace = Path(), as_json: AsJson = False) -> None:
    """Read config.toml, policy.toml and .assist.toml and say what is wrong; exit code 1 if anything is."""
    config = configuration.load_lenient()
    found = permitted(config, [str(directory(workspace))])
    problems = _problems(config, found)
    if as_json:
        told = [asdict(problem) for problem in problems]
        emit({**_where(config), "ok": not problems, **permission_document(found), "problems": told})
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
    """Show what a repository's .assist.toml forbids, or forbids no more, and accept it if you say so.

    Until then nothing leaves the machine from there. A file that changed is to be accepted again.
    """
    root = directory(workspace)
    data = configuration.load_lenient().paths.data
    waiting = tuple(each for each in repositories(root, data) if each.state != "trusted")
    told = [
        {"path": str(each.path), "state": each.state, "says": list(change_lines(each))} for each in waiting
    ]
    wrong = [str(problem) for each in waiting if each.now for problem in each.now.problems]
    if wrong:
        raise UserError("\n".join([*wrong, "Nothing was accepted: correct the file first."]))
    for line in (line for each in waiting for line in change_lines(each)):
        (say if as_json else out)(line)
    if waiting:
        named = ", ".join(str(each.path) for each in waiting)
        ask_first(f"Accept {named}?", "Nothing was accepted.", yes=yes)
    if waiting:
        trust(waiting, data)
    if as_json:
        emit({"accepted": told})
    else:
        out("Accepted." if waiting else f"Nothing of {root} waits to be accepted.")


def doctor(as_json: AsJson = False, offline: Offline = False) -> None:
    """Look at everything that completion needs; exit code 1 if it cannot work."""
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
    """What was counted over all editor sessions on this machine, and of all answers: never any text."""
    from assist_escalation.routing import feedback  # noqa: PLC0415  (numpy, 0.1 s)
    from assist_server.cli.terminal.tables import facts  # noqa: PLC0415

    data = configuration.load_lenient().paths.data
    counts = counted.read(data)
    answers = answers_document(feedback.events(data / feedback.FILE))
    if as_json:
        emit({**stats_document(counts), "answers": answers})
        return
    if counts:
        facts(stats_facts(counts))
    else:
        out("Nothing was counted yet: counts are written when an editor's session ends.")
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


def _problems(config: Config, found: EffectivePermissions) -> list[Problem]:
    return [*config.problems, *found.problems]


def _values(section: Any) -> list[tuple[str, str, str]]:
    """Each field of a section: its name, its value and its default, the latter two as JSON."""
    usual = type(section)()
    return [
        (item.name, _value(getattr(section, item.name)), _value(getattr(usual, item.name)))
        for item in fields(section)
    ]


def _value(value: Any) -> str:
    return json.dumps(value, default=asdict, ensure_ascii=False)


def _show_report(report: "DoctorReport") -> None:
    from assist_server.cli.terminal.tables import facts  # noqa: PLC0415
    from assist_server.wording.records import egress_facts  # noqa: PLC0415

    found = report.facts
    machine = report.facts["machine"]
    model = report.facts["model"]
    packages = ", ".join(f"{name} {number or '(missing)'}" for name, number in found["packages"].items())
    memory = f"{machine['memory_bytes'] / 2**30:.1f} GB of memory, {machine['system']}"
    size = f", {megabytes(model['bytes'])}, {HASHES[model['hash']]}" if model["path"] else " (not usable)"
    lines = [
        ("Python", found["python"]),
        ("Packages", packages),
        ("Machine", f"{machine['cores']} cores, {memory}"),
        ("llama.cpp", machine["llama_features"]),
        ("Model", f"{model['name']}{size}"),
        ("File", model["path"] or "-"),
    ]
    if model["infilling"]:
        budgets = ", ".join(f"{name} {number}" for name, number in model["budget_tokens"].items())
        reads, writes = model["prefill_tokens_per_s"], model["decode_tokens_per_s"]
        threads = f"with {model['decode_threads']} threads"
        lines += [
            ("Speed", model["in_words"]),
            ("", f"It reads {reads:.0f} and writes {writes:.0f} tokens a second, the latter {threads}."),
            ("Budgets", f"{budgets} tokens"),
        ]
    lines += [(name.capitalize(), _directory_words(each)) for name, each in found["directories"].items()]
    lines += _index_facts(found["index"])
    lines += [*egress_facts(found["egress"]), ("Network", _network(found))]
    facts(lines)
    out("")
    for finding in report.findings:
        kind = "PROBLEM" if finding.blocks else "Note"
        out(f"{kind}: {finding.what.rstrip('.')}. {finding.remedy}.")
    out("Completion works." if report.works else "Completion cannot work until the problem above is solved.")


def _network(found: dict[str, Any]) -> str:
    if found["offline"]:
        return "offline: no socket is opened"
    closed = found["egress"]["mode"] == "never" or not found["egress"]["providers"]
    return "only to fetch a model" if closed else "to fetch a model, and to the providers above"


def _index_facts(index: dict[str, Any]) -> list[tuple[str, str]]:
    sqlite = f"SQLite {index['sqlite']['version']}"
    lines = [("Indexing", f"{sqlite}, {index['git'] or 'no git'}")]
    without = [each["language"] for each in index["languages"]]
    lines += (
        [("", f"No outlines of {', '.join(without)}: these files are searched by their words")]
        if without
        else []
    )
    if not index["enabled"]:
        return [*lines, ("Index", "turned off by `[context] index` in config.toml")]
    if index["workspace"] is None:
        return [*lines, ("Index", "none of this directory yet: an editor or `assist index` makes one")]
    return [*lines, *status_facts(index["workspace"])]


def _directory_words(directory: dict[str, Any]) -> str:
    if not directory["exists"]:
        return f"{directory['path']} (not there yet)"
    free = f", {megabytes(directory['free_bytes'])} free" if "free_bytes" in directory else ""
    return f"{directory['path']} ({directory['mode']}{free})"
