"""Draw the brand images: a chip whose legs are devices, and an arrow that goes up into it.

Run with any Python that has Pillow: `python scripts/make_brand.py`. Drawn four times as large as
the largest image and scaled down, so that edges are smooth.
"""

from pathlib import Path
from typing import Final

from PIL import Image, ImageDraw, ImageFont

BRAND: Final = Path(__file__).parents[1] / "custom_components" / "flownexus_ota" / "brand"

CANVAS: Final = 2048
ICON_SIZES: Final = {"icon": 256, "icon@2x": 512}
LOGO_HEIGHTS: Final = {"logo": 128, "logo@2x": 256}

TEAL: Final = (15, 118, 110, 255)
LIGHT_TEAL: Final = (45, 212, 191, 255)
WHITE: Final = (255, 255, 255, 255)
DARK_TEXT: Final = (19, 48, 46, 255)
CLEAR: Final = (0, 0, 0, 0)


ARROW: Final = (
    (1024, 500),
    (1480, 1000),
    (1190, 1000),
    (1190, 1260),
    (858, 1260),
    (858, 1000),
    (568, 1000),
)


def draw_mark(body: tuple[int, int, int, int], ink: tuple[int, int, int, int]) -> Image.Image:
    """Return the mark on a clear square of `CANVAS` pixels."""
    mark = Image.new("RGBA", (CANVAS, CANVAS), CLEAR)
    pen = ImageDraw.Draw(mark)
    for offset in (620, 1024, 1428):
        for start, end in (((offset, 60), (offset, 1988)), ((60, offset), (1988, offset))):
            pen.line([start, end], fill=body, width=110)
            for x, y in (start, end):
                pen.ellipse([x - 60, y - 60, x + 60, y + 60], fill=body)
    pen.rounded_rectangle([290, 290, 1758, 1758], radius=260, fill=body)
    pen.polygon(ARROW, fill=ink)
    pen.rounded_rectangle([620, 1390, 1428, 1520], radius=65, fill=ink)
    return mark


def draw_logo(mark: Image.Image, text: tuple[int, int, int, int]) -> Image.Image:
    """Return the mark with the name beside it."""
    font = ImageFont.load_default(size=760)
    name = "flownexus OTA"
    left, top, right, bottom = font.getbbox(name)
    width = CANVAS + 240 + int(right - left)
    logo = Image.new("RGBA", (width, CANVAS), CLEAR)
    logo.paste(mark, (0, 0))
    height = (CANVAS - (bottom - top)) / 2 - top
    ImageDraw.Draw(logo).text((CANVAS + 240 - left, height), name, fill=text, font=font)
    return logo


def save(image: Image.Image, name: str, height: int) -> None:
    """Write `image`, scaled to `height` pixels, into the brand folder."""
    width = round(image.width * height / image.height)
    scaled = image.resize((width, height), Image.Resampling.LANCZOS)
    scaled.save(BRAND / f"{name}.png", optimize=True)


def main() -> None:
    """Draw every image, for light and for dark themes."""
    BRAND.mkdir(exist_ok=True)
    themes = (("", TEAL, WHITE, DARK_TEXT), ("dark_", LIGHT_TEAL, DARK_TEXT, WHITE))
    for prefix, body, ink, text in themes:
        mark = draw_mark(body, ink)
        for name, size in ICON_SIZES.items():
            save(mark, prefix + name, size)
        logo = draw_logo(mark, text)
        for name, height in LOGO_HEIGHTS.items():
            save(logo, prefix + name, height)


if __name__ == "__main__":
    main()
