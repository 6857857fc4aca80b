import struct

import pytest

from delivery.rules import framing


@pytest.mark.parametrize("length", [0, 1, 125, 126, 65_535, 65_536])
def test_a_text_is_one_whole_frame_with_its_length_in_front(length: int) -> None:
    frame = framing.text("a" * length)
    kind, short = frame[0], frame[1]
    assert kind == 0b1000_0001
    sizes = {126: ("!H", 4), 127: ("!Q", 10)}
    if short in sizes:
        form, start = sizes[short]
        (told,) = struct.unpack(form, frame[2:start])
    else:
        told, start = short, 2
    assert (told, frame[start:]) == (length, b"a" * length)


def test_the_length_counts_bytes() -> None:
    assert framing.text("é") == b"\x81\x02\xc3\xa9"
