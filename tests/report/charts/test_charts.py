import json
import math
from pathlib import Path
from typing import Any

from gansr.report.charts import curves, health
from gansr.report.charts.chart import Chart, Trace, thinned
from gansr.report.charts.plane import planes
from gansr.report.reading.log import Log
from gansr.report.reading.runs import Part


def part(label: str, losses: list[Any] = (), scores: list[Any] = (), begins: int = 0, metrics: Any = None) -> Part:  # type: ignore[assignment]
    options = {"validation": {"metrics": metrics}} if metrics else None
    return Part(label, label, Path(label), Log(losses, scores), options, 0, begins)


def named(charts: list[Chart]) -> dict[str, Chart]:
    assert len({chart.title for chart in charts}) == len(charts)
    return {chart.title: chart for chart in charts}


def test_long_curves_become_means_of_neighbours() -> None:
    assert thinned([1, 2, 3, 4, 5], [0, 2, 4, 6, 9], points=3) == ([1.5, 3.5, 5], [1, 5, 9])
    assert thinned([1, 2, 3], [4, 5, 6], points=3) == ([1, 2, 3], [4, 5, 6])
    assert math.isnan(thinned([1, 2, 3, 4], [1, math.nan, 1, 1], points=2)[1][0])


def test_what_is_not_finite_is_a_gap() -> None:
    markup = Chart("a <chart>", [Trace("t", [1, 2, 3], [1.0, math.nan, math.inf], part=0, colour=1)]).markup().html
    assert "<figcaption>a &lt;chart&gt;</figcaption>" in markup
    content = json.loads(markup.partition('type="application/json">')[2].partition("</script>")[0])
    assert content["traces"][0]["y"] == [1.0, None, None]
    assert content["traces"][0]["meta"] == {"part": 0, "colour": 1}


def test_stages_stand_behind_each_other_and_runs_in_one_chart() -> None:
    line = {"step": 2, "loss/pixel": 0.5, "degrader/loss/cycle": 1.0, "lr": 1.0}
    found = named(curves.losses([part("a", [line]), part("b", [line], begins=10), part("c")]))
    assert list(found) == ["loss/pixel", "degrader/loss/cycle"]
    assert [(trace.name, trace.x, trace.part) for trace in found["loss/pixel"].traces] == [
        ("a", [2], 0),
        ("b", [12], 1),
    ]
    assert found["loss/pixel"].logarithmic
    assert found["loss/pixel"].traces[1].text == ["step 2: 0.5"]


def test_scores_say_which_way_is_better_by_their_type_not_their_name() -> None:
    metrics = {"mine": {"type": "niqe"}, "psnr": {"type": "psnr"}, "other": {"type": "my:Metric"}}
    scores = [{"step": 1, "a/psnr": 30.0, "a/mine": 4.0, "a/other": 1.0}]
    found = named(curves.scores([part("a", scores=scores, metrics=metrics)]))
    assert list(found) == ["a/psnr ↑", "a/mine ↓", "a/other"]
    assert found["a/psnr ↑"].y == "dB"


def test_both_sides_of_a_game_are_in_one_chart() -> None:
    line = {
        "step": 1,
        "logit/real": 1.0,
        "logit/fake": -1.0,
        "degrader/logit/real/lr": 2.0,
        "degrader/logit/fake/lr": 3.0,
        "discriminator/accuracy": 0.9,
        "gradient/pixel": 1.0,
        "gradient/adversarial": 2.0,
        "share/pixel": 0.25,
        "share/adversarial": 0.75,
    }
    found = named(health.game([part("a", [line])]))
    assert list(found) == [
        "logits: real (line), fake (dashes)",
        "degrader/logits/lr: real (line), fake (dashes)",
        "discriminator/accuracy",
        "gradient norms, a",
        "shares of the losses, a",
    ]
    assert [(one.dash, one.y) for one in found["logits: real (line), fake (dashes)"].traces] == [
        ("solid", [1.0]),
        ("dash", [-1.0]),
    ]
    assert found["discriminator/accuracy"].line == 0.5
    assert health.game([part("b", [line], begins=10)])[-1].traces[0].x == [11]
    shares = found["shares of the losses, a"]
    assert shares.named and [one.filled for one in shares.traces] == [True, True]
    assert health.without_pairs([part("a", [line])]) == []


def test_one_loss_alone_has_no_shares() -> None:
    assert health.game([part("a", [{"step": 1, "share/pixel": 1.0}])]) == []


def test_runs_without_pairs() -> None:
    line = {
        "step": 1,
        "degrader/kernel_width": 1.0,
        "degrader/noise_level": 2.0,
        "change/degrader": 3.0,
        "domain/lr/energy_made": 4.0,
        "domain/lr/energy_real": 5.0,
        "domain/lr/red": 6.0,
    }
    fine = "fine detail, lr: made (line), real (dashes), source (dots)"
    found = named(health.without_pairs([part("a", [line])]))
    assert list(found) == ["degrader/kernel_width", "degrader/noise_level", fine, "change/degrader"]
    assert [one.dash for one in found[fine].traces] == ["solid", "dash"]
    assert list(named(health.rest([part("a", [line])]))) == ["domain/lr/red"]


def test_every_value_of_a_log_is_in_some_chart() -> None:
    line = {
        "step": 1,
        "loss/a": 1.0,
        "lr": 1.0,
        "colour/red": 1.0,
        "logit/real": 1.0,
        "penalty/r1": 1.0,
        "new/thing": 1.0,
    }
    rest = named(health.rest([part("a", [line], [{"step": 1, "a/psnr": 30.0}])]))
    assert list(rest) == ["lr", "colour/red", "penalty/r1", "new/thing"]


def test_the_plane_has_paths_ends_and_baselines() -> None:
    metrics = {"psnr": {"type": "psnr"}, "looks": {"type": "feature_distance"}}
    scores = [{"step": 1, "s/psnr": 30.0, "s/looks": 0.4}, {"step": 2, "s/psnr": 29.0, "s/looks": 0.3}]
    finals = {
        "run": {"s": {"psnr": 28.5, "looks": 0.25}},
        "bicubic": {"s": {"psnr": 27.0, "looks": 0.6}},
        "broken": {"s": {"psnr": math.inf, "looks": 0.0}},
        "elsewhere": {"t": {"psnr": 27.0}},
    }
    (chart,) = planes([part("run", scores=scores, metrics=metrics)], finals)
    assert chart.title == "s: looks against PSNR" and chart.y == "looks, ↓ better"
    assert [one.labelled for one in chart.traces] == [False, False, True]
    assert chart.traces[2].json()["mode"] == "markers+text" and chart.traces[2].json()["text"] == ["bicubic"]
    assert [(one.name, list(one.x), list(one.y), one.symbol, one.part) for one in chart.traces] == [
        ("run", [30.0, 29.0], [0.4, 0.3], "circle", 0),
        ("run", [28.5], [0.25], "star", 0),
        ("bicubic", [27.0], [0.6], "diamond", None),
    ]


def test_no_plane_without_a_perceptual_metric() -> None:
    assert planes([part("run", scores=[{"step": 1, "s/psnr": 30.0, "s/ssim": 0.4}])], {}) == []
