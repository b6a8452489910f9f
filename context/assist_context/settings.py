"""The settings of the workspace's index, with the texts of the reference page."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class ContextSettings:
    """The `[context]` table."""

    index: bool = field(
        default=True,
        metadata={
            "doc": "Whether the workspace is indexed, so that the model also sees definitions and related"
            " code from other files. The index stays on this machine and contains no source text."
        },
    )
    index_mb: int = field(
        default=0,
        metadata={
            "min": 0,
            "max": 1_048_576,
            "doc": "The maximum disk space for the index of a folder, in MB. 0: 1 GB or 0.6 times the "
            "size of the source, whichever is larger.",
        },
    )
    libraries: bool = field(
        default=True,
        metadata={
            "doc": "Whether assist outlines the installed packages that open files import: names, "
            "signatures, and the first sentences of their documentation. Ghost text with a name "
            "that a library does not have is then not shown. The outlines stay on this machine."
        },
    )
    docs: tuple[str, ...] = field(
        default=(),
        metadata={
            "path": True,
            "own_file": True,
            "doc": "Folders outside the workspace whose documentation pages `ask` may show, such as "
            '["~/handbook"]. Relative paths start at the folder of config.toml. No other files in them are '
            "shown. An .assist.toml in such a folder applies as it would in the workspace.",
        },
    )
