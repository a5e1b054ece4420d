"""What every test may ask for."""

import contextlib
import copy
import os
import shlex
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
import yaml
from PIL import Image

ROOT = Path(__file__).parent.parent
Tree = dict[str, Any]

_PATCH = {"type": "patch", "features": 4, "layers": 1, "stride": 1, "kernel": 3, "norm": "none"}
_TRANSLATOR = {"type": "translator", "features": 4, "blocks": 1, "zero_tail": False}
_FACES = {"type": "translator", "features": 4, "blocks": 1, "noise_channels": 1, "zero_tail": False}
UNPAIRED: dict[str, Tree] = {
    "learned_kernel_noise": {
        "pool": 3,
        "degrader": {
            "type": "kernel_noise",
            "kernel": 5,
            "kernel_features": 4,
            "kernel_blocks": 1,
            "noise_features": 4,
            "noise_blocks": 1,
        },
        "lr_discriminator": _PATCH,
    },
    "degradation_gan": {
        "degrader": {"type": "dsgan", "features": 4, "blocks": 1},
        "lr_discriminator": _PATCH | {"through": [{"type": "high_pass"}]},
    },
    "unpaired_cycle": {
        "pool": 3,
        "degrader": _TRANSLATOR,
        "hr_discriminator": _PATCH,
        "lr_discriminator": _PATCH,
    },
    "cincgan": {
        "pool": 3,
        "cleaner": _TRANSLATOR,
        "lr_degrader": _TRANSLATOR,
        "degrader": _TRANSLATOR,
        "clean_discriminator": _PATCH,
        "hr_discriminator": _PATCH,
    },
    "pseudo_supervision": {
        "pool": 3,
        "cleaner": _TRANSLATOR,
        "lr_degrader": _TRANSLATOR | {"noise_channels": 1},
        "clean_discriminator": _PATCH,
        "lr_discriminator": _PATCH,
        "hr_discriminator": _PATCH | {"share": 0.1},
    },
    "semi_cycle": {
        "degrader": _FACES,
        "sr_degrader": _FACES,
        "lr_discriminator": _PATCH,
        "returned_discriminator": _PATCH,
        "hr_discriminator": _PATCH,
        "real_sr_discriminator": _PATCH | {"share": 0.05},
    },
}
"""Networks small enough for a test, of each recipe that learns from two sides."""

OWN_LOSSES = {"unpaired_cycle", "cincgan", "pseudo_supervision", "semi_cycle"}
"""Recipes whose tables of losses are their source's unless options say otherwise."""


