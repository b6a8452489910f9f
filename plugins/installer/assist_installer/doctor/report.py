"""What this installation is and what is wrong with it, each problem with its remedy.

It gathers facts and prints none. Measuring a model for the first time takes about two seconds, and again if
the machine was busy the last time.
"""

import os
import platform
import shutil
import stat
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from assist_completion.errors import ModelError
from assist_completion.inference.libraries import REMEDIES, library_in_use, library_sources, trouble
from assist_completion.inference.llama import features
from assist_completion.inference.physical_cores import physical_cores
from assist_completion.inference.speed_probe import Speeds, budget_for
from assist_completion.model_store.catalogue import ModelRow, find
from assist_completion.model_store.models_lock import read_pins
from assist_completion.model_store.store import Store, get_path, resolve
from assist_completion.settings import is_path
from assist_installer.doctor.egress import egress_facts, server_facts
from assist_installer.doctor.finding import DoctorFinding
from assist_installer.doctor.index import index_facts
from assist_installer.wording import cold_seconds, speed_words, warm_seconds
from assist_server.config.config import Config
from assist_server.local_model.machine import is_translated, memory_bytes
from assist_server.local_model.opening import measure_model, open_store, use_libraries

PACKAGES = (
    "assist-lsp",
    "pygls",
    "tree-sitter",
    "huggingface-hub",
    "numpy",
    "typer",
    "rich",
)


_TRANSLATED = DoctorFinding(
    "This Python is made for Intel and translated by Rosetta, so that the model runs several times slower",
    "Install a Python for Apple silicon (arm64), and assist with that one",
)


@dataclass(frozen=True, slots=True)
class DoctorReport:
    """The facts, as JSON has them, and the findings."""

    facts: dict[str, Any]
    findings: tuple[DoctorFinding, ...]

    @property
    def works(self) -> bool:
        return not any(finding.blocks for finding in self.findings)


def examine(config: Config, workspace: Path) -> DoctorReport:
    """Check what completion needs, the workspace's index, if any, and what may leave the machine."""
    findings = [
        DoctorFinding(str(problem), f"Edit {config.paths.config_file}", blocks=True)
        for problem in config.problems
    ]
    if translated := is_translated():
        findings.append(_TRANSLATED)
    llama = _llama(config, findings)  # first: it says which library is measured
    model = _model(config, findings, measured=bool(llama["source"]))
    facts = {
        "python": platform.python_version(),
        "packages": {name: _version(name) for name in PACKAGES},
        "machine": {
            "system": platform.platform(),
            "cores": physical_cores(),
            "memory_bytes": memory_bytes(),
            "translated": translated,
            "llama": llama,
        },
        "model": model,
        "index": index_facts(config, workspace, findings),
        "egress": egress_facts(config, workspace, findings),
        "server": server_facts(config, [str(workspace)], findings),
        "editor_knowledge": config.completion.editor_knowledge,
        "offline": config.offline,
        "directories": _directories(config, findings),
    }
    return DoctorReport(facts, tuple(findings))


def _llama(config: Config, findings: list[DoctorFinding]) -> dict[str, str]:
    """Which llama.cpp runs, and which of the processor's instructions it uses."""
    try:
        use_libraries(config)
        if (source := next(iter(library_sources()), None)) and (why := trouble(source)):
            raise ModelError(f"{why} {REMEDIES[source.origin]}.")
        found = library_in_use()
    except ModelError as error:
        what, _, remedy = str(error).removesuffix(".").rpartition(". ")
        findings.append(DoctorFinding(what, remedy, blocks=True))
        return dict.fromkeys(("source", "build", "variant", "library", "features"), "")
    return {
        "source": found.source.origin,
        "build": found.source.build,
        "variant": found.variant,
        "library": str(found.library.path),
        "features": features(),
    }


