"""A page to look at, and a browser to look with."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gansr.evaluation.scores import Row, Scores
from gansr.metrics import METRICS
from gansr.report.pictures.shot import Shot
from gansr.report.reading.runs import read_runs
from gansr.report.run_page import Shown, run_page

EVIL = """<img src=x onerror="alert(1)">&'"""
BROWSERS = ("chromium", "chromium-browser", "google-chrome")


@pytest.fixture(scope="session")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A page with everything: two runs of three stages, three images, a name that would like to be a tag."""
    folder = tmp_path_factory.mktemp("report")
    metrics = "{psnr: {type: psnr}, looks: {type: feature_distance}}"
    for number, (name, recipe) in enumerate(
        {"one/1_psnr": "paired", "one/2_gan": "paired_gan", "two": "paired"}.items()
    ):
        stage = folder / name
        stage.mkdir(parents=True)
        (stage / "options.yml").write_text(
            f"recipe: {recipe}\nscale: 2\ngenerator: {{type: edsr}}\ntrain: {{steps: 9, lr: 0.{number}}}\n"
            f"data: {{validation: {{set: {{hr: photos}}}}}}\nvalidation: {{metrics: {metrics}}}\n",
            "utf-8",
        )
        game = '"logit/real": 1, "logit/fake": -1, "discriminator/accuracy": 0.5, "gradient/a": 1, "gradient/b": 2,'
        lines = [f'{{"step": {step}, "loss/pixel": {1 / step}, {game * (number == 1)} "lr": 1}}' for step in (1, 2, 3)]
        lines += [f'{{"step": {step}, "set/psnr": {20 + step}, "set/looks": {1 / step}}}' for step in (2, 3)]
        (stage / "log.jsonl").write_text("\n".join(lines) + "\n", "utf-8")
    random = np.random.default_rng(0)
    shots = []
    for image, psnr in ((EVIL, 20.0), ("b", 10.0), ("c", 30.0)):
        hr = random.integers(0, 256, (40, 60, 3), np.uint8)
        results = {"bicubic": np.roll(hr, 1, 0), "two": hr // 2}
        scores = {"bicubic": {"psnr": 15.0}, "two": {"psnr": psnr}}
        shots.append(Shot("set", image, (40, 60), None, hr[::2, ::2], results, hr, scores))
    judged = {
        who: Scores(
            [Row((0, n), "set", one.image, dict(one.scores[who])) for n, one in enumerate(shots)],
            {"psnr": METRICS["psnr"](2)},
        )
        for who in ("bicubic", "two")
    }
    shown = Shown(judged, {}, shots, {"two": "best.safetensors"}, [f"{EVIL} is missing."])
    parts = read_runs([folder / "one", folder / "two"])
    others = {EVIL: {"set": {"psnr": 19.0, "looks": 0.5}}}
    html = run_page(parts, {"two": [f"Watch {EVIL}"]}, shown, others, "Made by a test.")
    path = folder / "report.html"
    path.write_text(html, "utf-8")
    return path


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """Headless Chromium, its console and its requests recorded; tests skip where it is not installed."""
    webdriver = pytest.importorskip("selenium.webdriver", reason="needs selenium: pip install 'gansr[dev]'")
    program = next(filter(None, map(shutil.which, BROWSERS)), None)
    driver = shutil.which("chromedriver")
    if program is None or driver is None:
        pytest.skip(
            "needs the system's packages chromium and chromium-driver (scripts/test installs them on Debian as root)"
        )
    options = webdriver.ChromeOptions()
    options.binary_location = program
    for argument in (
        "--headless=new",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-dev-shm-usage",
        "--window-size=1200,900",
    ):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    found = webdriver.Chrome(options, webdriver.ChromeService(driver))
    yield found
    found.quit()
