import io

from rich.console import Console

from gansr.evaluation.scores import Row, Scores
from gansr.evaluation.table import score_table
from gansr.metrics import METRICS


def test_one_row_for_each_set_and_the_protocol_beneath() -> None:
    metrics = {name: METRICS[name](4) for name in ("psnr", "ssim")}
    rows = [
        Row((0, 0), "set5", "baby", {"psnr": 30.0, "ssim": 0.9}),
        Row((0, 1), "set5", "bird", {"psnr": 31.0, "ssim": 0.8}),
        Row((1, 0), "[bold]", "a", {"psnr": float("inf"), "ssim": 1.0}),
    ]
    paper = io.StringIO()
    Console(width=120, file=paper).print(score_table(Scores(rows, metrics)))
    lines = [line.replace("│", " ").replace("┃", " ").split() for line in paper.getvalue().splitlines()]
    assert ["set5", "2", "30.50", "0.8500"] in lines
    assert ["[bold]", "1", "inf", "1.0000"] in lines
    assert ["set", "images", "psnr", "[dB]", "↑", "ssim", "↑"] in lines
    text = " ".join(word for line in lines for word in line)
    assert "PSNR [dB], 8-bit Y of BT.601 studio range, 4 px border cropped" in text
