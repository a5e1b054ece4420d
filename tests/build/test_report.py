"""gansr report: what a page holds of runs that are whole, under way, or half gone."""

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from gansr.build.making.networks import make_generator
from gansr.build.making.ship import BEST, LAST, SHIPPED, metadata
from gansr.build.showing.shots import judges_alone
from gansr.build.showing.sources import Material, able, gather
from gansr.models.weights import write as write_weights
from gansr.options.load import dump, load
from gansr.report.reading.runs import read_runs

Run = Callable[..., Any]


AUDIT = "# Audit\n\n| statistic | HR | real |\n|---|---|---|\n| blur | 1 | 2 |\n\n* A fact.\n"
LINES = [
    {"step": 1, "loss/pixel": 0.5, "logit/real": 1.0, "logit/fake": 0.0, "lr": 0.1},
    {"step": 1, "judge/psnr": 20.0},
    {"step": 2, "loss/pixel": 0.4, "logit/real": 1.0, "logit/fake": 0.0, "lr": 0.1},
    {"step": 2, "judge/psnr": 21.0},
]


@pytest.fixture
def trained(tree: Run, options_file: Run, tmp_path: Path) -> Run:
    """Writes what a run of two steps leaves in its folder, without the wait: weights are those that it began with."""

    def write(recipe: str = "paired", folder: str = "tiny", **changes: Any) -> Path:
        options = load(options_file(tree(recipe, train__steps=2, **changes)))[0]
        place = tmp_path / "runs" / folder
        place.mkdir(parents=True)
        network = make_generator(options.generator, options.scale, "generator")
        for name in (BEST, LAST):
            write_weights(place / name, network.state_dict(), metadata(options, SHIPPED, 2))
        (place / "options.yml").write_text(dump(options), "utf-8")
        (place / "log.jsonl").write_text("".join(f"{json.dumps(line)}\n" for line in LINES), "utf-8")
        if options.unpaired:
            (place / "domain_audit.md").write_text(AUDIT, "utf-8")
        return place

    return write


@pytest.fixture
def report(gansr: Run, tmp_path: Path) -> Run:
    """Makes a report and returns its HTML."""

    def make(*arguments: object) -> tuple[str, str]:
        result = gansr("report", *arguments, "-o", tmp_path / "page.html", "--cpu")
        assert result.code == 0, result
        assert "Traceback" not in result.err
        html = (tmp_path / "page.html").read_text("utf-8")
        return html, result.out

    return make


def shots(html: str) -> list[str]:
    return re.findall(r"<figcaption><strong>(.*?)</strong>", html)


def test_a_page_about_two_stages(report: Run, trained: Run) -> None:
    trained(folder="tiny/1_first")
    html, out = report(trained("paired_gan", "tiny/2_second").parent)
    assert "Wrote" in out and "2 part(s), 2 image(s)" in out
    assert "<title>tiny</title>" in html
    assert shots(html) == ["judge / 0", "judge / 1"]
    for words in ('data-source="bicubic"', 'data-source="1 first"', 'data-source="2 second"', 'data-source="HR"'):
        assert html.count(f'data-view="picture" {words}') + html.count(f'{words} data-view="picture"') == 2, words
    assert "best.safetensors, step 2" in html and "last.safetensors, step 2" in html
    assert "logits: real (line), fake (dashes)" in html and "finished, 2 steps" in html
    assert "validation.metrics: {psnr: {type: psnr}, lpips: {type: lpips}}" in html


def test_a_run_as_it_comes_from_training(report: Run, gansr: Run, tree: Run, options_file: Run, tmp_path: Path) -> None:
    assert gansr("train", options_file(tree(train__steps=2, validation__every=1, log__every=1))).code == 0
    html, _ = report(tmp_path / "runs" / "tiny")
    assert shots(html) == ["judge / 0", "judge / 1"]
    assert "finished, 2 steps" in html and "loss/pixel" in html and "judge/psnr" in html


