"""A house style for slides and documents: one colour, a logo, and the colour and initials of each persona."""

import re
from pathlib import Path
from typing import Annotated

from pydantic import Field

from pipeline.domain.base import Frozen
from pipeline.domain.config import Settings
from pipeline.errors import ConfigError
from pipeline.text.wording import label

_PALETTE = ("0072B2", "D55E00", "009E73", "CC79A7", "56B4E9", "E69F00", "5B5B5B", "7A3E9D")
"""Okabe and Ito (2008), black replaced; personas take them in turn."""
_MOST_LOGO_BYTES = 5_000_000
_NOT_IN_XML = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_PICTURES = (b"\x89PNG", b"\xff\xd8\xff")


class Brand(Frozen):
    """Colour and logo of slides and documents."""

    color: Annotated[str, Field(pattern=r"^[0-9A-Fa-f]{6}$")] = "1F3A5F"
    """Six hexadecimal digits, without `#`."""
    logo: bytes | None = None
    """A PNG or JPEG file; `None` for none."""


def brand_of(settings: Settings) -> Brand:
    """Read the brand from `PERSONA_BRAND_COLOR` (`#1F3A5F`) and `PERSONA_BRAND_LOGO` (a PNG or JPEG file).

    Raises:
        ConfigError: the colour is not one, or the logo cannot be read.
    """
    color = (settings.get("PERSONA_BRAND_COLOR") or "").strip().removeprefix("#")
    if color and (len(color) != 6 or not set(color.lower()) <= set("0123456789abcdef")):
        raise ConfigError(
            f"PERSONA_BRAND_COLOR: '{color[:20]}' is not a colour. Write six hex digits, such as #1F3A5F."
        )
    named = settings.get("PERSONA_BRAND_LOGO")
    values = {"color": color} if color else {}
    return Brand.model_validate({**values, "logo": _logo(Path(named)) if named else None})


def _logo(file: Path) -> bytes:
    try:
        if not file.is_file() or file.stat().st_size > _MOST_LOGO_BYTES:
            raise ConfigError(f"PERSONA_BRAND_LOGO: {file} is not a file of at most 5 MB. Name a PNG or JPEG file.")
        data = file.read_bytes()
    except OSError as error:
        raise ConfigError(f"PERSONA_BRAND_LOGO: {file} cannot be read ({error.strerror}).") from error
    if not data.startswith(_PICTURES):
        raise ConfigError(f"PERSONA_BRAND_LOGO: {file} is neither PNG nor JPEG. Name a picture of one of these kinds.")
    return data


def plain(text: str, longest: int) -> str:
    """Return untrusted text on one line that XML can hold."""
    return label(_NOT_IN_XML.sub(" ", text), longest)


def persona_color(place: int) -> str:
    """Return the colour of the persona at a place of the set, as six hexadecimal digits."""
    return _PALETTE[place % len(_PALETTE)]


def text_color(background: str) -> str:
    """Return black or white, whichever reads better on a colour (WCAG 2.2 relative luminance)."""
    channels = [int(background[at : at + 2], 16) / 255 for at in (0, 2, 4)]
    linear = [value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4 for value in channels]
    luminance = 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
    return "FFFFFF" if luminance < 0.179 else "000000"


def initials(name: str) -> str:
    """Return up to two initials of a name; a dot for a name without letters."""
    words = [word for word in name.split() if word[0].isalnum()]
    return "".join(word[0] for word in (words[:1] + words[-1:] if len(words) > 1 else words)).upper() or "·"
