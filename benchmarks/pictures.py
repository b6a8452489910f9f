"""The pictures of the README: a session as it is typed, and the chart of latencies.

    uv run python benchmarks/pictures.py typing [--draw]
    uv run python benchmarks/pictures.py chart

`typing` records a session with a real `assist lsp` and the model of your settings into
benchmarks/results/typing.json, and draws docs/images/typing.svg and vscode-extension/images/typing.gif;
with `--draw` it only draws.
`chart` draws docs/images/chart.svg from benchmarks/results/replay.json.
"""

import argparse
import asyncio
import json
import tempfile
from pathlib import Path

from assist_completion.model_store.store import resolve
from assist_server.config.config import load_lenient
from assist_server.local_model.opening import open_store
from bench.pictures.latency_chart import draw_latencies, latency_rows
from bench.pictures.moving_image import draw_image
from bench.pictures.moving_picture import draw_session
from bench.pictures.session import as_rows, from_rows, record_session
from bench.provenance import provenance, write

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "benchmarks" / "results"
IMAGES = ROOT / "docs" / "images"
EXTENSION_IMAGES = ROOT / "vscode-extension" / "images"


def record() -> None:
    """Record a session with the user's model, whatever it gives."""
    config = load_lenient()
    model = resolve(open_store(config), config.completion.model)
    with tempfile.TemporaryDirectory() as folder:
        events = asyncio.run(record_session(Path(folder)))
    write(RESULTS / "typing.json", provenance(model), {"events": as_rows(events)})


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("picture", choices=["typing", "chart"])
    parser.add_argument("--draw", action="store_true", help="draw the recorded session, and record none")
    options = parser.parse_args()
    if options.picture == "chart":
        medians = json.loads((RESULTS / "replay.json").read_text(encoding="utf-8"))["medians"]
        picture = draw_latencies(latency_rows(medians))
    else:
        if not options.draw:
            record()
        events = json.loads((RESULTS / "typing.json").read_text(encoding="utf-8"))["events"]
        picture = draw_session(from_rows(events))
        draw_image(from_rows(events), EXTENSION_IMAGES / "typing.gif")
    path = IMAGES / f"{options.picture}.svg"
    path.write_text(picture, encoding="utf-8")
    print(f"{path.relative_to(ROOT)}: {len(picture):,} characters")


if __name__ == "__main__":
    main()
