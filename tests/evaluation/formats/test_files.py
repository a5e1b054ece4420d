"""Formats read by programs that are not ours."""

import csv
import io
import itertools
import math
import shutil
import subprocess
from pathlib import Path

import pytest
from markdown_it import MarkdownIt

from gansr.evaluation.compared import Entry
from gansr.evaluation.formats import latex, markdown
from gansr.evaluation.formats.rows import csv_text
from gansr.evaluation.scores import Row, Scores
from gansr.evaluation.statistics import mean_interval
from gansr.evaluation.table import Cell, Grid, score_grids
from gansr.metrics import METRICS

NASTY = r"a|b_c*d*[e](f) <g> & 50% #1 $h$ ~i~ {j} ^k \l --m `n` ≥ \textbf"
LATIN = NASTY.replace("≥", "é")  # pdfLaTeX has no other signs in names
GRID = Grid(
    NASTY,
    ["set", NASTY, "psnr [dB] ↑"],
    2,
    [
        [[Cell("[a]"), Cell(NASTY), Cell("28.42", "26.90 to 29.93", best=True)]],
        [[Cell("*b"), Cell(""), Cell("-1.5", "p 0.03")]],
    ],
    [NASTY, "Second note."],
)


def cells(text: str) -> list[list[str]]:
    """Rows of the table in a Markdown text, as they show."""
    tokens = MarkdownIt("commonmark").enable(["table", "strikethrough"]).parse(text)
    rows: list[list[str]] = []
    for before, token in itertools.pairwise(tokens):
        if before.type == "tr_open":
            rows.append([])
        if before.type in ("th_open", "td_open"):
            rows[-1].append("".join(child.content for child in token.children or []))
            assert {child.type for child in token.children or []} <= {
                "text",
                "text_special",
                "strong_open",
                "strong_close",
            }
    return rows


def test_markdown_shows_what_was_meant() -> None:
    text = markdown.markdown([GRID, GRID], "gansr evaluate ```")
    rows = cells(text)
    assert rows[:3] == [
        ["set", NASTY, "psnr [dB] ↑"],
        ["[a]", NASTY, "28.42 (26.90 to 29.93)"],
        ["*b", "", "-1.5 (p 0.03)"],
    ]
    assert len(rows) == 6
    html = MarkdownIt("commonmark").enable("table").render(text)
    assert "<strong>28.42</strong>" in html and html.count("<table>") == 2 and html.count("<li>") == 4
    assert '<code class="language-bash">gansr evaluate ```\n</code>' in html
    assert text.count("| --- | --- | ---: |") == 2


def test_latex_escapes_every_sign_of_its_own() -> None:
    assert latex.escaped("50% & #1 $x$ a_b {c}") == r"50\% \& \#1 \$x\$ a\_b \{c\}"
    assert latex.escaped("\\~^<>|") == (
        r"\textbackslash{}\textasciitilde{}\textasciicircum{}\textless{}\textgreater{}\textbar{}"
    )
    assert latex.escaped("[x]*y--z ↑↓×\n  n") == r"{[}x{]}{*}y-{}-z $\uparrow$$\downarrow$$\times$ n"


def test_latex_is_a_table_of_booktabs() -> None:
    text = latex.latex([GRID], "gansr evaluate\nbicubic")
    lines = text.splitlines()
    assert lines[:4] == [
        r"% In the preamble: \usepackage{booktabs}",
        "% gansr evaluate bicubic",
        r"\begin{table}",
        r"\centering",
    ]
    assert r"\begin{tabular}{llr}" in lines
    assert r"\textbf{28.42} {\scriptsize 26.90 to 29.93} \\" in text
    assert text.count(r"\midrule") == 2 and text.count(r"\toprule") == text.count(r"\bottomrule") == 1
    body = [line for line in lines if line.endswith(r"\\")]
    assert len(body) == 3 and all(line.replace(r"\&", "").count("&") == 2 for line in body)
    assert "Second note." in text and "Second note.." not in text


def test_latex_compiles(tmp_path: Path) -> None:
    if shutil.which("pdflatex") is None:
        pytest.skip("needs pdflatex with booktabs")
    nasty = [Grid(LATIN, ["set", LATIN, "psnr [dB] ↑"], 2, [[*GRID.blocks[0], *GRID.blocks[1]]], [LATIN, LATIN])]
    nasty[0].blocks[0][0][1] = Cell(LATIN)
    (tmp_path / "table.tex").write_text(latex.latex(nasty, NASTY), "utf-8")
    (tmp_path / "paper.tex").write_text(
        "\\documentclass{article}\\usepackage{booktabs}\\begin{document}\\input{table}\\end{document}\n", "utf-8"
    )
    done = subprocess.run(
        ["pdflatex", "-halt-on-error", "-interaction=nonstopmode", "paper.tex"],
        cwd=tmp_path,
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0 and (tmp_path / "paper.pdf").exists(), done.stdout.decode("latin-1")


def test_csv_has_every_number_in_full() -> None:
    values = [30.123456789012345, 31.0, math.inf]
    rows = [Row((0, n), 'a "b", c', f"{n},png", {"psnr": value}) for n, value in enumerate(values[:2])]
    rows.append(Row((1, 0), "other", "x", {"psnr": values[2]}))
    entry = Entry("weights,1.pth", 4, Scores(rows, {"psnr": METRICS["psnr"](4)}))
    read = list(csv.DictReader(io.StringIO(csv_text([entry], 0))))
    assert [row["image"] for row in read] == ["", "", "0,png", "1,png", "x"]
    assert [float(row["value"]) for row in read] == [(values[0] + 31) / 2, math.inf, *values]
    interval = mean_interval(values[:2])
    assert interval is not None and (float(read[0]["low"]), float(read[0]["high"])) == interval
    assert read[1]["low"] == read[1]["high"] == read[2]["low"] == ""
    assert {row["weights"] for row in read} == {"weights,1.pth"} and {row["scale"] for row in read} == {"4"}
    assert read[0]["set"] == 'a "b", c' and read[0]["protocol"].startswith("PSNR [dB], 8-bit Y")


def test_the_grids_of_scores_are_what_is_written() -> None:
    rows = [Row((0, n), "set5", str(n), {"psnr": 30.0 + n}) for n in range(3)]
    entries = [Entry("a", 4, Scores(rows, {"psnr": METRICS["psnr"](4)}))]
    text = markdown.markdown(score_grids(entries), "gansr evaluate a")
    assert cells(text)[1] == ["set5", "a", "3", "31.00 (30.00 to 32.00)"]
