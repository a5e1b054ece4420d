"""What starting costs: PyTorch is imported when something is computed, and not before."""

from collections.abc import Callable
from typing import Any

HEAVY = {
    "torch",
    "torchvision",
    "accelerate",
    "kornia",
    "timm",
    "numpy",
    "PIL",
    "pydantic",
    "tensorboard",
    "safetensors",
}
LOADED = "import sys; print(*{name.partition('.')[0] for name in sys.modules})"


def test_import_is_light(finished: Callable[..., Any]) -> None:
    result = finished("-c", f"import gansr; gansr.__version__; {LOADED}")
    assert result.code == 0, result.err
    loaded = set(result.out.split())
    assert "gansr" in loaded and not loaded & (HEAVY | {"typer", "rich", "yaml"})


def test_help_is_quick_and_lists_the_commands(finished: Callable[..., Any]) -> None:
    script = (
        "import sys, runpy\nsys.argv = ['gansr', '--help']\n"
        "try:\n    runpy.run_module('gansr', run_name='__main__')\nfinally:\n    " + LOADED.replace("; ", "\n    ")
    )
    result = finished("-c", script)
    assert result.code == 0, result.err
    loaded = set(result.out.splitlines()[-1].split())
    assert "typer" in loaded and not loaded & HEAVY
    for command in ("train", "check", "evaluate", "upscale", "list", "schema"):
        assert f" {command} " in result.out


def test_help_of_each_command_imports_no_torch(finished: Callable[..., Any]) -> None:
    script = (
        "import sys\nfrom gansr.cli import main\n"
        "for command in ('train', 'check', 'evaluate', 'upscale', 'list', 'schema'):\n"
        "    sys.argv = ['gansr', command, '--help']\n"
        "    try:\n        main()\n    except SystemExit as stop:\n        assert stop.code == 0\n"
        "assert 'torch' not in sys.modules"
    )
    result = finished("-c", script)
    assert result.code == 0, result.err


def test_no_command_prints_the_help(finished: Callable[..., Any]) -> None:
    result = finished("-m gansr")
    assert "Usage" in result.out + result.err and "Traceback" not in result.err
