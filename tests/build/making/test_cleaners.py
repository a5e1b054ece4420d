"""`generator: {type: ..., cleaner: {type: ...}}`: in options, in files, and what is refused."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import yaml

from gansr.build import bring
from gansr.build.examining.check import examine
from gansr.build.examining.listing import schema
from gansr.build.making.networks import describe_generator, load_generator, make_generator
from gansr.build.making.ship import architecture as made
from gansr.build.making.start import fill
from gansr.errors import OptionsError, WeightsError
from gansr.inference.upscale import Upscaler
from gansr.models.architecture import Architecture, architecture
from gansr.models.cleaned import Cleaned
from gansr.models.weights import describe, write
from gansr.options.load import dump, validate
from gansr.options.sections import GeneratorOptions, NetworkOptions

CLEANER = {"type": "translator", "features": 4, "blocks": 1, "zero_tail": False}
ASKED = {"type": "msrresnet", "features": 4, "blocks": 1, "cleaner": CLEANER}
Make = Callable[..., Any]


def asked(**more: Any) -> NetworkOptions:
    return NetworkOptions.model_validate(ASKED | more)


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    torch.manual_seed(0)
    network = make_generator(asked(), 2, "generator")
    path = tmp_path / "both.safetensors"
    write(path, network.state_dict(), describe(describe_generator(asked(), 2, "generator"), step=3))
    return path


def test_from_options() -> None:
    network = make_generator(asked(), 2, "generator")
    assert isinstance(network, Cleaned)
    assert type(network.cleaner).__name__ == "Translator" and network.scale == 2
    plain = make_generator(asked(cleaner=None), 2, "generator")
    assert not isinstance(plain, Cleaned)
    assert describe_generator(asked(cleaner=None), 2, "generator").cleaner is None


def test_the_files_word_is_complete(saved: Path) -> None:
    found = describe_generator(asked(), 2, "generator")
    assert found.cleaner == CLEANER | {"in_channels": 3, "out_channels": 3}
    assert architecture(describe(found)) == found
    again = NetworkOptions.model_validate(yaml.safe_load(found.component()))
    assert describe_generator(again, 2, "generator") == found
    loaded = load_generator(saved)
    assert isinstance(loaded.network, Cleaned) and loaded.scale == 2 and loaded.architecture == found


def test_a_file_upscales_and_is_imported(saved: Path, tmp_path: Path) -> None:
    loaded = load_generator(saved)
    assert Upscaler(loaded.network, 2, "cpu")(np.zeros((5, 6, 3), np.uint8)).shape == (10, 12, 3)
    bring.bring(saved, tmp_path / "copy.safetensors")
    other, image = load_generator(tmp_path / "copy.safetensors"), torch.rand(1, 3, 5, 4)
    assert torch.equal(other.network(image), loaded.network(image)) and other.architecture == loaded.architecture
    told = load_generator(saved, GeneratorOptions.model_validate({"type": "msrresnet"}))
    assert torch.equal(told.network(image), loaded.network(image))


def test_a_run_has_it(tree: Make) -> None:
    options = validate(tree(generator=ASKED), "run.yml")
    assert validate(yaml.safe_load(dump(options)), "again.yml") == options
    assert examine(options).missing == []
    assert made(options).cleaner is not None
    branch = schema()["$defs"]["Generator"]["anyOf"][0]["properties"]
    assert branch["cleaner"] == {"$ref": "#/$defs/Generator"}, "editors know it"
    rates = {"cleaner": 0.5}
    assert examine(validate(tree(generator=ASKED, train__rates=rates), "run.yml")).missing == []


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"colour": "y"}, "generator: a cleaner sees RGB, and colour: y"),
        ({"cleaner": {"type": "edsr"}}, r"generator\.cleaner \(type edsr\): there is no network for scale 1"),
        ({"cleaner": {"type": "translater"}}, r"generator\.cleaner: there is no type 'translater'.*'translator'"),
        ({"cleaner": {"type": "translator", "block": 1}}, r"generator\.cleaner \(type translator\).*'blocks'"),
        ({"cleaner": {"type": "srcnn", "in_channels": 1}}, r"generator\.cleaner .*in_channels is 1; images have 3"),
        ({"cleaner": CLEANER | {"colour": "y"}}, r"generator\.cleaner .*colour"),
    ],
)
def test_what_is_refused(more: dict[str, Any], message: str) -> None:
    with pytest.raises(OptionsError, match=message):
        make_generator(asked(**more), 2, "generator")


@pytest.mark.parametrize(
    "arguments",
    [
        {"cleaner": {"type": "evil:Net"}},
        {"type": "evil:Net"},  # among the arguments, it would come after the type that is looked at
    ],
)
@pytest.mark.parametrize("told", [None, {"type": "msrresnet"}])
def test_code_is_never_imported_on_a_files_word(
    saved: Path, arguments: dict[str, Any], told: dict[str, Any] | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    (saved.parent / "evil.py").write_text("raise SystemExit('imported')")
    monkeypatch.syspath_prepend(saved.parent)
    write(saved, {"a": torch.zeros(1)}, describe(Architecture("msrresnet", 2, arguments)))
    options = told and GeneratorOptions.model_validate(told)
    if options and "type" in arguments:
        with pytest.raises(WeightsError):  # the user's word is the last
            load_generator(saved, options)
        return
    with pytest.raises(WeightsError, match=r"'evil:Net', which is not one of gansr's"):
        load_generator(saved, options or None)


def test_a_cleaner_of_ones_own_when_the_caller_says_so(saved: Path) -> None:
    write(saved, {"a": torch.zeros(1)}, describe(Architecture("msrresnet", 2, {}, cleaner={"type": "no_module:Net"})))
    with pytest.raises(WeightsError, match=r"'no_module:Net'.*cleaner: \{type: \"no_module:Net\"\}"):
        load_generator(saved)
    told = GeneratorOptions.model_validate({"type": "msrresnet", "cleaner": {"type": "no_module:Net"}})
    with pytest.raises(OptionsError, match="type 'no_module:Net' cannot be imported"):
        load_generator(saved, told)


def test_weights_of_the_restorer_alone(saved: Path, tree: Make) -> None:
    torch.manual_seed(1)
    bare = make_generator(asked(cleaner=None), 2, "generator")
    write(saved, bare.state_dict(), describe(describe_generator(asked(cleaner=None), 2, "generator")))
    options = GeneratorOptions.model_validate(ASKED | {"weights": str(saved)})
    network = make_generator(options, 2, "generator")
    with pytest.raises(WeightsError, match=r"behind the cleaner alone: `strict: false`.* lets the cleaner begin anew"):
        fill({"generator": network}, "generator", saved, "generator.weights", strict=True)
    left = fill({"generator": network}, "generator", saved, "generator.weights", strict=False)
    assert left and all(name.startswith("cleaner.") for name in left)
    assert all(torch.equal(network.state_dict()[name], value) for name, value in bare.state_dict().items())
