"""The recorded session as an animated GIF, for pages that show no SVG, such as a marketplace.

It draws the frames of `moving_picture` with the monospaced font that matplotlib brings.
"""

from collections.abc import Sequence
from pathlib import Path

from matplotlib import get_data_path
from PIL import Image, ImageDraw, ImageFont

from bench.pictures.moving_picture import (
    ACCENT,
    BAR,
    DIM,
    END_SECONDS,
    LEFT,
    LINE_HEIGHT,
    PAPER,
    TOP,
    WIDTH,
    Frame,
    make_frames,
    row_parts,
)
from bench.pictures.session import FILE, SessionEvent

FONT_SIZE = 13
COLOURS = 32  # of the palette: few texts have few colours, and the file stays small


def draw_image(events: Sequence[SessionEvent], path: Path) -> None:
    """Write a session as a GIF that begins again at its end."""
    frames = make_frames(events)
    rows = max(len(frame.lines) for frame in frames) - 1
    size = (WIDTH, TOP + rows * LINE_HEIGHT + 44)
    font = ImageFont.truetype(str(Path(get_data_path()) / "fonts/ttf/DejaVuSansMono.ttf"), FONT_SIZE)
    images = [_draw_frame(frame, size, font).quantize(COLOURS) for frame in frames]
    ends = [*(frame.at for frame in frames[1:]), frames[-1].at + END_SECONDS]
    durations = [max(20, round(1e3 * (end - frame.at))) for frame, end in zip(frames, ends, strict=True)]
    images[0].save(path, save_all=True, append_images=images[1:], duration=durations, loop=0, optimize=True)


def _draw_frame(frame: Frame, size: tuple[int, int], font: ImageFont.FreeTypeFont) -> Image.Image:
    image = Image.new("RGB", size, PAPER)
    draw = ImageDraw.Draw(image)
    draw.rectangle((0, 0, WIDTH, 36), BAR)
    draw.rectangle((0, size[1] - 32, WIDTH, size[1]), BAR)
    draw.text((WIDTH / 2, 23), FILE, DIM, font, anchor="ms")
    draw.text((18, size[1] - 11), frame.caption, ACCENT, font, anchor="ls")
    for at, row in enumerate(frame.lines[:-1] if not frame.lines[-1] else frame.lines):
        y = TOP + at * LINE_HEIGHT
        if at == frame.line:
            draw.rectangle((0, y - 14, WIDTH, y + 5), "#2a2a3c")
        draw.text((34, y), str(at + 1), DIM, font, anchor="rs")
        x = float(LEFT)
        for text, colour, is_old in row_parts(frame, at, row):
            draw.text((x, y), text, colour, font, anchor="ls")
            width = font.getlength(text)
            if is_old:
                draw.line((x, y - 4, x + width, y - 4), colour)
            x += width
    x = LEFT + font.getlength(frame.lines[frame.line][: frame.column])
    y = TOP + frame.line * LINE_HEIGHT
    draw.rectangle((x, y - 13, x + 1, y + 3), ACCENT)
    return image
