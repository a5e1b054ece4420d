import numpy as np

from gansr.evaluation.scores import Row, Scores
from gansr.metrics import METRICS
from gansr.report.pictures.shot import Shot
from gansr.report.score_tables import score_tables


def scores(*values: float) -> Scores:
    rows = [
        Row((0, n), "set", name, {"psnr": value}) for n, (name, value) in enumerate(zip("abc", values, strict=True))
    ]
    return Scores(rows, {"psnr": METRICS["psnr"](2)})


PIXELS = np.zeros((4, 4, 3), np.uint8)
SHOTS = [Shot("set", "b", (4, 4), None, None, {"one": PIXELS}, None)]


def test_means_ends_and_every_image() -> None:
    html = score_tables({"one": scores(10, 20, 30), "<two>": scores(25, 24, 26)}, SHOTS).html
    means, _, rest = html.partition("Worst and best images")
    ends, _, every = rest.partition("Every image")
    assert "mean of 3 images" in means and "psnr [dB] ↑" in means
    assert '<th scope="row">one</th><td>20.00</td>' in means
    assert '<th scope="row">&lt;two&gt;</th><td><b>25.00</b></td>' in means, "the better one is bold"
    assert '<th scope="row">psnr: one</th><td>set / a (10.00)</td><td>set / c (30.00)</td>' in ends
    assert '<th scope="row">psnr: &lt;two&gt;</th><td><a href="#shot-0">set / b (24.00)</a></td>' in ends
    assert '<th scope="row"><a href="#shot-0">b</a></th><td>20.00</td><td>24.00</td>' in every
    assert '<th scope="row">a</th><td>10.00</td><td>25.00</td>' in every
    assert html.count(f"<li>psnr: {METRICS['psnr'](2).protocol}.</li>") == 1


def test_alone_nobody_is_bold() -> None:
    assert "<b>" not in score_tables({"one": scores(10, 20, 30)}, []).html
