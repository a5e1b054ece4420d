"""scripts/gpu_check.py without a GPU: the same code, tiny, on the CPU."""

import os
import subprocess
import sys
from pathlib import Path

BREAK_A_ROW = """
import sys
sys.path.insert(0, "scripts")
import gpu_check
from gpu_checks import cases
cases.RECIPES["broken"] = cases.merge(cases.RECIPES["paired"], {"losses": {"pixel": {"type": "l3"}}})
cases.RECIPES["lazy"] = cases.merge(cases.RECIPES["paired"], {"train": {"lr": 1e-9}})
sys.exit(gpu_check.main(["--cpu-rehearsal", *sys.argv[1:]]))
"""

# The CPU plays the GPU: one method of the meter, the named one, waits for the device.
WAIT = """
import sys, torch
sys.path.insert(0, "scripts")
import gpu_check
from gpu_checks import runs
from gansr.training.meter import Meter

class OnGpu(runs.Watch):
    def __init__(self, case, device):
        super().__init__(case, torch.device("cuda"))

def waits(self, *arguments):
    if forbidden[-1]:
        raise RuntimeError("called a synchronizing CUDA operation")
    return patient(self, *arguments)

forbidden = [False]
runs.Watch, runs.forbid_waiting = OnGpu, forbidden.append
torch.cuda.synchronize = torch.cuda.reset_peak_memory_stats = lambda: None
torch.cuda.memory_allocated = torch.cuda.max_memory_allocated = lambda: 0
patient = getattr(Meter, sys.argv[1])
setattr(Meter, sys.argv[1], waits)
code = gpu_check.main(["--cpu-rehearsal", "--only", "paired fp32 plain", "--out", sys.argv[2]])
assert forbidden.count(True) and not forbidden[-1]
sys.exit(code)
"""


def run(root: Path, *command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *command],
        cwd=root,
        env=os.environ | {"CUDA_VISIBLE_DEVICES": "", "OMP_NUM_THREADS": "1", "COLUMNS": "200"},
        capture_output=True,
        text=True,
        check=False,
        timeout=240,
    )


def test_without_a_gpu_there_is_one_sentence(root):
    done = run(root, "scripts/gpu_check.py")
    assert done.returncode == 2
    assert done.stdout.count("\n") == 1
    assert "no CUDA device" in done.stdout


def test_the_rehearsal_passes_and_writes_every_row(root, tmp_path):
    done = run(root, "scripts/gpu_check.py", "--cpu-rehearsal", "--out", str(tmp_path / "found.md"))
    assert done.returncode == 0, done.stdout + done.stderr
    found = (tmp_path / "found.md").read_text(encoding="utf-8")
    rows = [line.split(" | ") for line in found.splitlines() if line.startswith("| ")]
    names = [row[0].removeprefix("| ") for row in rows]
    for name in (
        "semi_cycle fp32 plain",
        "cincgan fp32 resumed",
        "paired fp32 plain",
        "paired_gan fp32 channels_last",
        "ESRGAN fp32",
        "SRGAN fp32",
    ):
        assert name in names
    assert found.count("bit-exact | ok |") == 9
    assert found.count("| ok |") == len(rows) - 2 * found.count("## ")  # all but the heads


def test_a_broken_row_and_one_that_does_not_learn_fail_and_hide_no_other(root, tmp_path):
    done = run(root, "-c", BREAK_A_ROW, "--only", "fp32 plain", "--out", str(tmp_path / "found.md"))
    assert done.returncode == 1, done.stdout + done.stderr
    found = (tmp_path / "found.md").read_text(encoding="utf-8")
    rows = {line.split(" | ")[0].removeprefix("| "): line for line in found.splitlines()}
    assert "OptionsError: losses.pixel: there is no type 'l3'" in rows["broken fp32 plain"]
    assert "did not fall" in rows["lazy fp32 plain"]
    assert rows["paired fp32 plain"].endswith("| ok |")
    assert "2 row(s) failed" in done.stdout


def test_a_step_that_waits_for_the_gpu_fails_and_its_row_is_finished(root, tmp_path):
    done = run(root, "-c", WAIT, "add", str(tmp_path / "found.md"))
    assert done.returncode == 1, done.stderr
    (row,) = [line for line in (tmp_path / "found.md").read_text("utf-8").splitlines() if "fp32 plain" in line]
    assert "waits for the GPU: RuntimeError: called a synchronizing CUDA operation (loop.py:" in row
    assert " -> " in row
    assert "| - |" not in row


def test_waiting_is_allowed_where_a_log_line_is_due(root, tmp_path):
    done = run(root, "-c", WAIT, "read", str(tmp_path / "found.md"))
    assert done.returncode == 0, done.stdout + done.stderr


def test_states_are_compared_to_the_last_bit(root):
    code = (
        "import sys, torch; sys.path[:0] = ['scripts']; from gpu_checks.runs import _largest_difference as d; "
        "a = torch.tensor([4.0, 2.0]).double(); "
        "print(d({'x': a}, {'x': a + 0}), d({'x': a}, {'x': a + 1}), d({'x': a}, {'y': a}), d({}, {}))"
    )
    done = run(root, "-c", code)
    assert done.stdout.split() == ["0.0", "0.25", "inf", "inf"], done.stderr
