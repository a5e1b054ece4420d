import numpy as np
import pytest
import scipy.linalg
import torch
from torchmetrics.image.fid import _compute_fid
from torchmetrics.image.kid import poly_mmd

from gansr.errors import DataError, OptionsError
from gansr.metrics.sets.fid import FID, frechet_distance
from gansr.metrics.sets.kid import KID, squared_discrepancy
from gansr.metrics.sets.patches import Features, Patches
from gansr.models.features.networks import feature_network


def features(count: int = 60, dimensions: int = 12, shift: float = 0.0, seed: int = 0) -> torch.Tensor:
    random = np.random.default_rng(seed)
    mixing = random.normal(size=(dimensions, dimensions)) / 3
    return torch.tensor(random.normal(size=(count, dimensions)) @ mixing + shift)


def image(height: int, width: int, channels: int = 3, seed: int = 0) -> torch.Tensor:
    draw = torch.Generator().manual_seed(seed)
    return torch.randint(0, 256, (channels, height, width), generator=draw, dtype=torch.uint8)


@pytest.fixture(scope="module")
def patches() -> Patches:
    return Patches("squeezenet1_1", "random", 32, 16, 4)


def test_fid_equals_scipy_and_torchmetrics() -> None:
    one, other = features(), features(80, shift=0.3, seed=1)
    (m, s), (n, t) = ((x.mean(0), np.cov(x, rowvar=False)) for x in (one.numpy(), other.numpy()))
    expected = ((m - n) ** 2).sum() + np.trace(s + t - 2 * scipy.linalg.sqrtm(s @ t).real)
    assert frechet_distance(one, other) == pytest.approx(expected, rel=1e-8)
    moments = [torch.tensor(value) for value in (m, s, n, t)]
    assert frechet_distance(one, other) == pytest.approx(_compute_fid(*moments).item(), rel=1e-8)
    assert frechet_distance(one, one) == pytest.approx(0, abs=1e-9) and expected > 1


def test_fid_of_one_dimension_by_hand() -> None:
    one, other = torch.tensor([[0.0], [2.0]]).double(), torch.tensor([[3.0], [7.0]]).double()
    assert frechet_distance(one, other) == pytest.approx(16 + (8**0.5 - 2**0.5) ** 2)  # means 1, 5; variances 2, 8


def test_kid_equals_the_sums_and_torchmetrics() -> None:
    one, other = features(20), features(20, shift=0.2, seed=1)
    x, y, d, n = one.numpy(), other.numpy(), 12, 20

    def k(a: np.ndarray, b: np.ndarray) -> float:
        return float((a @ b / d + 1) ** 3)

    own = sum(k(side[i], side[j]) for side in (x, y) for i in range(n) for j in range(n) if i != j) / (n * (n - 1))
    expected = own - 2 * sum(k(a, b) for a in x for b in y) / n**2
    assert squared_discrepancy(one, other) == pytest.approx(expected, rel=1e-9)
    assert squared_discrepancy(one, other) == pytest.approx(poly_mmd(one, other).item(), rel=1e-9)


def test_kid_is_unbiased() -> None:
    draws = np.random.default_rng(3).normal(size=(300, 2, 8, 4))
    found = [squared_discrepancy(torch.tensor(one), torch.tensor(other)) for one, other in draws]
    assert abs(np.mean(found)) < 3 * np.std(found) / 300**0.5 and min(found) < 0