@pytest.fixture(scope="session", autouse=True)
def _no_cache_of_the_user(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """What runs before a test, for several of them, has a raw cache of its own too."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GANSR_CACHE", str(tmp_path_factory.mktemp("raw_cache")))
        yield


@pytest.fixture(autouse=True)
def raw_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of this test's own raw cache, which processes that it starts use too."""
    folder = tmp_path / "raw_cache"
    monkeypatch.setenv("GANSR_CACHE", str(folder))
    return folder


@pytest.fixture(scope="session")
def root() -> Path:
    """The repository's top folder."""
    return ROOT


@pytest.fixture(scope="session")
def shared() -> Path:
    """Photos and weights that may not be redistributed: tests that need them skip without them."""
    folder = ROOT.parent / "shared"
    if not (folder / "data").is_dir():
        pytest.skip(f"needs the benchmark images and weights in {folder.name}/ beside the repository")
    return folder


@pytest.fixture(scope="session")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Small synthetic photos, never to be changed: train/HR and train/LR (x2), judge/HR (two images)."""
    folder = tmp_path_factory.mktemp("photos")
    random = np.random.default_rng(0)
    for part, count, height, width in (("train", 6, 40, 48), ("judge", 2, 24, 32)):
        (folder / part / "HR").mkdir(parents=True)
        for number in range(count):
            rows, columns = np.mgrid[:height, :width] / (3 + number)
            waves = np.stack([np.sin(rows + k) * np.cos(columns - k) for k in range(3)], axis=-1)
            pixels = 127 + 100 * waves + random.normal(0, 8, waves.shape)
            image = Image.fromarray(pixels.clip(0, 255).astype(np.uint8))
            image.save(folder / part / "HR" / f"{number}.png")
            if part == "train":
                (folder / part / "LR").mkdir(exist_ok=True)
                image.resize((width // 2, height // 2)).save(folder / part / "LR" / f"{number}x2.png")
    return folder


@pytest.fixture
def tree(photos: Path, tmp_path: Path) -> Callable[..., Tree]:
    """Makes the options of a run that takes a second: recipe, and `section__key=value` changes to it."""

    def make(recipe: str = "paired", **changes: Any) -> Tree:
        options: Tree = {
            "name": "tiny",
            "recipe": recipe,
            "scale": 2,
            "seed": 3,
            "output": str(tmp_path / "runs"),
            "generator": {"type": "msrresnet", "features": 4, "blocks": 1},
            "losses": {"pixel": {"type": "l1"}},
            "data": {
                "train": {"hr": str(photos / "train" / "HR"), "crop": 16, "workers": 0},
                "validation": {"judge": {"hr": str(photos / "judge" / "HR")}},
            },
            "train": {"steps": 6, "batch": 2, "lr": 1e-3, "ema": 0.9},
            "validation": {"every": 3, "metrics": {"psnr": {"type": "psnr"}}, "pictures": 0},
            "checkpoints": {"every": 3},
            "log": {"every": 2},
        }
        if recipe == "paired_gan":
            options["discriminator"] = {"type": "unet", "features": 4}
            options["losses"]["adversarial"] = {"type": "vanilla", "weight": 0.1}
        if recipe in OWN_LOSSES:
            del options["losses"]
        if recipe in UNPAIRED:
            options["data"]["train"]["real_lr"] = str(photos / "train" / "LR")
            options |= {key: copy.deepcopy(value) for key, value in UNPAIRED[recipe].items()}  # some are shared
        for path, value in changes.items():
            *sections, key = path.split("__")
            here = options
            for section in sections:
                here = here.setdefault(section, {})
            here[key] = value
        return options

    return make


@pytest.fixture
def options_file(tmp_path: Path) -> Callable[[Any], Path]:
    """Writes a tree, or a text as it is, as an options file."""

    def write(content: Any, name: str = "run.yml") -> Path:
        path = tmp_path / name
        path.write_text(content if isinstance(content, str) else yaml.safe_dump(content, sort_keys=False), "utf-8")
        return path

    return write


class Result(NamedTuple):
    """What a command left behind."""

    code: int
    out: str
    err: str


@pytest.fixture
def gansr(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., Result]:
    """Runs the command line inside this process: quicker than starting Python, PyTorch and Accelerate anew."""

    def run(*arguments: object) -> Result:
        from accelerate.state import AcceleratorState, GradientState, PartialState

        from gansr.cli import main

        for state in (AcceleratorState, GradientState, PartialState):
            state._reset_state()
        monkeypatch.setattr(sys, "argv", ["gansr", *map(str, arguments)])
        monkeypatch.setenv("COLUMNS", "200")
        monkeypatch.setenv("ACCELERATE_USE_CPU", "1")
        capsys.readouterr()
        with pytest.raises(SystemExit) as stopped:
            main()
        return Result(int(stopped.value.code or 0), *capsys.readouterr())

    return run


@pytest.fixture
def process() -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Starts `python ...` with one thread and without a GPU; whatever still runs at the end is ended.

    Further keywords are variables of its environment; those that are empty are removed from it.
    """
    running: list[subprocess.Popen[str]] = []

    def start(arguments: str, *more: object, **environment: str) -> subprocess.Popen[str]:
        variables = os.environ | {"OMP_NUM_THREADS": "1", "ACCELERATE_USE_CPU": "1", "COLUMNS": "200"} | environment
        running.append(
            subprocess.Popen(
                [sys.executable, *shlex.split(arguments), *map(str, more)],
                cwd=ROOT,
                env={name: value for name, value in variables.items() if value},
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
                start_new_session=True,
            )
        )
        return running[-1]

    yield start
    for one in running:
        if one.poll() is None:
            one.terminate()  # torchrun hands this on to the processes it started, which are sessions of their own
            with contextlib.suppress(subprocess.TimeoutExpired):
                one.wait(timeout=20)
            one.kill()
        one.communicate()


@pytest.fixture
def finished(process: Callable[..., subprocess.Popen[str]]) -> Callable[..., Result]:
    """Runs `python ...` to its end."""

    def run(arguments: str, *more: object, **environment: str) -> Result:
        started = process(arguments, *more, **environment)
        out, err = started.communicate(timeout=90)
        return Result(started.returncode, out, err)

    return run


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A real disk of one megabyte; skipped where one may not be mounted."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(folder)], capture_output=True, text=True, check=False
    )
    if mounted.returncode:
        pytest.skip(f"needs the right to mount a small disk: {mounted.stderr.strip()}")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


