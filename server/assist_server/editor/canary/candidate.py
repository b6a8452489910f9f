"""Whether the candidate of the settings may write ghost text: it has to be here, and not clearly worse.

It opens no model. It reads the counts of use and the header of the model's file, so use a thread.
"""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from assist_completion.errors import ModelError
from assist_completion.model_store.store import Store, resolve
from assist_completion.settings import model_name
from assist_server.config.config import Config
from assist_server.records.model_comparison import ModelComparison, compare_models, with_offered
from assist_server.records.usage_rows import read
from assist_server.wording.candidates import missing_words, same_name_words, worse_words

# Standard deviations beyond which a difference ends a candidate. It is looked at with each session, so chance
# has many tries: within 200 simulated sessions 1.96 (95 %) ended 8 to 19 % of equal models, and 3 ended 1 %.
Z = 3.0


@dataclass(frozen=True, slots=True)
class CandidateState:
    """The candidate of the settings, how it compares so far, and in words why it is not used, or ""."""

    model: str
    comparison: ModelComparison
    why_not: str = ""


def candidate_state(config: Config) -> CandidateState | None:
    """Whether the candidate may be drawn; None if the settings name none but the model itself. Blocks."""
    settings = config.completion
    candidate = model_name(settings.candidate)
    usual = model_name(settings.model)
    if settings.candidate in ("", settings.model):
        return None
    counts = counts_by_model(config.paths.data)
    found = compare_models(counts.get(candidate, Counter()), counts.get(usual, Counter()), Z)
    if candidate == usual:  # two files: their counts could not be told apart
        return CandidateState(settings.candidate, found, same_name_words(candidate))
    if found.verdict == "worse":
        return CandidateState(settings.candidate, found, worse_words(candidate, usual, found))
    try:
        resolve(Store(config.paths.data / "models"), settings.candidate)
    except ModelError as error:
        return CandidateState(settings.candidate, found, missing_words(candidate, usual, str(error)))
    return CandidateState(settings.candidate, found)


def counts_by_model(data: Path) -> dict[str, Counter[str]]:
    """The counts of use of each model that wrote ghost text on this machine, each with "offered"."""
    sums: dict[str, Counter[str]] = {}
    for key, counts in read(data).items():
        sums.setdefault(key.model, Counter()).update(with_offered(counts))
    return sums
