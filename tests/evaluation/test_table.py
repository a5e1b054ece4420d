import io
import math

from rich.console import Console

from gansr.evaluation.compared import Entry, contrasts
from gansr.evaluation.formats.console import rich_tables
from gansr.evaluation.scores import Row, Scores
from gansr.evaluation.statistics import mean_interval
from gansr.evaluation.table import Cell, difference_grids, score_grids
from gansr.metrics import METRICS


def entry(name: str, scale: int = 4, add: float = 0.0) -> Entry:
    metrics = {name: METRICS[name](scale) for name in ("psnr", "ssim")}
    rows = [
        Row((0, 0), "set5", "baby", {"psnr": 30.0 + add, "ssim": 0.9}),
        Row((0, 1), "set5", "bird", {"psnr": 31.0 + 2 * add, "ssim": 0.8}),
        Row((1, 0), "[bold]", "a", {"psnr": math.inf, "ssim": 1.0}),
    ]
    return Entry(name, scale, Scores(rows, metrics))


def printed(entries: list[Entry]) -> list[list[str]]:
    paper = io.StringIO()
    console = Console(width=160, file=paper)
    for grid in [*score_grids(entries), *difference_grids(entries, contrasts(entries))]:
        for table in rich_tables(grid, 160):
            console.print(table)
    return [line.replace("│", " ").replace("┃", " ").split() for line in paper.getvalue().splitlines()]


def test_one_row_for_each_set_and_the_protocol_beneath() -> None:
    lines = printed([entry("bicubic")])
    assert ["set5", "bicubic", "2", "30.50", "0.8500"] in lines
    assert ["30.00", "to", "31.00", "0.8000", "to", "0.9000"] in lines
    assert ["[bold]", "bicubic", "1", "inf", "1.0000"] in lines
    assert ["set", "weights", "images", "psnr", "[dB]", "↑", "ssim", "↑"] in lines
    text = " ".join(word for line in lines for word in line)
    assert "psnr: PSNR [dB], 8-bit Y of BT.601 studio range, 4 px border cropped" in text
    assert "No interval and no test from a single image: [bold]." in text
    assert "95 % bootstrap interval of the mean over images (percentiles of 10,000 resamples, seed 0)" in text
    assert "difference" not in text


def test_all_weights_stand_in_one_table_and_the_best_is_marked() -> None:
    (grid,) = score_grids([entry("runs/a/best.pth"), entry("runs/b/best.pth", add=0.5)])
    first, second = grid.blocks[0]
    assert [cell.text for cell in first] == ["set5", "a/best.pth", "2", "30.50", "0.8500"]
    assert [cell.text for cell in second] == ["", "b/best.pth", "2", "31.25", "0.8500"]
    assert [cell.best for cell in first] == [False] * 5
    assert [cell.best for cell in second] == [False, False, False, True, False]  # SSIM is the same
    assert first[3] == Cell("30.50", "30.00 to 31.00")
    assert len(grid.blocks) == 2 and grid.title == "Scores at x4"


def test_bold_is_bold() -> None:
    paper = io.StringIO()
    console = Console(width=120, file=paper, force_terminal=True, color_system="standard")
    console.print(*rich_tables(score_grids([entry("a"), entry("b", add=0.5)])[0], 120))
    assert "\x1b[1m31.25\x1b[0m" in paper.getvalue() and "\x1b[1m30.50" not in paper.getvalue()


def test_scores_of_other_scales_stand_in_another_table() -> None:
    entries = [entry("a"), entry("b", scale=2, add=1.0)]
    four, two = score_grids(entries)
    assert (four.title, two.title) == ("Scores at x4", "Scores at x2")
    assert "4 px border" in four.notes[0] and "2 px border" in two.notes[0]
    assert not any(cell.best for grid in (four, two) for block in grid.blocks for row in block for cell in row)
    assert difference_grids(entries, contrasts(entries)) == []


def test_differences_of_every_pair() -> None:
    entries = [entry("a"), entry("b", add=0.5), entry("c", add=-0.5)]
    (grid,) = difference_grids(entries, contrasts(entries))
    assert grid.headings == ["difference", "set5 psnr [dB] ↑", "set5 ssim ↑"]
    rows = [[cell.text for cell in row] for row in grid.blocks[0]]
    assert rows == [["a - b", "-0.75", "+0.0000"], ["a - c", "+0.75", "+0.0000"], ["b - c", "+1.50", "+0.0000"]]
    assert grid.blocks[0][0][1].small == "p 1"  # 0.5 of two images, three times
    assert "Holm's correction for 3 pairs" in grid.notes[0]
    assert grid.notes[1] == "Too few images to find p < 0.05, whatever the scores: set5 (2)."


def test_one_pair_needs_no_correction() -> None:
    entries = [entry("a"), entry("b", add=0.5)]
    (grid,) = difference_grids(entries, contrasts(entries))
    assert "Holm" not in grid.notes[0] and grid.blocks[0][0][1] == Cell("-0.75", "p 0.5")


def test_scores_that_are_not_numbers() -> None:
    broken = Entry(
        "broken",
        4,
        Scores([Row((0, n), "s", str(n), {"psnr": math.nan}) for n in range(2)], {"psnr": METRICS["psnr"](4)}),
    )
    fine = Entry(
        "fine",
        4,
        Scores([Row((0, n), "s", str(n), {"psnr": 30.0 + n}) for n in range(2)], {"psnr": METRICS["psnr"](4)}),
    )
    (grid,) = score_grids([broken, fine])
    assert grid.blocks[0][0][3] == Cell("nan") and grid.blocks[0][1][3] == Cell("30.50", "30.00 to 31.00", best=True)
    (differences,) = difference_grids([broken, fine], contrasts([broken, fine]))
    assert differences.blocks[0][0][1] == Cell("–")


def test_columns_that_do_not_fit_stand_below_and_no_number_is_broken() -> None:
    metrics = {f"metric_{number}": METRICS["psnr"](4) for number in range(5)}
    rows = [Row((0, n), "set5", str(n), dict.fromkeys(metrics, 30.25 + n)) for n in range(2)]
    (grid,) = score_grids([Entry("some_weights.pth", 4, Scores(rows, metrics))])
    paper = io.StringIO()
    for table in rich_tables(grid, 80):
        Console(width=80, file=paper).print(table)
    text = paper.getvalue()
    assert text.count("30.25 to 31.25") == 5 and text.count("some_weights.pth") == 3
    assert text.count("continued") == 2 and text.count("Ranges") == 1
    assert max(map(len, text.splitlines())) <= 80
    assert len(list(rich_tables(grid, 20))) == 5  # one column at least
    assert len(list(rich_tables(grid, 200))) == 1


def test_the_seed_is_that_of_the_ranges() -> None:
    values = [20.0, 23.1, 25.7, 31.3, 38.9, 40.1, 47.2]
    rows = [Row((0, n), "s", str(n), {"psnr": value}) for n, value in enumerate(values)]
    entry = Entry("a", 4, Scores(rows, {"psnr": METRICS["psnr"](4)}))
    found = {seed: score_grids([entry], seed)[0] for seed in range(4)}
    for seed, grid in found.items():
        interval = mean_interval(values, seed)
        assert interval is not None
        assert grid.blocks[0][0][3].small == f"{interval.low:.2f} to {interval.high:.2f}"
        assert f"seed {seed})" in grid.notes[1]
    assert len({grid.blocks[0][0][3].small for grid in found.values()}) > 1