def test_scores_are_those_of_evaluate(report: Run, trained: Run, gansr: Run, photos: Path, tmp_path: Path) -> None:
    run = trained()
    html, _ = report(run)
    on = f"judge={photos / 'judge' / 'HR'}"
    assert gansr("evaluate", run / "best.safetensors", "--on", on, "--json", tmp_path / "scores.json").code == 0
    (scores,) = json.loads((tmp_path / "scores.json").read_text("utf-8")).values()
    rows = re.findall(r'data-set="judge" data-scores="(.*?)"', html)
    found = [json.loads(row.replace("&quot;", '"'))["tiny|psnr"] for row in rows]
    assert found == [image["psnr"] for image in scores["images"]]
    assert re.search(rf'<th scope="row">tiny</th><td>(<b>)?{scores["means"]["judge"]["psnr"]:.2f}<', html)


def test_no_more_images_than_asked_for_and_the_worst_first(report: Run, trained: Run) -> None:
    html, _ = report(trained(), "--images", 1)
    assert len(shots(html)) == 1
    assert html.count('<th scope="row"><a href="#shot-') == 1, "the other one has no picture that a link could lead to"


def test_without_pictures_nothing_is_upscaled(report: Run, trained: Run) -> None:
    run = trained()
    (run / "best.safetensors").write_bytes(b"broken")
    html, out = report(run, "--no-pictures")
    assert shots(html) == [] and "not asked for" in html
    assert "Missing" in out


def test_another_set_and_other_models(report: Run, trained: Run, photos: Path, tmp_path: Path) -> None:
    scores = tmp_path / "scores.json"
    scores.write_text(json.dumps({"swin": {"means": {"judge": {"psnr": 33.25}}}}), "utf-8")
    html, _ = report(trained(), "--on", f"more={photos / 'train' / 'HR'}:{photos / 'train' / 'LR'}", "--scores", scores)
    assert len(shots(html)) == 2 + 6
    assert '<th scope="row">swin</th><td>33.25</td>' in html


def test_a_run_that_goes_on_without_weights_or_validation(report: Run, trained: Run) -> None:
    run = trained()
    for name in ("best.safetensors", "last.safetensors"):
        (run / name).unlink()
    text = (run / "options.yml").read_text("utf-8").replace("steps: 2", "steps: 9")
    (run / "options.yml").write_text(text, "utf-8")
    lines = (run / "log.jsonl").read_text("utf-8").splitlines()
    (run / "log.jsonl").write_text(
        "\n".join(line for line in lines if "judge" not in line) + '\n{"step": 3, "lo', "utf-8"
    )
    html, _ = report(run)
    for words in (
        "step 2 of 9: still going on, or stopped",
        "tiny has no weights yet (best.safetensors or last.safetensors)",
        "The log holds no validation.",
        "The last line of log.jsonl is not whole",
    ):
        assert words in html


def test_data_that_are_gone_are_said_to_be(report: Run, trained: Run, photos: Path, tmp_path: Path) -> None:
    hr = tmp_path / "hr"
    shutil.copytree(photos / "judge" / "HR", hr)
    run = trained(data__validation={"judge": {"hr": str(hr)}})
    shutil.rmtree(hr)
    html, out = report(run)
    assert "Set judge of tiny cannot be shown" in html and "there is no folder" in html
    assert shots(html) == [] and "loss/pixel" in html
    assert "Missing: Set judge of tiny" in out


def test_options_of_another_version_leave_the_curves(report: Run, trained: Run, photos: Path) -> None:
    run = trained()
    (run / "options.yml").write_text((run / "options.yml").read_text("utf-8") + "old_key: 1\n", "utf-8")
    html, _ = report(run, "--on", f"judge={photos / 'judge' / 'HR'}")
    assert "The options of tiny are not those of this version" in html and "old_key" in html
    assert len(shots(html)) == 2


def test_a_value_that_is_not_finite_is_named(report: Run, trained: Run) -> None:
    run = trained()
    with (run / "log.jsonl").open("a", encoding="utf-8") as file:
        file.write('{"step": 3, "loss/pixel": "nan", "lr": 0.1}\n')
    assert "loss/pixel is not finite at step 3." in report(run, "--no-pictures")[0]


