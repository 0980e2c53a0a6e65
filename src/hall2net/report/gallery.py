"""The figures at reduced size, and a page that shows them."""

from collections.abc import Iterable
from pathlib import Path

from PIL import Image

from hall2net.files import atomic
from hall2net.study.figures import figure_of

SCALE = 0.4
"""Of the printed size: 120 instead of 300 dots an inch."""
COLOURS = 64


def reduce_image(source: str | Path, target: str | Path) -> None:
    """Write a PNG at `SCALE` of its size with a palette of `COLOURS`."""
    with Image.open(source) as image:
        size = [round(SCALE * length) for length in image.size]
        small = image.convert("RGB").resize(size, Image.Resampling.LANCZOS)
        with atomic(target) as temporary:
            small.quantize(COLOURS, dither=Image.Dither.NONE).save(
                temporary, format="PNG", optimize=True
            )


def gallery_page(images: Iterable[str | Path], page: str | Path) -> None:
    """Write a Markdown page of figures, one line each, by study.

    Parameters
    ----------
    images : `<study>-<figure>.png`, in the order of the page
    page : Markdown file; the images are linked relative to its folder
    """
    page = Path(page)
    lines = [
        "# Gallery",
        "",
        "Figures of every study at reduced size, made by `snakemake --cores 2 gallery`. What",
        "the data are, and at which scale, is printed on each. The originals are in",
        "`results/<study>/figures/<scale>/` as PNG at 300 dpi and as vector PDF.",
    ]
    before = ""
    for image in map(Path, images):
        study, name = image.stem.split("-", 1)
        if study != before:
            lines += ["", f"## {study}"]
            before = study
        link = image.relative_to(page.parent).as_posix()
        lines += ["", f"`{name}`: {figure_of(name).caption}", "", f"![{name}]({link})"]
    with atomic(page) as temporary:
        temporary.write_text("\n".join(lines) + "\n", encoding="utf-8")
