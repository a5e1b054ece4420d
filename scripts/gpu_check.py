"""Check on a GPU what no test without one can: every recipe, precision and variant; resume; speed; memory.

    python scripts/gpu_check.py [--out FILE.md] [--only TEXT] [--cpu-rehearsal]

It needs no data and no installation of gansr, only a Python that has its requirements. It takes a few
minutes, most of them the compiler's. It exits with 0 if every row passes, 1 if one fails, 2 without a GPU.
"""

import argparse
import os
import platform
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")  # before CUDA starts: cuBLAS is deterministic only so
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # gansr beside this folder, installed or not

try:
    import torch
    from gpu_checks.arrivals import arrive
    from gpu_checks.cases import (
        Case,
        arrival_cases,
        loader_cases,
        make_photos,
        realistic_cases,
        resume_cases,
        small_cases,
    )
    from gpu_checks.runs import Row, deliver, resume, train
    from rich import box
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table
except ModuleNotFoundError as error:
    sys.exit(f"gpu_check: this Python has no {error.name}; gansr's requirements stand in pyproject.toml.")

Run = Callable[[Case, Path, bool], Row]

# Title -> columns (key of a cell, heading), the rows, and what makes one of them.
SECTIONS: dict[str, tuple[dict[str, str], Callable[[bool], Iterable[Case]], Run]] = {
    "Every recipe learns, and nothing waits for the GPU between log lines": (
        {"loss": "pixel loss", "images/s": "images/s"},
        small_cases,
        train,
    ),
    "A resumed run is the run that never stopped": ({"resumed": "resumed"}, resume_cases, resume),
    "Speed and memory at the size of papers": (
        {"images/s": "images/s", "peak": "peak GB", "estimate": "`gansr check` GB", "loss": "pixel loss"},
        realistic_cases,
        train,
    ),
    "The loader alone, its photos in memory: it should be quicker than what trains on it": (
        {"images/s": "images/s"},
        loader_cases,
        deliver,
    ),
    "Batches that are copied aside, while the GPU computes, arrive as they were made": (
        {"arrived": "equal to the last bit"},
        arrival_cases,
        arrive,
    ),
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run every row, show the tables, and say whether all is well."""
    asked = _parser().parse_args(arguments)
    console = Console(soft_wrap=True, highlight=False)
    if not (asked.cpu_rehearsal or torch.cuda.is_available()):
        console.print("gpu_check: PyTorch sees no CUDA device here; --cpu-rehearsal tries the script without one.")
        return 2
    began, texts, failed = time.monotonic(), [f"# GPU check\n\n{_machine(asked.cpu_rehearsal)}\n"], 0
    with tempfile.TemporaryDirectory(prefix="gansr_gpu_check_") as folder:
        photos = Path(folder) / "photos"
        make_photos(photos)
        for title, (columns, cases, run) in SECTIONS.items():
            rows = []
            for case in cases(asked.cpu_rehearsal):
                if asked.only.lower() in case.title.lower():
                    rows.append(_timed(run, case, photos, asked.cpu_rehearsal, console))
            if rows:
                failed += sum(bool(row.problems) for row in rows)
                console.print(_table(title, columns, rows))
                texts.append(_markdown(title, columns, rows))
                if asked.out:  # after every section: a run that is cut short leaves what it has
                    asked.out.write_text("\n".join(texts), encoding="utf-8")
    verdict = f"{failed} row(s) failed." if failed else "All is well."
    console.print(f"{verdict} It took {time.monotonic() - began:.0f} s.")
    return 1 if failed else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description="Check gansr on a GPU: no data needed, a few minutes.")
    parser.add_argument("--out", type=Path, metavar="FILE.md", help="also write the tables here, as Markdown")
    parser.add_argument("--only", default="", metavar="TEXT", help="only rows whose name has this in it")
    parser.add_argument("--cpu-rehearsal", action="store_true", help="the same, tiny, in fp32 on the CPU")
    return parser


def _timed(run: Run, case: Case, photos: Path, cpu: bool, console: Console) -> Row:
    """Run a row, and tell at once how it went: whoever waits sees what takes long."""
    began = time.monotonic()
    if case.precision == "bf16" and not cpu and not torch.cuda.is_bf16_supported(including_emulation=False):
        return Row(case, {"resumed": "this GPU has no bf16", "loss": "this GPU has no bf16"})
    row = run(case, photos, cpu)
    verdict = f"[red]{escape('; '.join(row.problems))}[/]" if row.problems else "ok"
    console.print(f"{case.title}: {verdict} ({time.monotonic() - began:.1f} s)")
    return row


def _machine(cpu: bool) -> str:
    device = f"CPU rehearsal, {platform.processor() or platform.machine()}" if cpu else torch.cuda.get_device_name()
    backend = "" if cpu else f", CUDA {torch.version.cuda}, cuDNN {torch.backends.cudnn.version()}"
    return f"{device}; PyTorch {torch.__version__}{backend}, Python {platform.python_version()}."


def _table(title: str, columns: dict[str, str], rows: Sequence[Row]) -> Table:
    heads = [*columns.values(), "verdict"]
    table = Table("row", *heads, title=title, title_justify="left", box=box.SIMPLE_HEAD)
    for row in rows:
        table.add_row(*(escape(text) for text in _texts(columns, row)), style="red" if row.problems else "")
    return table


def _markdown(title: str, columns: dict[str, str], rows: Sequence[Row]) -> str:
    heads = ["row", *columns.values(), "verdict"]
    lines = [heads, ["---"] * len(heads), *(_texts(columns, row) for row in rows)]
    body = "\n".join("| " + " | ".join(text.replace("|", r"\|") for text in line) + " |" for line in lines)
    return f"## {title}\n\n{body}\n"


def _texts(columns: dict[str, str], row: Row) -> list[str]:
    return [row.case.title, *(row.cells.get(key, "-") for key in columns), "; ".join(row.problems) or "ok"]


if __name__ == "__main__":
    sys.exit(main())
