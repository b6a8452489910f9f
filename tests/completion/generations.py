"""A long text with one byte per token, a cursor in it, and a generation at the cursor."""

from assist_completion.inference.generation import Generation, generate
from assist_context.documents import Context
from assist_context.languages import PLAIN

LINES = [f"    item_{n} = call_{n}(argument_{n})\n" for n in range(300)]
TEXT = "".join(LINES)
TARGET = "    total = item_1 + item_2\n    return total\n"


def at(typed: str, row: int = 150, **more) -> Context:
    return Context("a.txt", PLAIN, "".join(LINES[:row]) + typed, "\n" + "".join(LINES[row:]), 0, **more)


def ask(model, context: Context) -> Generation:
    gen = Generation(context, lambda text: "\n" in text, 80)
    generate(model, gen)
    return gen
