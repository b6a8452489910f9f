"""The candidate for ghost text, for `doctor`: how it compares so far, and whether it may be used."""

from typing import Any

from assist_server.cli.doctor.finding import DoctorFinding
from assist_server.config.config import Config
from assist_server.editor.canary.candidate import candidate_state


def candidate_facts(config: Config, findings: list[DoctorFinding]) -> dict[str, Any] | None:
    """The candidate, None if the settings name none. That it is not used becomes a finding."""
    state = candidate_state(config)
    if state is None:
        return None
    if state.why_not:
        what = "`assist stats --by model` shows both, `assist config unset completion.candidate` ends it"
        findings.append(DoctorFinding(state.why_not, what))
    found = state.comparison
    return {
        "name": state.model,
        "share": config.completion.share,
        "used": not state.why_not,
        "kept": found.ours.kept,
        "shown": found.ours.shown,
        "model_kept": found.theirs.kept,
        "model_shown": found.theirs.shown,
        "verdict": found.verdict,
    }
