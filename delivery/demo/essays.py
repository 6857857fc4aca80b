"""What the demo's candidates write where an item asks for a text, from strong to weak."""

from typing import Final

TEXTS: Final = {
    "rv-measure": (
        (
            "I advise planting forest in the upper valley. Trees catch part of the 30 mm of "
            "rain and their roots let it soak in, so the water reaches the river later and "
            "more evenly: the peak would be lower than 96 m³/s and the lag time longer than 8"
            " hours. The town is flooded above 80 m³/s, which is only 16 below the peak, so "
            "even a fifth less would help. The drawback is that a forest needs decades to "
            "grow and the farmers lose their land."
        ),
        (
            "Raise the embankments. The river reached 96 m³/s but the town floods at 80, so "
            "the walls must hold 16 m³/s more. It works at once and nobody loses a field. The"
            " bad thing is that the water then floods the next village instead."
        ),
        "Forest is better because trees drink water. Walls are ugly.",
    ),
    "dt-growth": (
        (
            "260 : 200 = 1.3, 338 : 260 = 1.3 and 439 : 338 is about 1.3 too, while the "
            "differences 60, 78 and 101 grow. So the growth is exponential: f(t) = 200 · "
            "1.3^t. In year 5 there are about 200 · 3.713 = 743 rabbits. It cannot go on "
            "because the grass of the island is limited, so more rabbits would starve."
        ),
        (
            "Exponential, since it goes up more each year. Year 4: 439 · 1.3 = 571, year 5: "
            "742. Some day there is no more space."
        ),
        "Linear. About 80 more each year, so 600 in year 5.",
    ),
    "pr-energy": (
        (
            "On the hill the wind is stronger and steadier, because trees and houses do not "
            "slow it. But the turbine is visible from far away and the road up must be built "
            "first."
        ),
        "More wind, but you see it from everywhere.",
        "It is windy there.",
    ),
}
ELSE: Final = ("I do not know.",)


def text(item: str, level: int) -> str:
    """What a candidate writes; level 0 is the strongest."""
    texts = TEXTS.get(item, ELSE)
    return texts[min(level, len(texts) - 1)]