def test_subsets_are_drawn_by_the_seed() -> None:
    observed = [Features(features(50, seed=seed), features(50, shift=0.2, seed=seed + 9)) for seed in (0, 1)]
    metric, again = (KID("squeezenet1_1", "random", 32, subsets=10, subset=40) for _ in range(2))
    other = KID("squeezenet1_1", "random", 32, subsets=10, subset=40, seed=1)
    assert metric.score(observed) == again.score(observed) != other.score(observed)
    found = metric.discrepancies(observed)
    assert len(found) == 10 and metric.score(observed) == pytest.approx(np.mean(found))
    assert metric.spread(observed) == pytest.approx(np.std(found, ddof=1)) and metric.spread(observed) > 0
    draw = torch.Generator().manual_seed(0)
    sr, hr = (torch.cat([getattr(one, side) for one in observed]) for side in ("sr", "hr"))
    first = [side[torch.randperm(100, generator=draw)[:40]] for side in (sr, hr)]
    assert found[0] == pytest.approx(1000 * squared_discrepancy(*first))
    whole = KID("squeezenet1_1", "random", 32, subset=100)
    assert whole.score(observed) == pytest.approx(1000 * squared_discrepancy(sr, hr)) and whole.spread(observed) == 0
    assert "mean of 10 subsets of at most 40, seed 1" in other.protocol


def test_patches_are_cut_in_rows(patches: Patches) -> None:
    pixels = image(50, 70)
    found = patches.cut(pixels)
    assert found.shape == (6, 3, 32, 32)  # rows 0, 16; columns 0, 16, 32
    assert torch.equal(found[1], pixels[:, :32, 16:48]) and torch.equal(found[5], pixels[:, 16:48, 32:64])


def test_observed_features_are_the_networks(patches: Patches) -> None:
    sr, hr = image(60, 60), image(60, 60, seed=1)
    found = patches.observe(sr, hr)
    network = feature_network("squeezenet1_1", ["fire9"], "random").eval()
    with torch.no_grad():
        expected = [network(side[None, :, 20:52, 4:36] / 255)["fire9"].mean((2, 3))[0] for side in (sr, hr)]
        expected = [one / one.square().mean().sqrt() for one in expected]
    assert found.sr.shape == found.hr.shape == (4, 512)  # 52 pixels inside the border: places 4 and 20
    torch.testing.assert_close(found.sr[2], expected[0])
    torch.testing.assert_close(found.hr[2], expected[1])
    grey = patches.observe(sr, hr[:1])  # beside a grey ground truth sr turns grey
    torch.testing.assert_close(grey.hr, patches.observe(hr[:1].expand(3, -1, -1), hr[:1].expand(3, -1, -1)).hr)
    assert patches.text == "squeezenet1_1 (random), patches of 32 px every 16 px of RGB, 4 px border cropped"


def test_what_is_too_small_is_said(patches: Patches) -> None:
    with pytest.raises(DataError, match="Patches of 32 pixels do not fit into 62x31 pixels inside the border of 4"):
        patches.observe(image(39, 70), image(39, 70))
    fid = FID("squeezenet1_1", "random", 32)
    observed = [fid.observe(image(64, 64, seed=seed), image(64, 64, seed=seed + 5)) for seed in (0, 1)]
    with pytest.raises(DataError, match=r"FID of 512 features needs more than 512 patches; 2 images gave 8\..* kid"):
        fid.score(observed)
    kid = KID("squeezenet1_1", "random", 64)
    with pytest.raises(DataError, match="KID needs two patches; 1 images gave 1"):
        kid.score([kid.observe(image(64, 64), image(64, 64))])
    for wrong in ({"patch": 31}, {"stride": 0}, {"subsets": 0}, {"subset": 1}, {"border": -1}):
        with pytest.raises(OptionsError, match="expected"):
            KID("squeezenet1_1", "random", **wrong)


def test_the_set_is_scored_in_one(patches: Patches) -> None:
    fid = FID("squeezenet1_1", "random", 32)
    observed = [Features(features(10, 4, 0.3, seed), features(10, 4, seed=seed + 3)) for seed in range(3)]
    expected = frechet_distance(torch.cat([one.sr for one in observed]), torch.cat([one.hr for one in observed]))
    assert fid.score(observed) == pytest.approx(expected)
    assert fid.of_sets and KID.of_sets and "FID of the set, squeezenet1_1 (random)" in fid.protocol