@dataclass
class Page:
    """A file of a test's web site, and how its server misbehaves. Lists are used up, one entry for each request."""

    body: bytes
    tag: str | None = '"one"'
    ranges: bool = True  # False: it has never heard of them
    states: list[int] = field(default_factory=list)  # answered instead, before all else
    cuts: list[int] = field(default_factory=list)  # the line ends after so many bytes
    declared: int | None = None  # as the length, whatever it is
    silent: bool = False  # no length at all
    shift: int = 0  # ranges begin so many bytes later than asked for
    leads_to: str | None = None


class Web(NamedTuple):
    """A web server on this machine: its address, its pages by path, and what it was asked."""

    address: str
    pages: dict[str, Page]
    asked: list[tuple[str, str | None]]  # path, Range

    def serve(self, path: str, body: bytes, **how: Any) -> Page:
        """Put a page on the site, and return it, that a test may change its mind."""
        self.pages[path] = Page(body, **how)
        return self.pages[path]


class _Handler(BaseHTTPRequestHandler):
    """Answers as the page says."""

    def log_message(self, *_: object) -> None:
        pass

    def do_GET(self) -> None:
        wanted = self.headers.get("Range")
        self.server.web.asked.append((self.path, wanted))
        page = self.server.web.pages.get(self.path)
        if page is None or page.states:
            self.send_error(404 if page is None else page.states.pop(0))
        elif page.leads_to:
            self._begin(302, {"Location": page.leads_to, "Content-Length": "0"})
        else:
            self._send(page, int(wanted[6:-1]) if wanted else 0)

    def _send(self, page: Page, start: int) -> None:
        same = self.headers.get("If-Range") in (None, page.tag)
        start = start if page.ranges and same else 0
        size = len(page.body)
        if start >= size > 0:
            self._begin(416, {"Content-Range": f"bytes */{size}", "Content-Length": "0"})
            return
        rest = page.body[start:]
        length = len(rest) if page.declared is None else page.declared
        headers = {
            "Content-Range": f"bytes {start + page.shift}-{size - 1}/{size}" if start else None,
            "ETag": page.tag,
            "Content-Length": None if page.silent else str(length),
        }
        self._begin(206 if start else 200, headers)
        with contextlib.suppress(ConnectionError):
            self.wfile.write(rest[: page.cuts.pop(0)] if page.cuts else rest)

    def _begin(self, state: int, headers: dict[str, str | None]) -> None:
        self.send_response(state)
        for name, value in headers.items():
            if value is not None:
                self.send_header(name, value)
        self.end_headers()


@pytest.fixture
def web() -> Iterator[Web]:
    """Serves pages that a test puts into it."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    server.daemon_threads = True
    server.web = Web(f"http://127.0.0.1:{server.server_port}", {}, [])
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    yield server.web
    server.shutdown()
    server.server_close()
