"""Opens the models of a session: those of the settings, or in a share of the sessions the candidate.

Who answers questions does not change by that. It does not know where the draw is from.
"""

from collections.abc import Callable
from dataclasses import replace

from assist_completion.errors import ModelError
from assist_completion.settings import model_name
from assist_server.config.config import Config, answering_model
from assist_server.editor.canary.candidate import candidate_state
from assist_server.local_model.opening import OpenedModels, open_engine
from assist_server.wording.candidates import missing_words

Say = Callable[[str], None]


def open_by_draw(
    config: Config,
    say: Say,
    draw: Callable[[], float],
    open_models: Callable[[Config, Say], OpenedModels] = open_engine,
) -> OpenedModels:
    """The models, with the candidate for ghost text if `draw` gives a number below its share.

    It draws only if the candidate may be used; if not, or if it cannot be opened, the `notice` says why.
    Blocks; raises `ModelError` for the model of the settings.
    """
    state = candidate_state(config)
    if state is None:
        return open_models(config, say)
    why_not = state.why_not
    if not why_not and draw() < config.completion.share:
        try:
            return open_models(_with_candidate(config), say)
        except ModelError as error:
            settings = config.completion
            why_not = missing_words(model_name(settings.candidate), model_name(settings.model), str(error))
    return replace(open_models(config, say), notice=why_not)


def _with_candidate(config: Config) -> Config:
    completion = replace(config.completion, model=config.completion.candidate)
    answers = replace(config.answers, model=answering_model(config))
    return replace(config, completion=completion, answers=answers)
