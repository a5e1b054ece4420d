from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn
from torchvision.models import inception_v3

from gansr.errors import WeightsError
from gansr.metrics.sets.inception import URL, Inception, inception, resized


@pytest.fixture(scope="module")
def network() -> Inception:
    return inception("random")


def test_has_the_names_and_shapes_of_the_published_network(network: Inception) -> None:
    """torchvision's network has the same layers, but for its classifiers."""
    with torch.device("meta"):
        theirs = inception_v3(weights=None, init_weights=False).state_dict()
    expected = {n: v.shape for n, v in theirs.items() if not n.startswith(("fc.", "AuxLogits."))}
    assert {name: value.shape for name, value in network.state_dict().items()} == expected


def test_branches_are_joined_in_the_order_of_the_published_network(network: Inception) -> None:
    """With torchvision's pooling in the place of FID's, both give the same numbers."""
    with torch.device("meta"):
        theirs = inception_v3(weights=None, init_weights=False, aux_logits=False)
    theirs.fc = nn.Identity()
    theirs.to_empty(device="cpu").eval()
    theirs.load_state_dict(network.state_dict())
    image = torch.randint(0, 256, (1, 3, 299, 299), generator=torch.Generator().manual_seed(0), dtype=torch.uint8)
    with torch.no_grad():
        x = (image.float() - 128) / 128
        for name in ("Mixed_5b", "Mixed_6b"):
            ours, other = network.get_submodule(name), theirs.get_submodule(name)
            width = {"Mixed_5b": 192, "Mixed_6b": 768}[name]
            y = torch.rand(1, width, 9, 9, generator=torch.Generator().manual_seed(1))
            inside = (slice(None), slice(None), slice(4, -4), slice(4, -4))  # the padding does not reach it
            torch.testing.assert_close(ours(y)[inside], other(y)[inside])
        for name in ("Mixed_6a", "Mixed_7a"):
            y = torch.rand(
                1, {"Mixed_6a": 288, "Mixed_7a": 768}[name], 9, 9, generator=torch.Generator().manual_seed(1)
            )
            torch.testing.assert_close(network.get_submodule(name)(y), theirs.get_submodule(name)(y))
        found = network(image)
        assert found.shape == (1, 2048) and found.isfinite().all()
        assert (found - theirs(x)).abs().max() > 1e-3  # and its last block is not torchvision's


def test_resizes_as_tensorflow_1() -> None:
    side = 5
    image = torch.rand(1, 2, side, 7, generator=torch.Generator().manual_seed(0))
    found, pixels = resized(image)[0, 1].numpy(), image[0, 1].numpy()
    assert found.shape == (299, 299)
    for i, j in ((0, 0), (1, 150), (120, 7), (298, 298)):
        y, x = i * 5 / 299, j * 7 / 299
        top, left, v, u = int(y), int(x), y % 1, x % 1
        below, right = min(top + 1, 4), min(left + 1, 6)
        rows = pixels[top] * (1 - v) + pixels[below] * v
        np.testing.assert_allclose(found[i, j], rows[left] * (1 - u) + rows[right] * u, rtol=1e-4)


def test_weights_by_path_and_their_absence(network: Inception, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    published = network.state_dict() | {"fc.weight": torch.zeros(1008, 2048), "fc.bias": torch.zeros(1008)}
    published = {name: value for name, value in published.items() if "num_batches" not in name}
    published["Mixed_7c.branch1x1.bn.bias"] = torch.full((320,), 0.25)
    torch.save(published, tmp_path / "inception.pth")
    found = inception(str(tmp_path / "inception.pth")).state_dict()
    assert found["Mixed_7c.branch1x1.bn.bias"].eq(0.25).all()
    torch.save({"conv.weight": torch.zeros(3)}, tmp_path / "other.pth")
    with pytest.raises(WeightsError, match=r"other\.pth"):
        inception(str(tmp_path / "other.pth"))

    def unreachable(*_: object, **__: object) -> None:
        raise OSError("no route to host")

    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    monkeypatch.setattr("torch.hub.download_url_to_file", unreachable)
    with pytest.raises(WeightsError, match=r"Inception could not be downloaded \(no route to host\): .*path") as error:
        inception("published")
    assert URL in str(error.value)