def test_runs_without_pairs_show_real_photos(report: Run, trained: Run, photos: Path) -> None:
    html, _ = report(trained("degradation_gan"))
    assert "Domain audit of tiny" in html and "Without pairs" in html
    assert [name for name in shots(html) if name.startswith("real LR")] == [f"real LR / {n}x2" for n in range(6)]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["nowhere"], ["There is no run", "nowhere"]),
        (["."], ["is no run", "log.jsonl", "options.yml"]),
        ([".", "-o", "page.txt"], ["page.txt", ".html"]),
    ],
)
def test_mistakes_are_a_paragraph(
    gansr: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, arguments: list[str], words: list[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    result = gansr("report", *arguments)
    assert result.code == 2 and len(result.err.strip().splitlines()) == 1
    assert all(word in result.err for word in words), result.err
    assert list(tmp_path.iterdir()) == []


def test_photos_without_truth_can_be_asked_for(report: Run, trained: Run, photos: Path) -> None:
    html, _ = report(trained(), "--on", f"bad=:{photos}", "--images", "2")
    assert len([name for name in shots(html) if name.startswith("real LR")]) == 2


def test_mistakes_of_what_was_asked_for(gansr: Run, trained: Run, tmp_path: Path) -> None:
    run = trained()
    for arguments, word in {
        ("--on", "nothing"): "expected NAME=HR_DIR",
        ("--on", f"x={tmp_path / 'nowhere'}"): "there is no folder",
        ("--metric", "[1]"): "expected a name or",
        ("--scores", tmp_path / "none.json"): "none.json cannot be read",
    }.items():
        result = gansr("report", run, "-o", tmp_path / "page.html", "--cpu", *arguments)
        assert result.code == 2 and word in result.err, result


def test_a_metric_that_cannot_be_built_is_left_out() -> None:
    from gansr.options.component import Component

    material = Material(rows={"psnr": Component(type="psnr"), "x": Component(type="niqe", weights="nowhere.npz")})  # type: ignore[call-arg]
    assert list(material.metrics(2)) == ["psnr"]
    assert len(material.missing) == 1 and "The metric x is left out" in material.missing[0]
    material.metrics(2)
    assert len(material.missing) == 1, "said once"


class Alone:
    """A metric that needs no truth."""

    needs_hr, higher_is_better, unit, format, protocol = False, True, "", ".1f", "mean brightness"

    def __call__(self, sr: torch.Tensor, hr: torch.Tensor) -> float:
        return sr.double().mean().item()


class WithLr(Alone):
    """A metric that looks at LR."""

    def __call__(self, sr: torch.Tensor, hr: torch.Tensor, lr: torch.Tensor) -> float:  # type: ignore[override]
        return lr.double().mean().item()


class OfSets(Alone):
    """A metric of a whole set."""

    of_sets = True


class WithHr(Alone):
    """A metric that compares."""

    needs_hr = True


def test_images_without_truth_are_judged_by_metrics_that_need_none() -> None:
    metrics: Any = {"alone": Alone(), "lr": WithLr(), "set": OfSets(), "hr": WithHr()}
    fitting = {name: one for name, one in metrics.items() if judges_alone(one)}
    assert list(fitting) == ["alone", "lr"]


def test_equal_sets_are_one_and_others_of_the_same_name_are_not(trained: Run, photos: Path) -> None:
    first = trained(folder="one")
    second = trained(folder="two")
    third = trained(folder="three", data__validation={"judge": {"hr": str(photos / "train" / "HR")}})
    found = gather(read_runs([first, second, third]), [], [], None, True)
    assert [one.name for one in found.sets] == ["judge", "judge (three)"]
    assert [source.label for source in able(found.sources, 2)] == ["bicubic", "one", "two", "three"]
    assert [source.label for source in able(found.sources, 3)] == ["bicubic"]
