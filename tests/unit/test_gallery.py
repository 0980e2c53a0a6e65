"""The gallery is small, complete and the same bytes when made again."""

import re
from pathlib import Path

import made_tables
import numpy as np
from PIL import Image

from hall2net.figures import networks
from hall2net.figures.style import save
from hall2net.report.gallery import SCALE, gallery_page, reduce_image
from hall2net.study.figures import figure_of

DOCS = Path(__file__).parents[2] / "docs"


def test_an_image_is_reduced_and_keeps_its_look(tmp_path):
    drawn = networks.fig5d_accuracy_loss(runs=made_tables.cotb_runs(), published={})
    original = tmp_path / "original.png"
    save(drawn, original, tmp_path / "original.pdf")
    for name in ("one.png", "two.png"):
        reduce_image(original, tmp_path / name)
    assert (tmp_path / "one.png").read_bytes() == (tmp_path / "two.png").read_bytes()
    assert (tmp_path / "one.png").stat().st_size < original.stat().st_size / 3
    with Image.open(original) as before, Image.open(tmp_path / "one.png") as after:
        assert after.size == tuple(round(SCALE * length) for length in before.size)
        grey = [np.asarray(image.convert("L").resize((60, 30)), float) for image in (before, after)]
    assert np.abs(grey[0] - grey[1]).mean() < 3


def test_the_page_shows_each_image_under_its_study(tmp_path):
    images = [tmp_path / f"images/{name}.png" for name in ("a-fig4a_states", "b-fit_residuals")]
    gallery_page(images, tmp_path / "gallery.md")
    text = (tmp_path / "gallery.md").read_text(encoding="utf-8")
    assert re.findall(r"!\[\w+\]\((.*)\)", text) == [
        "images/a-fig4a_states.png",
        "images/b-fit_residuals.png",
    ]
    assert text.index("## a") < text.index("fig4a_states") < text.index("## b")
    assert figure_of("fit_residuals").caption in text


def test_the_gallery_in_the_docs_is_whole_and_small():
    linked = re.findall(r"\]\((images/.*?)\)", (DOCS / "gallery.md").read_text(encoding="utf-8"))
    assert linked and all((DOCS / name).is_file() for name in linked)
    assert sum(file.stat().st_size for file in (DOCS / "images").iterdir()) < 2e6
