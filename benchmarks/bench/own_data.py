"""A data directory of a benchmark's own, which takes only some things from the user's."""

from pathlib import Path


def link_data(known: Path, folder: Path, *names: str) -> None:
    """Make links in `folder` to what is there under these names in `known`."""
    folder.mkdir(exist_ok=True)
    for name in names:
        if (known / name).exists() and not (folder / name).exists():
            (folder / name).symlink_to(known / name)
