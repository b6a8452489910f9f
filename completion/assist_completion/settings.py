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
            "doc": "The model that writes ghost text: a name that `assist models list` knows, or the path "
            "of a .gguf file. `~` is your home; a relative path starts at the config directory."
        },
    )
    mode: Mode = field(
        default="balanced",
        metadata={
            "choices": get_args(Mode),
            "doc": "How sure the model must be before its text is shown, from `eager` (least) to `quiet` "
            "(most). `manual` computes only when you ask.",
        },
    )
    threads: int = field(
        default=0,
        metadata={
            "min": 0,
            "max": 256,
            "doc": "Threads the model computes with. 0 takes one for each physical core.",
        },
    )
    device: DeviceChoice = field(
        default="auto",
        metadata={
            "choices": get_args(DeviceChoice),
            "doc": "What computes: `auto` takes the graphics device where the start-up probe finds it "
            "faster, `gpu` wherever it works, `cpu` never asks for one. The llama.cpp in use needs a part "
            "for it, which `assist setup` offers to fetch. If the device fails, the processor goes on.",
        },
    )
    context_tokens: int = field(
        default=0,
        metadata={
            "min": 0,
            "max": 131_072,
            "doc": "Tokens of code the model reads around the cursor, at a new place too. 0 takes what the "
            "start-up probe found this machine to be fast enough for, and at least 190 at a new place.",
        },
    )
    max_lines: int = field(
        default=12,
        metadata={"min": 1, "max": 100, "doc": "The most lines one suggestion may have. 1 turns blocks off."},
    )
    debounce_ms_max: int = field(
        default=300,
        metadata={
            "min": 0,
            "max": 5_000,
            "doc": "The longest wait, in milliseconds, for a pause in typing before the model is asked. "
            "Text that is already known is shown without any wait.",
        },
    )
    snapshot_mb: int = field(
        default=256,
        metadata={
            "min": 0,
            "max": 65_536,
            "doc": "Memory, in MB, for places you have been to, so that coming back costs nothing. "
            "0 remembers none.",
        },
    )
    speculate: bool = field(
        default=True,
        metadata={
            "doc": "Whether the model works ahead on what may come next while it would be idle. "
            "`false` saves power."
        },
    )
    languages_off: tuple[str, ...] = field(
        default=(),
        metadata={
            "tightens": True,
            "doc": "Languages in which nothing comes unasked, neither ghost text nor the next edit, by the "
            'names that your editor gives them, such as `["markdown", "plaintext"]`. If you ask by hand, you '
            "get an answer.",
        },
    )
    in_comments: bool = field(
        default=True,
        metadata={
            "tightens": True,
            "doc": "Whether ghost text comes unasked inside comments. A docstring is a string, not a "
            "comment.",
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
            "doc": "Whether the edit that probably comes next is offered after an edit. It needs no model. "
            "How sure it must be, `mode` says; with `manual` it comes only when you ask.",
        },
    )
    library: str = field(
        default="",
        metadata={
            "path": True,
            "own_file": True,
            "doc": "The folder of a llama.cpp of your own (`libllama` and its parts), to be used in place of "
            "those that came with assist. It is read at the next start.",
        },
    )
    editor_knowledge: bool = field(
        default=True,
        metadata={
            "doc": "Whether the editor's other language servers are asked which members may follow the dot "
            "before the cursor, while the model writes. Ghost text that goes on with another one is not "
            "shown. It works in VS Code and Neovim."
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
