"""The settings of the workspace's index, with the texts of the reference page."""

from dataclasses import dataclass, field
from typing import TypeVar

_Default = TypeVar("_Default")


def setting(default: _Default, doc: str, **rules: object) -> _Default:
    """A field of a settings table: its default, its text on the reference page, and what it may contain."""
    return field(default=default, metadata={"doc": doc, **rules})


@dataclass(frozen=True, slots=True)
class ContextSettings:
    """The `[context]` table."""

    index: bool = setting(
        True,
        "Whether assist indexes the workspace, so that the model also sees definitions and related code "
        "from other files. The index stays on this machine and contains no source text.",
    )
    index_mb: int = setting(
        0,
        "The disk space for the index of a folder, in MB. If the index is larger, assist removes entries of "
        "earlier file contents, never those of current files. 0: 0.6 times the source's size, at least 1 GB.",
        min=0,
        max=1_048_576,
    )
    libraries: bool = setting(
        True,
        "Whether assist reads names, signatures and the first sentences of documentation from the installed "
        "packages that open files import. Automatic ghost text is then cut before a name that a package "
        "lacks, or hidden. These texts leave this machine only if a provider's `residency` has `library`.",
    )
    docs: tuple[str, ...] = setting(
        (),
        "Folders outside the workspace whose documentation pages `assist ask` may search and show, such as "
        '`["~/handbook"]`. Relative paths start at the directory of config.toml. Other files in these '
        "folders are not used. An .assist.toml in such a folder applies as it would in the workspace.",
        path=True,
        own_file=True,
    )
