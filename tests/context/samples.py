"""The sample files of all languages, by suffix."""

from pathlib import Path

SAMPLES = {
    path.name.removeprefix("sample."): path.read_text(encoding="utf-8")
    for path in sorted((Path(__file__).parent / "code/symbols").glob("sample.*"))
    if path.suffix != ".txt"
}
