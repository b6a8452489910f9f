"""The command `doctor`: what is wrong with this installation."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from assist_server.cli.commands.index import status_facts
from assist_server.cli.flags import (
    AsJson,
    Offline,
    example,
    set_offline,
)
from assist_server.cli.output import show_view
from assist_server.config import config as configuration
from assist_server.errors import FAILED
from assist_server.wording import amounts
from assist_server.wording.amounts import megabytes
from assist_server.wording.views import CommandView, NamedValues

if TYPE_CHECKING:  # loads llama.cpp, 0.4 s
    from assist_installer.doctor.report import DoctorReport

HASHES = {
    "accepted": "hash checked at download",
    "changed": "NOT the file that was accepted",
    "unknown": "hash never checked",
    "": "hash not known",
}


def add_to(app: typer.Typer) -> None:
    """Put these commands into the command line."""
    app.command(
        "doctor",
        epilog=example("assist doctor", "assist doctor --json"),
        short_help="Check the installation, and suggest fixes.",
    )(doctor)


def doctor(as_json: AsJson = False, offline: Offline = False) -> None:
    """Check everything that completion needs.

    The exit code is 1 if completion cannot work or a setting is invalid.
    """
    from assist_installer.doctor.report import examine  # noqa: PLC0415

    report = examine(set_offline(configuration.load_lenient(), offline=offline), Path.cwd())
    findings = [asdict(finding) for finding in report.findings]
    document = {"ok": report.works, **report.facts, "problems": findings}
    show_view(CommandView(document, [*_report_words(report)]), as_json=as_json)
    if not report.works:
        raise typer.Exit(FAILED)


def _report_words(report: "DoctorReport") -> Iterator[str | NamedValues]:
    """What is there, each finding, and whether completion works."""
    from assist_installer.server_words import server_words  # noqa: PLC0415

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
        ("llama.cpp", _library_words(machine["llama"])),
        ("Model", f"{model['name']}{size}"),
        ("File", model["path"] or "-"),
    ]
    if model["infilling"]:
        lines += _speed_facts(model)
    lines += [
        (name.capitalize(), _directory_words(directory))
        for name, directory in document["directories"].items()
    ]
    lines += _index_facts(document["index"])
    if document["server"]:
        lines.append(("Ghost text", server_words(document["server"])))
    asked = "are asked" if document["editor_knowledge"] else "are not asked"
    lines.append(("Editor", f"its other language servers {asked} which members exist (VS Code and Neovim)"))
    lines += [*_egress_facts(document["egress"]), ("Network", _network(document))]
    yield lines
    yield ""
    for finding in report.findings:
        kind = "PROBLEM" if finding.blocks else "Note"
        yield f"{kind}: {finding.what.rstrip('.')}. {finding.remedy}."
    if report.works:
        yield "Completion works."
    elif model["infilling"]:
        yield "Settings are wrong: solve the problem above."
    else:
        yield "Completion cannot work until the problem above is solved."


def _egress_facts(report: dict[str, Any]) -> list[tuple[str, str]]:
    """What may leave, what it may cost, and how the records are."""
    from assist_server.wording import records  # noqa: PLC0415

    budget, ledger, audit, model = (report[name] for name in ("budget", "ledger", "audit", "model"))
    usable = "" if model["usable"] else " (not on this machine)"
    left = (
        f"{records.dollars(budget['left_today_usd'])} of {records.dollars(budget['day_usd'])} are left today"
    )
    lines = [
        ("Answers", f"{model['name']}{usable}"),
        ("Egress", f"mode {report['mode']}; repository's files: {report['trust']}; {left}"),
    ]
    for provider in report["providers"]:
        key = f"key in {provider['key_env']} {'set' if provider['key_set'] else 'NOT SET'}"
        key = key if provider["key_env"] else "no key needed"
        lines.append(("", f"{provider['name']}: {provider['model']} at {provider['host']}, {key}"))
    open_ = f", {records.requests_are(ledger['unsettled'])} not settled" if ledger["unsettled"] else ""
    lines.append(("Ledger", f"{ledger['path']} ({ledger['state']}{open_})"))
    orphans = f", {records.requests_are(audit['orphans'])} without an outcome" if audit["orphans"] else ""
    return [*lines, ("Audit log", f"{audit['path']} ({audit['state']}, {audit['events']:,} events{orphans})")]


def _speed_facts(model: Mapping[str, Any]) -> list[tuple[str, str]]:
    """What was measured of the model, and what follows from it."""
    reads = model["prefill_tokens_per_s"]
    writes = model["decode_tokens_per_s"]
    threads = f"with {model['decode_threads']} thread{'s' * (model['decode_threads'] != 1)}"
    speed = f"It reads {reads:.0f} and writes {writes:.0f} tokens a second (writing {threads})."
    return [
        ("Speed", model["in_words"]),
        ("", " ".join(filter(None, (speed, _answers_words(model["answers"]))))),
        ("Device", _device_words(model["device"])),
        ("Prompts", _budget_words(model["budget_tokens"])),
    ]


def _answers_words(answers: Mapping[str, Any]) -> str:
    """What is expected of the next answer, by the last ones; "" without any.

    >>> last = {"reads": {"tokens_per_s": 81.6, "counted": 5}, "writes": {"tokens_per_s": 20.0, "counted": 0}}
    >>> _answers_words(last)
    'Judging by the last answers, the next one reads 82 tokens a second.'
    """
    counted = [f"{what} {row['tokens_per_s']:.0f}" for what, row in answers.items() if row["counted"]]
    return (
        f"Judging by the last answers, the next one {' and '.join(counted)} tokens a second."
        if counted
        else ""
    )


def _library_words(llama: Mapping[str, str]) -> str:
    """Which library of llama.cpp runs, and what it uses of the processor, from what it prints.

    >>> printed = "CPU : SSE3 = 1 | AVX2 = 1 | AVX512 = 0"
    >>> words = {"source": "prebuilt", "build": "x 1.0", "variant": "zen4", "library": "/x/l.so"}
    >>> _library_words({**words, "features": printed})
    'prebuilt (x 1.0, zen4), uses SSE3, AVX2 (/x/l.so)'
    """
    if not llama["source"]:
        return "-"
    build = ", ".join(filter(None, (llama["build"], llama["variant"])))
    used = re.findall(r"(\w+) = 1\b", llama["features"])
    words = f"uses {', '.join(used)}" if used else llama["features"]
    return f"{llama['source']} ({build}), {words} ({llama['library']})"


def _device_words(device: Mapping[str, Any]) -> str:
    """What computes, and what was measured."""
    if device["layers"]:
        words = f"{device['name']} ({device['kind']}), {amounts.memory(device['memory_bytes'])} of memory"
        words += f" ({amounts.memory(device['free_bytes'])} free when it was measured)"
        return f"{words}, holds all {device['layers']} layers. {device['in_words']}".rstrip()
    why = ", as [completion] device says" if device["setting"] == "cpu" else ""
    return f"the processor{why}. {device['in_words']}".rstrip()


def _budget_words(tokens: Mapping[str, int]) -> str:
    """How much code the model reads for ghost text, and how much it writes at most."""
    return (
        f"{tokens['head']:,} tokens before the cursor and {tokens['suffix']:,} after it; at a new position "
        f"{tokens['cold_head']:,} and {tokens['cold_suffix']:,}, of {tokens['context']:,} that fit with "
        f"other files; at most {tokens['line']:,} are written for a line, {tokens['block']:,} for several"
    )


def _network(document: dict[str, Any]) -> str:
    if document["offline"]:
        return "offline: no socket is opened"
    closed = document["egress"]["mode"] == "never" or not document["egress"]["providers"]
    places = [] if closed else ["the providers"]
    places += ["the team's server"] if document["server"] else []
    return f"to fetch a model, and to {' and '.join(places)} above" if places else "only to fetch a model"


def _index_facts(index: dict[str, Any]) -> list[tuple[str, str]]:
    sqlite = f"SQLite {index['sqlite']['version']}"
    lines = [("Indexing", f"{sqlite}, {index['git'] or 'no git'}")]
    without = [language["language"] for language in index["languages"]]
    lines += (
        [("", f"No outlines for {', '.join(without)}: these files are searched by their words")]
        if without
        else []
    )
    lines.append(("Libraries", libraries_words(index["libraries"])))
    if not index["enabled"]:
        return [*lines, ("Index", "turned off by `[context] index` in config.toml")]
    if index["workspace"] is None:
        return [*lines, ("Index", "none for this directory yet: an editor or `assist index` makes one")]
    return [*lines, *status_facts(index["workspace"])]


def libraries_words(libraries: dict[str, Any]) -> str:
    """What is known of installed packages, from `library_document`, in words."""
    if "missing" in libraries:
        return f"needs the package {libraries['missing']}, which is not installed"
    if not libraries["enabled"]:
        return "turned off by `[context] libraries` or `index` in config.toml"
    if not libraries["packages"]:
        return "none yet: an editor outlines what open files import"
    return f"{libraries['packages']:,} packages outlined, {megabytes(libraries['bytes'])}"


def _directory_words(directory: dict[str, Any]) -> str:
    if not directory["exists"]:
        return f"{directory['path']} (does not exist yet)"
    free = f", {megabytes(directory['free_bytes'])} free" if "free_bytes" in directory else ""
    return f"{directory['path']} ({directory['mode']}{free})"
