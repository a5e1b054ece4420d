"""Make docs/report.png: the report of a small run on photos that come with scikit-image, as Chromium shows it.

usage: python scripts/report_picture.py [FOLDER]    (default experiments/report_demo; needs the extra `dev`, and the
system's packages chromium and chromium-driver). Minutes on a laptop's processor; a run that is there is used again.
"""

import sys
import time
from pathlib import Path

import torch
from PIL import Image
from rich.console import Console
from selenium import webdriver
from selenium.webdriver.common.by import By
from skimage import data as photos
from torchvision.models import squeezenet1_1

from gansr.build.report import Request
from gansr.build.report import run as report
from gansr.build.train import train
from gansr.data.files.images import to_rgb, write_image
from gansr.options.load import load

ROOT = Path(__file__).resolve().parents[1]
PICTURE = ROOT / "docs" / "report.png"
NEVER_TRAINED_ON = {"astronaut": photos.astronaut, "cat": photos.chelsea, "coffee": photos.coffee}
TRAIN = {
    "brick": photos.brick,
    "camera": photos.camera,
    "coins": photos.coins,
    "grass": photos.grass,
    "gravel": photos.gravel,
    "motorcycle": lambda: photos.stereo_motorcycle()[0],
    "rocket": photos.rocket,
}
OPTIONS = """
name: report_demo
output: {output}
scale: 4
generator: {{type: msrresnet, features: 24, blocks: 4}}
data:
  train: {{hr: {folder}/photos/train, crop: 96, workers: 0}}
  validation: {{photos: {{hr: {folder}/photos/never_trained_on}}}}
validation:
  every: 50
  pictures: 0
  metrics:
    psnr: {{type: psnr}}
    ssim: {{type: ssim}}
    features: {{type: feature_distance, network: squeezenet1_1, weights: {folder}/squeezenet.pth}}
log: {{every: 10}}
checkpoints: {{every: 100}}
stages:
  - name: psnr
    recipe: paired
    losses: {{pixel: {{type: l1}}}}
    train: {{steps: 900, batch: 4, lr: 2e-3, schedule: {{type: cosine}}, warm_up: 40, ema: 0.98}}
  - name: gan
    recipe: paired_gan
    discriminator: {{type: patch, features: 32, layers: 2, norm: batch}}
    losses:
      pixel: {{type: l1, weight: 1.0}}
      content: {{type: vgg19, weights: random, layers: {{conv2_2: 1.0}}, shifts: 4, weight: 0.1}}
      adversarial: {{type: vanilla, weight: 0.01}}
    train: {{steps: 200, batch: 4, lr: 2e-4, schedule: {{type: cosine}}, ema: 0.95, diagnose_every: 20}}
"""


def main(folder: Path) -> None:
    """Train, report, take the picture."""
    for part, images in {"train": TRAIN, "never_trained_on": NEVER_TRAINED_ON}.items():
        (folder / "photos" / part).mkdir(parents=True, exist_ok=True)
        for name, photo in images.items():
            pixels = photo()
            write_image(
                folder / "photos" / part / f"{name}.png", to_rgb(pixels if pixels.ndim == 3 else pixels[..., None])
            )
    torch.manual_seed(
        0
    )  # nothing is downloaded: the network that compares features knows nothing, and still sees edges
    torch.save(squeezenet1_1().state_dict(), folder / "squeezenet.pth")
    options = folder / "options.yml"
    options.write_text(OPTIONS.format(folder=folder, output=folder), "utf-8")
    if train(load(options), cpu=True) is None:
        sys.exit("Stopped and saved: run this again to go on.")
    page = folder / "report.html"
    report(Request([folder / "report_demo"], page, cpu=True), Console())
    photograph(page, PICTURE)


def photograph(page: Path, picture: Path) -> None:
    """The upper part of the page, in fewer than 400 kB."""
    options = webdriver.ChromeOptions()
    for argument in ("--headless=new", "--no-sandbox", "--disable-gpu", "--window-size=1320,1700", "--hide-scrollbars"):
        options.add_argument(argument)
    driver = webdriver.Chrome(options, webdriver.ChromeService("/usr/bin/chromedriver"))
    try:
        driver.get(page.resolve().as_uri())
        driver.execute_script("document.documentElement.style.scrollBehavior = 'auto'")
        driver.execute_script("arguments[0].scrollIntoView()", driver.find_element(By.ID, "plane"))
        time.sleep(2)  # charts are drawn when they come into view
        driver.execute_script("scrollTo(0, 0)")
        time.sleep(1)
        driver.save_screenshot(str(picture))
    finally:
        driver.quit()
    shown = Image.open(picture).convert("RGB")
    shown.quantize(palette=shown.quantize(256), dither=Image.Dither.FLOYDSTEINBERG).save(picture, optimize=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path("experiments/report_demo"))
