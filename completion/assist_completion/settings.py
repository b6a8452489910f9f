"""The settings of ghost text, with their bounds and the text of the reference page.

This module reads no file and no environment: the server makes a `CompletionSettings` from config.toml.
"""

from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, Literal, get_args

from assist_completion.errors import CompletionError

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

    model: str = field(
        default=DEFAULT_MODEL,
        metadata={
            "doc": "The model that writes ghost text: a name from `assist models list`, or the path of a "
            ".gguf file. `~` is your home directory; a relative path starts at the config directory."
        },
    )
    mode: Mode = field(
        default="balanced",
        metadata={
            "choices": get_args(Mode),
            "doc": "How sure the model must be before its text is shown, from `eager` (least) to `quiet` "
            "(most). With `manual`, nothing is computed until you request it.",
        },
    )
    threads: int = field(
        default=0,
        metadata={
            "min": 0,
            "max": 256,
            "doc": "The number of threads for the model. 0: one per physical core.",
        },
    )
    device: DeviceChoice = field(
        default="auto",
        metadata={
            "choices": get_args(DeviceChoice),
            "doc": "The device that runs the model: `auto` uses the GPU if the start-up probe finds it "
            "faster, `gpu` uses it wherever it works, `cpu` never uses it. The GPU needs a llama.cpp "
            "backend, which `assist setup` offers to download. If the GPU fails, the CPU takes over.",
        },
    )
    context_tokens: int = field(
        default=0,
        metadata={
            "min": 0,
            "max": 131_072,
            "doc": "The number of tokens of code that the model reads around the cursor, also after a "
            "jump. 0: as many as start-up measured this machine to be fast enough for; 190 after a jump.",
        },
    )
    max_lines: int = field(
        default=12,
        metadata={"min": 1, "max": 100, "doc": "The maximum number of lines in a suggestion. 1: one line."},
    )
    debounce_ms_max: int = field(
        default=300,
        metadata={
            "min": 0,
            "max": 5_000,
            "doc": "The maximum time to wait for a pause in typing before the model is asked, in "
            "milliseconds. A suggestion that is already computed is shown without waiting.",
        },
    )
    snapshot_mb: int = field(
        default=256,
        metadata={
            "min": 0,
            "max": 65_536,
            "doc": "The memory for the model's state at earlier cursor positions, in MB, so that code "
            "there is not read again when you return. 0: none.",
        },
    )
    speculate: bool = field(
        default=True,
        metadata={
            "doc": "Whether the model computes likely next suggestions when idle. `false` saves power."
        },
    )
    languages_off: tuple[str, ...] = field(
        default=(),
        metadata={
            "tightens": True,
            "doc": "Languages without automatic ghost text and next edits, by your editor's names for "
            'them, such as `["markdown", "plaintext"]`. Manual requests still work.',
        },
    )
    in_comments: bool = field(
        default=True,
        metadata={
            "tightens": True,
            "doc": "Whether ghost text appears automatically in comments; a docstring is not a comment.",
        },
    )
    recent_files: bool = field(
        default=True,
        metadata={"doc": "Whether the model also sees your recent edits in other files of the workspace."},
    )
    next_edit: Switch = field(
        default="on",
        metadata={
            "choices": get_args(Switch),
            "doc": "Whether assist offers the likely next edit after each edit. This needs no model. "
            "`mode` sets how likely the edit must be; with `manual` it is offered only on request.",
        },
    )
    library: str = field(
        default="",
        metadata={
            "path": True,
            "own_file": True,
            "doc": "The folder of your own llama.cpp build (`libllama` and its parts), used instead of "
            "those that came with assist. A change takes effect at the next start.",
        },
    )
    editor_knowledge: bool = field(
        default=True,
        metadata={
            "doc": "Whether assist asks the editor's other language servers which members may follow the "
            "dot before the cursor, while the model writes. Text that continues with another one is not "
            "shown. Works in VS Code and Neovim."
        },
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
