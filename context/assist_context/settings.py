"""The settings of the workspace's index, with the texts of the reference page."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class ContextSettings:
    """The `[context]` table."""

    index: bool = field(
        default=True,
        metadata={
            "doc": "Whether the workspace is indexed, so that the model also sees definitions and the like "
            "from other files. The index stays on this machine and holds no source text."
        },
    )
    index_mb: int = field(
        default=0,
        metadata={
            "min": 0,
            "max": 1_048_576,
            "doc": "The most disk space, in MB, for the index of a folder. 0 takes the larger of 1 GB and "
            "0.6 times the source.",
        },
    )
    libraries: bool = field(
        default=True,
        metadata={
            "doc": "Whether what open files import from installed packages is outlined: names, signatures, "
            "and first sentences. Ghost text with a name that a library does not have is then not shown. The "
            "outlines stay on this machine."
        },
    )
    docs: tuple[str, ...] = field(
        default=(),
        metadata={
            "path": True,
            "own_file": True,
            "doc": "Folders outside of the workspace whose pages of documentation `ask` may show, such as "
            '["~/handbook"]. Relative paths start at the folder of config.toml. Nothing else of them is '
            "shown; an .assist.toml in such a folder counts like one in the workspace.",
        },
    )
