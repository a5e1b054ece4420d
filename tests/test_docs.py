"""What the guides show can be built, and they leave out no row of a table."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, get_args

import pytest

from gansr.build.examining.check import examine
from gansr.build.making.parts import TABLES
from gansr.cli_cache import app as cache_app
from gansr.data.degradations.presets import PRESETS
from gansr.losses.degradation import DEGRADATION
from gansr.metrics.fidelity.protocols import PROTOCOLS
from gansr.options.images import TrainSetOptions
from gansr.options.load import validate
from gansr.options.reader import parse
from gansr.options.roots import RootOptions
from gansr.options.schema import RECIPE_OPTIONS
from gansr.options.stages import expand, merge

PAGE = (Path(__file__).parent.parent / "docs" / "losses.md").read_text("utf-8")
SNIPPETS = re.findall(r"<!-- check -->\n```yaml\n(.*?)```", PAGE, re.DOTALL)
LISTED = ("losses", "objectives", "penalties", "augmentations", "views", "maps", "discriminators")
Tree = dict[str, Any]


def over(base: Tree, change: Tree) -> Tree:
    """`change` over `base`, section by section; of what a snippet says of the game nothing of the base remains."""
    merged = base | change
    for section in ("train", "data"):
        merged[section] = base[section] | change.get(section, {})
    return {key: value for key, value in merged.items() if key != "discriminator" or "discriminators" not in change}


def test_every_snippet_is_marked() -> None:
    assert len(SNIPPETS) == PAGE.count("```yaml") > 0


@pytest.mark.parametrize("text", SNIPPETS, ids=range(len(SNIPPETS)))
def test_snippets_can_be_built(text: str, tree: Callable[..., Tree]) -> None:
    snippet = parse(text, "docs/losses.md")
    game = "adversarial" in snippet["losses"]
    base = tree("paired_gan" if game else "paired", scale=4, data__train__crop=128, train__batch=1, train__steps=10**6)
    found = examine(validate(over(base, snippet), "docs/losses.md"))
    assert [role for role, *_ in found.losses] == list(snippet["losses"])


@pytest.mark.parametrize("kind", LISTED)
def test_every_name_is_there(kind: str) -> None:
    assert [name for name in TABLES[kind] if f"`{name}`" not in PAGE] == []


NETWORKS = (Path(__file__).parent.parent / "docs" / "networks.md").read_text("utf-8")


@pytest.mark.parametrize("name", TABLES["generators"])
def test_every_generator_is_there(name: str) -> None:
    assert f"`{name}`" in NETWORKS


def test_the_table_of_networks_has_todays_numbers_of_parameters(monkeypatch: pytest.MonkeyPatch) -> None:
    """`python scripts/network_table.py NAME --keep-times` measures a row anew."""
    monkeypatch.syspath_prepend(Path(__file__).parent.parent / "scripts")
    from network_table import parameters  # pyright: ignore[reportMissingImports]
    from networks.catalogue import CATALOGUE  # pyright: ignore[reportMissingImports]

    for entries in CATALOGUE.values():
        for entry in entries:
            row = next((line for line in NETWORKS.splitlines() if line.startswith(f"| {entry.title} |")), None)
            assert row is not None and f"| {parameters(entry)} |" in row, entry.title


DEGRADATIONS = (Path(__file__).parent.parent / "docs" / "degradations.md").read_text("utf-8")


@pytest.mark.parametrize("name", [*TABLES["degradations"], *PRESETS])
def test_every_degradation_is_there(name: str) -> None:
    assert f"`{name}`" in DEGRADATIONS


@pytest.mark.parametrize("name", TABLES["batch_augmentations"])
def test_every_augmentation_of_batches_is_there(name: str) -> None:
    assert f"| `{name}` |" in DEGRADATIONS


def test_what_is_shown_of_data_fits(tree: Callable[..., Tree]) -> None:
    shown = re.findall(r"<!-- check -->\n```yaml\n(.*?)```", DEGRADATIONS, re.DOTALL)
    assert len(shown) == 2
    for text in shown:
        base = tree(scale=4, data__train__crop=32)
        train = parse(text, "docs/degradations.md")["data"]["train"]
        examine(validate(base | {"data": {"train": base["data"]["train"] | train}}, "docs/degradations.md"))


IMAGES = (Path(__file__).parent.parent / "docs" / "images.md").read_text("utf-8")


def test_what_is_shown_of_folders_fits(tree: Callable[..., Tree]) -> None:
    (text,) = re.findall(r"<!-- check -->\n```yaml\n(.*?)```", IMAGES, re.DOTALL)
    options = validate(merge(tree(scale=4, train__batch=1), parse(text, "docs/images.md")), "docs/images.md")
    examine(options)
    assert [root.weight for root in options.data.train.hr_roots] == [1, 2, 1, 1, 1]
    assert all(f"| `{key}` |" in IMAGES for key in RootOptions.model_fields)


UNPAIRED = (Path(__file__).parent.parent / "docs" / "unpaired.md").read_text("utf-8")
WITHOUT_PAIRS = [name for name, options in RECIPE_OPTIONS.items() if options.unpaired]
GUIDE = re.findall(r"<!-- check -->\n```yaml\n(.*?)```", UNPAIRED, re.DOTALL)


def test_every_recipe_without_pairs_is_shown() -> None:
    shown = [parse(text, "docs/unpaired.md") for text in GUIDE]
    assert {one["recipe"] for one in shown if "recipe" in one} == set(WITHOUT_PAIRS)
    assert sum("stages" in one for one in shown) == 1 and len(GUIDE) == len(WITHOUT_PAIRS) + 1
    assert all(f"`{name}`" in UNPAIRED for name in (*TABLES["degraders"], *DEGRADATION, *WITHOUT_PAIRS))


@pytest.mark.parametrize("text", GUIDE, ids=range(len(GUIDE)))
def test_runs_without_pairs_that_are_shown_can_be_built(text: str, tree: Callable[..., Tree]) -> None:
    base = tree(scale=4, generator={"type": "edsr", "features": 4, "blocks": 1}, data__train__crop=128, train__batch=2)
    base["train"]["steps"] = 10**6
    shown = merge({key: value for key, value in base.items() if key not in ("recipe", "losses")}, parse(text, "guide"))
    for tree_of_stage in expand(shown, (), "docs/unpaired.md"):
        options = validate(tree_of_stage, "docs/unpaired.md")
        assert examine(options).parameters.keys() >= {"generator", *options.judges, *options.making}


def test_the_pipeline_shown_can_be_built(tree: Callable[..., Tree]) -> None:
    shown = re.findall(r"```yaml\n(degradation:.*?)```", DEGRADATIONS, re.DOTALL)
    (text,) = shown
    rows = parse(text, "docs/degradations.md")["degradation"]
    examine(validate(tree(data__train__degradation=rows, data__train__margin=8), "docs/degradations.md"))


TRAINING = (Path(__file__).parent.parent / "docs" / "training.md").read_text("utf-8")


def test_what_is_shown_of_watching_fits(tree: Callable[..., Tree]) -> None:
    (text,) = re.findall(r"<!-- check -->\n```yaml\n(.*?)```", TRAINING, re.DOTALL)
    base = tree(scale=4, data__train__crop=32)
    base["data"]["validation"] = {"set14": base["data"]["validation"]["judge"]}
    examine(validate(merge(base, parse(text, "docs/training.md")), "docs/training.md"))


@pytest.mark.parametrize("name", TABLES["trackers"])
def test_every_tracker_is_there(name: str) -> None:
    assert f"| `{name}` |" in TRAINING


DATASETS = (Path(__file__).parent.parent / "docs" / "datasets.md").read_text("utf-8")


def test_the_table_of_data_sets_is_the_catalogue(monkeypatch: pytest.MonkeyPatch) -> None:
    """`python scripts/dataset_table.py` writes it anew."""
    monkeypatch.syspath_prepend(Path(__file__).parent.parent / "scripts")
    from dataset_table import page  # pyright: ignore[reportMissingImports]

    assert page(DATASETS) == DATASETS


def test_what_is_shown_of_data_sets_fits(tree: Callable[..., Tree]) -> None:
    (text,) = re.findall(r"<!-- check -->\n```yaml\n(.*?)```", DATASETS, re.DOTALL)
    base = tree(scale=4)
    found = validate(base | {"data": parse(text, "docs/datasets.md")["data"]}, "docs/datasets.md")
    assert list(found.data.validation) == ["set5", "set14", "bsd100", "div2k"]
    examine(found)


METRICS_PAGE = (Path(__file__).parent.parent / "docs" / "metrics.md").read_text("utf-8")


@pytest.mark.parametrize("name", [*TABLES["metrics"], *PROTOCOLS])
def test_every_metric_and_protocol_is_there(name: str) -> None:
    assert re.search(rf"^\| `{name}`[ (|]", METRICS_PAGE, re.MULTILINE)


def test_every_metrics_needs_and_terms_are_there() -> None:
    table = METRICS_PAGE.partition("## What has to be downloaded")[2].partition("## ")[0]
    assert [name for name in TABLES["metrics"] if f"`{name}`" not in table] == []


CACHE = (Path(__file__).parent.parent / "docs" / "cache.md").read_text("utf-8")


def test_what_is_shown_of_the_cache_fits(tree: Callable[..., Tree]) -> None:
    (text,) = re.findall(r"<!-- check -->\n```yaml\n(.*?)```", CACHE, re.DOTALL)
    base = tree(scale=4, data__train__crop=32)
    shown = merge(base, parse(text, "docs/cache.md"))
    assert set(parse(text, "docs/cache.md")["data"]["train"]) == {"hr", "cache", "cache_folder", "keep_lr"}
    examine(validate(shown, "docs/cache.md"))


def test_every_command_of_the_cache_is_there() -> None:
    commands = [command.name or getattr(command.callback, "__name__", "") for command in cache_app.registered_commands]
    assert len(commands) == 4 and [name for name in commands if f"\ngansr cache {name} " not in CACHE] == []


def test_every_kind_of_cache_is_there() -> None:
    kinds = get_args(TrainSetOptions.model_fields["cache"].annotation)
    assert len(kinds) == 3 and [kind for kind in kinds if f"\n| `{kind}` |" not in CACHE] == []
