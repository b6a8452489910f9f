"""The settings of ghost text, with their bounds and the text of the reference page.

This module reads no file and no environment: the server makes a `CompletionSettings` from config.toml.
"""

from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Literal, get_args

from assist_completion.errors import CompletionError
from assist_context.settings import setting

Mode = Literal["eager", "balanced", "quiet", "manual"]
Switch = Literal["on", "off"]
DeviceChoice = Literal["auto", "cpu", "gpu"]

DEFAULT_MODEL = "qwen2.5-coder-0.5b"


@dataclass(frozen=True, slots=True)
class CompletionSettings:
    """The `[completion]` table. A value out of bounds raises a `CompletionError` that names the field.

    >>> CompletionSettings(max_lines=0)
    Traceback (most recent call last):
    assist_completion.errors.CompletionError: max_lines = 0: use a number from 1 to 100
    """

    model: str = setting(
        DEFAULT_MODEL,
        "The model that writes ghost text: a name from `assist models list`, or the path of a .gguf file. "
        "`~` is your home directory; a relative path starts at the directory of config.toml.",
    )
    mode: Mode = setting(
        "balanced",
        "How sure the model must be before a suggestion is shown automatically, from `eager` (least sure) "
        "to `quiet` (most sure). With `manual`, nothing is computed until you request a suggestion.",
        choices=get_args(Mode),
    )
    threads: int = setting(
        0,
        "The number of threads that run the model. 0: one per fast physical core, at most 8.",
        min=0,
        max=256,
    )
    device: DeviceChoice = setting(
        "auto",
        "The device that runs the model. `auto`: the GPU, if a measurement at start-up finds it faster. "
        "`gpu`: the GPU, wherever it works. `cpu`: never the GPU. The GPU needs its own llama.cpp library, "
        "which `assist setup` offers to download. If the GPU fails, the CPU takes over.",
        choices=get_args(DeviceChoice),
    )
    context_tokens: int = setting(
        0,
        "The number of tokens of code in the model's prompt, also in the first prompt at a new "
        "position. 0: the number depends on this machine's speed, which assist measures at start-up; at a "
        "new position it is at least 190.",
        min=0,
        max=131_072,
    )
    max_lines: int = setting(
        12, "The maximum number of lines in a suggestion. 1: only single lines.", min=1, max=100
    )
    debounce_ms_max: int = setting(
        300,
        "The maximum time that assist waits for a pause in typing before it asks the model, in "
        "milliseconds. A suggestion that is already computed is shown without waiting.",
        min=0,
        max=5_000,
    )
    snapshot_mb: int = setting(
        256,
        "The maximum memory, in MB, for what the model has read at earlier cursor positions. Code there is "
        "then not read again when you return. 0: nothing is kept.",
        min=0,
        max=65_536,
    )
    speculate: bool = setting(
        True, "Whether the model computes likely next suggestions while it is idle. `false` saves power."
    )
    languages_off: tuple[str, ...] = setting(
        (),
        "Languages in which ghost text and next edits do not appear automatically, by your editor's "
        'language identifiers, such as `["markdown", "plaintext"]`. Manual requests still work.',
        tightens=True,
    )
    in_comments: bool = setting(
        True,
        "Whether ghost text appears automatically in comments. A docstring does not count as a comment.",
        tightens=True,
    )
    recent_files: bool = setting(
        True, "Whether the model also sees your recent edits in other files of the workspace."
    )
    next_edit: Switch = setting(
        "on",
        "Whether assist suggests the likely next edit after each edit. This needs no model. `mode` sets how "
        "likely the edit must be; with `manual`, an edit is suggested only on request.",
        choices=get_args(Switch),
    )
    library: str = setting(
        "",
        "The folder with your own build of llama.cpp (`libllama` and the libraries it needs), used instead "
        "of the build that came with assist. A change takes effect at the next start.",
        path=True,
        own_file=True,
    )
    editor_knowledge: bool = setting(
        True,
        "Whether assist asks your editor's other language servers which members may follow the dot before "
        "the cursor, while the model writes. Automatic ghost text is then cut before a member that they do "
        "not list, or hidden. Works in VS Code and Neovim.",
    )

    def __post_init__(self) -> None:
        check_model(self.model)
        check_bounds(self)


def is_path(model: str) -> bool:
    """Return whether a `model` setting is the path of a file, and not a name in the catalogue.

    >>> is_path("qwen2.5-coder-0.5b"), is_path("~/models/mine.gguf")
    (False, True)
    """
    return "/" in model or "\\" in model or model.lower().endswith(".gguf")


def model_name(model: str) -> str:
    """Return what people call the model of a `model` setting: the file's name, where that is a path.

    >>> model_name("qwen2.5-coder-0.5b"), model_name("~/models/mine.gguf")
    ('qwen2.5-coder-0.5b', 'mine')
    """
    return Path(model).stem if is_path(model) else model


def check_model(model: str) -> None:
    """Raise `CompletionError` unless `model` can be a catalogue name or the path of a .gguf file."""
    if not model.strip() or any(character < " " for character in model):
        raise CompletionError(f"model = {model!r}: use a model's name or the path of a .gguf file")
    if is_path(model) and not model.lower().endswith(".gguf"):
        raise CompletionError(f"model = {model!r}: a path must end in .gguf; a name has no slash")


def check_bounds(settings: Any) -> None:
    """Raise `CompletionError` for a field that is out of the `choices`, `min` and `max` of its metadata."""
    for item in fields(settings):
        value = getattr(settings, item.name)
        bounds = item.metadata
        if "choices" in bounds and value not in bounds["choices"]:
            choices = ", ".join(bounds["choices"])
            raise CompletionError(f"{item.name} = {value!r}: choose one of {choices}")
        if "min" in bounds and not bounds["min"] <= value <= bounds["max"]:
            low, high = bounds["min"], bounds["max"]
            raise CompletionError(f"{item.name} = {value!r}: use a number from {low} to {high}")
