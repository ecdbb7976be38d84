"""Texts and bytes as no kernel prints them, and real ones that were cut, repeated or garbled on their way."""
import time
from contextlib import contextmanager
from pathlib import Path

from hypothesis import strategies as st

FIXTURES = Path(__file__).resolve().parents[2] / "fixtures"
KERNELS = ("linux-4.18", "linux-5.10", "linux-6.1", "linux-6.12", "linux-6.18")
ENORMOUS = 10 * 1000 * 1000  # characters in one line
MANY = 50 * 1000  # lines
MOST_SECONDS = 15  # of one CPU, as the machine may be busy: what is quadratic takes hours

# What Python takes for a number or a blank, and the kernel does not print; and numbers that fit nowhere.
ODD_CELLS = (
    "", "-", "-1", "+1", "0x10", "1_000", "1e3", "1.5", "nan", "٣", "\u00a05", str(2 ** 64), str(-2 ** 63 - 1), "9" * 5000, "\0", "\ufffd", "yes",
    "{{ 1 }}", "TcpExt:", "\x0b", "\x85", "\u2028",
)
texts = st.text(st.characters(codec=None), max_size=200) | st.lists(st.sampled_from(ODD_CELLS + ("Tcp:", "\n", " ", "a", "1"))).map("".join)
# As HostFiles reads bytes.
decoded = st.binary(max_size=300).map(lambda data: data.decode("utf-8", "replace"))


def fixture(path, kernel="linux-6.18"):
    return (FIXTURES / kernel / path).read_text(encoding="utf-8")


@st.composite
def mangled(draw, text):
    """The text after one to three accidents."""
    for _accident in range(draw(st.integers(1, 3))):
        text = draw(st.sampled_from(ACCIDENTS))(draw, text)
    return text


def cut(draw, text):
    return text[:draw(st.integers(0, len(text)))]


def repeated(draw, text):
    lines = text.split("\n")
    index, other = draw(st.integers(0, len(lines) - 1)), draw(st.integers(0, len(lines) - 1))
    return "\n".join(lines[:other] + [lines[index]] + lines[other:])


def lost(draw, text):
    lines = text.split("\n")
    index = draw(st.integers(0, len(lines) - 1))
    return "\n".join(lines[:index] + lines[index + 1:])


def garbled(draw, text):
    cells = text.split(" ")
    cells[draw(st.integers(0, len(cells) - 1))] = draw(st.sampled_from(ODD_CELLS) | texts)
    return " ".join(cells)


def overwritten(draw, text):
    position, piece = draw(st.integers(0, len(text))), draw(decoded | texts)
    return text[:position] + piece + text[position + len(piece):]


ACCIDENTS = (cut, repeated, lost, garbled, overwritten)


def enormous(*units):
    """For each of these an enormous line of it, over and over; or as many lines, where it is one."""
    return [unit * (MANY if unit.endswith("\n") else ENORMOUS // len(unit)) + "\n" for unit in units]


@contextmanager
def soon():
    began = time.process_time()
    yield
    assert time.process_time() - began < MOST_SECONDS