def _model(config: Config, findings: list[DoctorFinding], *, measured: bool) -> dict[str, Any]:
    """The model in use, as far as each step succeeds: found, accepted, loaded, measured."""
    name = config.completion.model
    store = open_store(config)
    known: dict[str, Any] = {"name": name, "path": "", "bytes": 0, "hash": "", "infilling": False}
    try:
        row = None if is_path(name) else find(name, store.rows)
        path = resolve(store, name)
        known |= {"path": str(path), "bytes": path.stat().st_size, "hash": _hash_state(store, row, findings)}
        if not measured:  # no library can
            return known
        speeds = measure_model(config, path, again=True)
        speed = speeds.used
    except ModelError as error:
        findings.append(DoctorFinding(str(error), "`assist setup` installs a working model", blocks=True))
        return known
    budget = budget_for(speed, config.completion)
    return known | {
        "infilling": True,  # the probe refuses any other
        "prefill_tokens_per_s": round(speed.prefill, 1),
        "decode_tokens_per_s": round(speed.decode, 1),
        "measured_on_a_busy_machine": not speed.quiet,
        "answers": {
            "reads": {"tokens_per_s": round(speed.reading, 1), "counted": len(speed.reads)},
            "writes": {"tokens_per_s": round(speed.writing, 1), "counted": len(speed.writes)},
        },
        "decode_threads": speed.decode_threads,
        "device": _device(speeds),
        "warm_seconds": round(warm_seconds(speed), 2),
        "cold_seconds": round(cold_seconds(speed, budget), 2),
        "in_words": speed_words(speed, budget),
        "budget_tokens": {
            "context": budget.context,
            "head": budget.full.head,
            "suffix": budget.full.suffix,
            "cold_head": budget.small.head,
            "cold_suffix": budget.small.suffix,
            "line": budget.line_tokens,
            "block": budget.block_tokens,
        },
    }


def _device(speeds: Speeds) -> dict[str, Any]:
    """The graphics device, as it was measured: how many layers of the model it holds, or why none."""
    speed = speeds.used
    found = speeds.device or speed
    return {
        "setting": speeds.wanted,
        "kind": found.device,
        "name": found.name,
        "memory_bytes": found.memory,
        "free_bytes": found.free,
        "layers": speed.layers,
        "slice_tokens": speed.slice,
        "in_words": speeds.words,
    }


def _hash_state(store: Store, row: ModelRow | None, findings: list[DoctorFinding]) -> str:
    """`accepted`, `changed` or `unknown`, by size and pin. Only `assist models verify` hashes."""
    if row is None:
        return "unknown"
    pin = read_pins(store.root).get(row.name)
    if pin is None:
        findings.append(
            DoctorFinding(
                f"The file of {row.name} was never checked",
                f"Run `assist models pull {row.name}`: it hashes it",
            )
        )
        return "unknown"
    if pin.bytes != get_path(store, row).stat().st_size:
        findings.append(
            DoctorFinding(
                f"The file of {row.name} is not the one that was accepted",
                f"Run `assist models remove {row.name}`, then `assist models pull {row.name}`",
            )
        )
        return "changed"
    return "accepted"


def _directories(config: Config, findings: list[DoctorFinding]) -> dict[str, Any]:
    named = {"config": config.paths.config, "data": config.paths.data, "models": open_store(config).root}
    return {name: _directory(path, name, findings) for name, path in named.items()}


def _directory(path: Path, name: str, findings: list[DoctorFinding]) -> dict[str, Any]:
    """A directory's state. A missing one is no problem if it can be made."""
    variable = "ASSIST_CONFIG_DIR" if name == "config" else "ASSIST_DATA_DIR"
    parent = next(parent for parent in (path, *path.parents) if parent.exists())
    if not os.access(parent, os.W_OK):
        findings.append(
            DoctorFinding(
                f"{path} cannot be written", f"Change its permissions, or name another in {variable}"
            )
        )
    if not path.is_dir():
        return {"path": str(path), "exists": False, "mode": ""}
    mode = stat.S_IMODE(path.stat().st_mode)
    if mode & stat.S_IWOTH and os.name == "posix":
        findings.append(
            DoctorFinding(f"Everyone may write into {path} ({mode:04o})", f"Run `chmod 700 {path}`")
        )
    free = {"free_bytes": shutil.disk_usage(path).free} if name == "models" else {}
    return {"path": str(path), "exists": True, "mode": f"{mode:04o}", **free}


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return ""
