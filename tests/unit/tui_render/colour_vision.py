"""How far two colours are apart for an eye, also for one that lacks a kind of cone.

Contrast is WCAG 2.1's. Colour blindness is simulated by the matrices of Machado, Oliveira and Fernandes
(2009) at full severity, in linear RGB; distances are CIE76 in L*a*b*, where 2.3 is just noticed side by side.
"""

import math
from typing import Final

Rgb = tuple[float, float, float]
_Matrix = tuple[Rgb, Rgb, Rgb]

NORMAL: Final[_Matrix] = ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0))
PROTAN: Final[_Matrix] = (
    (0.152286, 1.052583, -0.204868),
    (0.114503, 0.786281, 0.099216),
    (-0.003882, -0.048116, 1.051998),
)
DEUTAN: Final[_Matrix] = (
    (0.367322, 0.860646, -0.227968),
    (0.280085, 0.672501, 0.047413),
    (-0.011820, 0.042940, 0.968881),
)
TRITAN: Final[_Matrix] = (
    (1.255528, -0.076749, -0.178779),
    (-0.078411, 0.930809, 0.147602),
    (0.004733, 0.691367, 0.303900),
)
EYES: Final = {"normal": NORMAL, "protan": PROTAN, "deutan": DEUTAN, "tritan": TRITAN}


def linear(colour: str) -> Rgb:
    """Return `#rrggbb` as linear RGB from 0 to 1."""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return red, green, blue


def contrast(one: str, other: str) -> float:
    """Return WCAG's ratio, from 1 to 21."""
    lights = sorted((_luminance(linear(one)), _luminance(linear(other))))
    return (lights[1] + 0.05) / (lights[0] + 0.05)


def distance(one: str, other: str, eye: _Matrix) -> float:
    """Return how far two colours are apart for this eye."""
    first, second = _lab(_seen(linear(one), eye)), _lab(_seen(linear(other), eye))
    return math.dist(first, second)


def _luminance(colour: Rgb) -> float:
    red, green, blue = colour
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _seen(colour: Rgb, eye: _Matrix) -> Rgb:
    red, green, blue = (
        min(1.0, max(0.0, sum(weight * part for weight, part in zip(row, colour, strict=True))))
        for row in eye
    )
    return red, green, blue


def _lab(colour: Rgb) -> Rgb:
    red, green, blue = colour
    x = (0.4124 * red + 0.3576 * green + 0.1805 * blue) / 0.9505
    y = 0.2126 * red + 0.7152 * green + 0.0722 * blue
    z = (0.0193 * red + 0.1192 * green + 0.9505 * blue) / 1.089
    fx, fy, fz = (t ** (1 / 3) if t > 0.008856 else 7.787 * t + 16 / 116 for t in (x, y, z))
    return 116 * fy - 16, 500 * (fx - fy), 200 * (fy - fz)
