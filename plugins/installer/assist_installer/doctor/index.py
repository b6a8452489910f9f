"""What the workspace's index is and what is wrong with it, for `doctor`. It builds no index."""

import os
import stat
from pathlib import Path
from typing import Any

from assist_context.code.symbols import symbols
from assist_context.files.exclusions import unreadable_rule_files
from assist_context.files.git_repository import Git, find_git
from assist_context.index import database
from assist_context.index.reader import IndexReader
from assist_context.languages import LANGUAGES
from assist_installer.doctor.finding import DoctorFinding
from assist_server.config.config import Config
from assist_server.workspace.folder_index import status_document
from assist_server.workspace.index_update import known_folder
from assist_server.workspace.members import library_document

AGAIN = "Run `assist index`: it rebuilds what is damaged or too old"
LISTED = 3  # files that a finding names


def index_facts(config: Config, root: Path, findings: list[DoctorFinding]) -> dict[str, Any]:
    """The index of the nearest folder, from `root` up, that has one, and what indexing needs."""
    git = find_git(Git(config.programs), str(root))
    if git is None:
        what = "git is not on PATH: ignore files are read without it"
        findings.append(DoctorFinding(what, "Install git"))
    if not database.SEARCHABLE:
        what = (
            f"SQLite {database.VERSION} is older than 3.43: every change of an ignore rule needs a new index"
        )
        findings.append(DoctorFinding(what, "Use a newer Python"))
    facts: dict[str, Any] = {
        "libraries": library_document(config),
        "enabled": config.context.index,
        "git": git.program if git else "",
        "sqlite": {"version": database.VERSION, "searchable": database.SEARCHABLE},
        "languages": _languages(findings),
        "workspace": None,
    }
    for docs in config.context.docs:
        if not os.path.isdir(docs):
            what = f"[context] docs names {docs}, which is not a folder, so it is not searched"
            findings.append(DoctorFinding(what, f"Correct {config.paths.config_file}"))
    folder = known_folder(config, root)
    for file in unreadable_rule_files(folder.root if folder else os.path.realpath(root)):
        what = f"The rule file {file} cannot be read, so everything in its folder is excluded"
        findings.append(DoctorFinding(what, "Save it as text in UTF-8"))
    if folder is not None:
        _check_mode(Path(folder.database).parent, findings)
        reader = IndexReader(folder.database)
        status = reader.status()
        reader.close()
        facts["workspace"] = {**status_document(folder, status), "state": status.state}
        if status.problem:
            findings.append(DoctorFinding(f"The index cannot be read: {status.problem}", AGAIN))
        if status.quarantined:
            findings.append(_quarantine_finding(status.quarantined))
    return facts


def _languages(findings: list[DoctorFinding]) -> list[dict[str, str]]:
    """The languages that give no outline. Some have no grammar by design; those are no findings."""
    found = []
    for language in LANGUAGES:
        problem = symbols(language, "").problem
        if problem and not language.markup:  # pages are outlined by their headings
            found.append({"language": language.name, "problem": problem})
        if problem and (language.grammar or language.outline):
            findings.append(DoctorFinding(f"{language.name}: {problem}", "Install assist again"))
    return found


def _quarantine_finding(quarantined: tuple[tuple[str, str], ...]) -> DoctorFinding:
    named = ", ".join(f"{path} ({why})" for path, why in quarantined[:LISTED])
    more = f" and {len(quarantined) - LISTED} more" if len(quarantined) > LISTED else ""
    count = f"{len(quarantined)} files are" if len(quarantined) > 1 else "One file is"
    return DoctorFinding(
        f"{count} left out of the index: {named}{more}",
        "You need not do anything; a line in .assistignore stops further attempts",
    )


def _check_mode(folder: Path, findings: list[DoctorFinding]) -> None:
    mode = stat.S_IMODE(folder.stat().st_mode)
    if mode & 0o077 and os.name == "posix":
        what = f"Other users can read {folder} ({mode:04o}), which contains words of your code"
        findings.append(DoctorFinding(what, f"Run `chmod 700 {folder}`"))
