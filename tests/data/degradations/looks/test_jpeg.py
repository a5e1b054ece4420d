import io
from collections.abc import Iterator

import numpy as np
import pytest
import torch
from PIL import Image
from scipy import stats
from torch import Tensor

from gansr.data.degradations.canvas import Canvas
from gansr.data.degradations.draws import Draws
from gansr.data.degradations.looks import jpeg as operations
from gansr.data.degradations.looks.jpeg import jpeg, webp
from gansr.errors import OptionsError
from gansr.imaging import jpeg as module
from gansr.imaging.jpeg import compress

QUALITIES = torch.tensor([7.0, 30.0, 57.5, 88.8])


def reference(image: np.ndarray, quality: float, step: int, soft: bool = False) -> np.ndarray:
    """DiffJPEG in float64 for one image (3, h, w), block by block, each with the two-dimensional basis written out."""
    _, height, width = image.shape
    padded = np.zeros((3, -(-height // 16) * 16, -(-width // 16) * 16))
    padded[:, :height, :width] = image * 255
    red, green, blue = padded
    planes = [
        0.299 * red + 0.587 * green + 0.114 * blue,
        -0.168736 * red - 0.331264 * green + 0.5 * blue + 128,
        0.5 * red - 0.418688 * green - 0.081312 * blue + 128,
    ]
    factor = (5000 / quality if quality < 50 else 200 - 2 * quality) / 100
    luma, *chroma = planes
    luma = coded(luma, np.array(module.LUMA).T * factor, soft)
    chroma = [coded(means(plane, step), np.array(module.CHROMA) * factor, soft) for plane in chroma]
    blue_part, red_part = (np.kron(plane, np.ones((step, step))) - 128 for plane in chroma)
    decoded = [
        luma + 1.402 * red_part,
        luma - 0.344136 * blue_part - 0.714136 * red_part,
        luma + 1.772 * blue_part,
    ]
    return np.clip(np.stack(decoded), 0, 255)[:, :height, :width] / 255


def means(plane: np.ndarray, step: int) -> np.ndarray:
    height, width = plane.shape
    return plane.reshape(height // step, step, width // step, step).mean((1, 3))


def coded(plane: np.ndarray, table: np.ndarray, soft: bool) -> np.ndarray:
    place = np.arange(8)
    wave = np.cos((2 * place[:, None] + 1) * place[None] * np.pi / 16) * np.where(place == 0, np.sqrt(0.5), 1)
    basis = np.einsum("xu,yv->uvxy", wave, wave) / 4
    result = np.empty_like(plane)
    for row in range(0, plane.shape[0], 8):
        for column in range(0, plane.shape[1], 8):
            block = plane[row : row + 8, column : column + 8] - 128
            exact = (basis * block).sum((2, 3)) / table
            nearest = np.round(exact)
            kept = (nearest + (exact - nearest) ** 3 if soft else nearest) * table
            result[row : row + 8, column : column + 8] = (basis * kept[:, :, None, None]).sum((0, 1)) + 128
    return result


def batch(height: int = 37, width: int = 50, seed: int = 0) -> Tensor:
    """Four images with soft and sharp parts, float64."""
    generator = torch.Generator().manual_seed(seed)
    noise = torch.rand(4, 3, height, width, generator=generator, dtype=torch.float64)
    soft = torch.linspace(0, 1, width, dtype=torch.float64).expand(4, 3, height, width)
    return torch.where(torch.arange(height)[:, None] < height // 2, noise, 0.8 * soft + 0.2 * noise)


@pytest.mark.parametrize("soft", [False, True])
@pytest.mark.parametrize(("subsampling", "step"), [("420", 2), ("444", 1)])
def test_compress_has_the_numbers_of_diffjpeg(subsampling: module.Subsampling, step: int, soft: bool) -> None:
    images = batch()
    pairs = zip(images.numpy(), QUALITIES.tolist(), strict=True)
    expected = np.stack([reference(image, quality, step, soft) for image, quality in pairs])
    exact = compress(images, QUALITIES, subsampling, differentiable=soft)
    assert np.abs(exact.numpy() - expected).max() < 1e-9
    single = compress(images.float(), QUALITIES, subsampling, differentiable=soft)
    # Found: 2e-7. A coefficient that lies within float32's error of a half may go to the other side: none does here.
    assert np.abs(single.numpy() - expected).max() < 1e-5


@pytest.mark.parametrize("quality", [1, 10, 49, 50, 51, 90, 100])
def test_tables_of_libjpeg_are_those_in_files(quality: int) -> None:
    file = io.BytesIO()
    Image.new("RGB", (8, 8)).save(file, "JPEG", quality=quality)
    stored = Image.open(file).quantization  # type: ignore[attr-defined]
    own = module._tables(torch.tensor([float(quality)]), "libjpeg")
    for table, expected in zip(own, (stored[0], stored[1]), strict=True):
        assert table.flatten().tolist() == expected


def test_compress_is_near_pillow() -> None:
    pixels = torch.from_numpy(np.random.default_rng(0).uniform(0, 255, (6, 8, 3)).astype(np.uint8))
    photo = np.asarray(Image.fromarray(pixels.numpy()).resize((128, 96), Image.Resampling.BICUBIC))
    image = torch.from_numpy(photo.copy()).permute(2, 0, 1)[None] / 255
    for quality in (30, 60, 90):
        file = io.BytesIO()
        Image.fromarray(photo).save(file, "JPEG", quality=quality, subsampling=0)
        expected = torch.from_numpy(np.asarray(Image.open(file)).copy()).permute(2, 0, 1) / 255
        # Files are rounded to 8 bits on the way in and out. Found: 44.4, 47.3 and 48.7 dB; 39.1, 41.6, 47.0.
        own, other = (
            -10 * (compress(image, torch.tensor([float(quality)]), "444", tables)[0] - expected).square().mean().log10()
            for tables in ("libjpeg", "diffjpeg")
        )
        assert own > 44 and own > other + 1


@pytest.mark.parametrize(("height", "width"), [(96, 128), (77, 121)])
def test_subsampled_colours_are_near_pillows(height: int, width: int) -> None:
    """Interpolated when decoded; and what the last blocks have beyond the image leaves its borders alone."""
    pixels = torch.from_numpy(np.random.default_rng(0).uniform(0, 255, (6, 8, 3)).astype(np.uint8))
    photo = np.asarray(Image.fromarray(pixels.numpy()).resize((width, height), Image.Resampling.BICUBIC))
    image = torch.from_numpy(photo.copy()).permute(2, 0, 1)[None] / 255
    for quality in (30, 60, 90):
        file = io.BytesIO()
        Image.fromarray(photo).save(file, "JPEG", quality=quality, subsampling=2)
        expected = torch.from_numpy(np.asarray(Image.open(file)).copy()).permute(2, 0, 1) / 255
        squares = (compress(image, torch.tensor([float(quality)]), "420", "libjpeg")[0] - expected).square()
        # Found: 43.2 to 48.0 dB, at borders 39.8 and more. DiffJPEG's way: 29.1 to 35.2, at borders down to 21.7.
        for part, least in ((squares, 43), (squares[:, -6:], 39), (squares[:, :, -6:], 39)):
            assert -10 * part.mean().log10() > least


def test_libjpegs_image_in_a_larger_tensor_gives_what_it_gives_alone() -> None:
    images = batch(40, 56).float()
    sizes = [(40, 56), (17, 30), (33, 7), (3, 5)]
    height, width = (torch.tensor(sides) for sides in zip(*sizes, strict=True))
    canvas = Canvas(images, height, width)
    canvas = canvas.with_image(torch.where(canvas.mask(), images, torch.nan))
    operation = jpeg(quality=(50, 50), tables="libjpeg")
    together = operation(canvas, Draws(4, 0)).image
    for number, (rows, columns) in enumerate(sizes):
        alone = operation(Canvas.of(images[number : number + 1, :, :rows, :columns]), Draws(1, 0)).image[0]
        torch.testing.assert_close(together[number, :, :rows, :columns], alone, rtol=0, atol=1e-5)


def test_the_best_quality_loses_nothing_and_the_worst_is_finite() -> None:
    images = batch(16, 32).float()
    assert (compress(images, torch.full((4,), 100.0), "444") - images).abs().max() < 1 / 4 / 255
    for tables in ("diffjpeg", "libjpeg"):
        assert compress(images, torch.full((4,), 1.0), tables=tables).isfinite().all()


@pytest.mark.parametrize("subsampling", ["420", "444"])
def test_an_image_in_a_larger_tensor_gives_what_it_gives_alone(subsampling: module.Subsampling) -> None:
    images, quality = batch(40, 56).float(), QUALITIES
    sizes = [(40, 56), (17, 30), (16, 16), (3, 5)]
    height, width = (torch.tensor(sides) for sides in zip(*sizes, strict=True))
    canvas = Canvas(images, height, width)
    canvas = canvas.with_image(torch.where(canvas.mask(), images, torch.nan))
    together = compress(canvas.image, quality, subsampling, mask=canvas.mask())
    for number, (rows, columns) in enumerate(sizes):
        alone = compress(images[number : number + 1, :, :rows, :columns], quality[number : number + 1], subsampling)
        torch.testing.assert_close(together[number, :, :rows, :columns], alone[0], rtol=0, atol=1e-5)


def test_gradients_pass_if_asked_to() -> None:
    image, quality = batch(16, 16)[:1] * 0.4 + 0.3, torch.tensor([60.0], dtype=torch.float64)
    image.requires_grad_()
    assert torch.autograd.gradcheck(
        lambda x: compress(x, quality, differentiable=True), image, fast_mode=True, eps=1e-7, atol=1e-4
    )
    (gradient,) = torch.autograd.grad(compress(image, quality).sum(), image)
    assert not gradient.any()


def test_products_are_exact_and_the_setting_is_put_back(monkeypatch: pytest.MonkeyPatch) -> None:
    before = torch.get_float32_matmul_precision()
    during = []
    product = torch.bmm
    monkeypatch.setattr(torch, "bmm", lambda *a: (during.append(torch.get_float32_matmul_precision()), product(*a))[1])
    torch.set_float32_matmul_precision("high")
    try:
        compress(batch().float(), QUALITIES)
        assert set(during) == {"highest"}
        assert torch.get_float32_matmul_precision() == "high"
    finally:
        torch.set_float32_matmul_precision(before)


@pytest.fixture
def qualities(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Tensor]]:
    """The qualities that operations compress with from here on; they do not compress."""
    found: list[Tensor] = []
    monkeypatch.setattr(operations, "compress", lambda image, quality, *_: (found.append(quality), image)[1])
    return found


def test_qualities_are_drawn_evenly_for_each_sample(qualities: list[Tensor]) -> None:
    jpeg()(Canvas.of(torch.zeros(2000, 3, 1, 1)), Draws(2000, seed=1))
    assert stats.kstest(qualities[0].numpy(), stats.uniform(30, 65).cdf).pvalue > 0.01


def test_whole_qualities_are_drawn_evenly_with_both_ends(qualities: list[Tensor]) -> None:
    jpeg(quality=(30, 39), whole=True)(Canvas.of(torch.zeros(2000, 3, 1, 1)), Draws(2000, seed=1))
    found, counts = qualities[0].unique(return_counts=True)
    assert found.tolist() == list(range(30, 40))
    assert stats.chisquare(counts.numpy()).pvalue > 0.01


def test_jpeg_clamps_first_and_leaves_those_alone_that_are_not_chosen() -> None:
    images = batch(16, 16).float().repeat(50, 1, 1, 1) * 3 - 1
    canvas = Canvas.of(images)
    all_of_them = jpeg(quality=(60, 60))(canvas, Draws(200, seed=0)).image
    torch.testing.assert_close(all_of_them, compress(images.clamp(0, 1), torch.full((200,), 60.0)))
    some = jpeg(quality=(60, 60), probability=0.3)(canvas, Draws(200, seed=0)).image
    untouched = (some == images).all(3).all(2).all(1)
    assert torch.equal(some[~untouched], all_of_them[~untouched])
    assert stats.binomtest(int((~untouched).sum()), 200, 0.3).pvalue > 0.01


def test_webp_is_what_pillow_makes_of_each_image() -> None:
    images = batch(20, 24).float()
    canvas = Canvas(images, torch.tensor([20, 11, 20, 20]), torch.tensor([24, 9, 24, 24]))
    result = webp(quality=(40, 40))(canvas, Draws(4, seed=0)).image
    for number, (height, width) in enumerate([(20, 24), (11, 9), (20, 24), (20, 24)]):
        cut = (images[number, :, :height, :width] * 255).round().byte().permute(1, 2, 0).numpy()
        file = io.BytesIO()
        Image.fromarray(cut).save(file, "WEBP", quality=40)
        expected = torch.from_numpy(np.asarray(Image.open(file).convert("RGB")).copy()).permute(2, 0, 1) / 255
        assert torch.equal(result[number, :, :height, :width], expected)


def test_webp_draws_a_quality_for_each_sample_and_spares_the_others() -> None:
    canvas = Canvas.of(batch(16, 16).float()[:1].repeat(40, 1, 1, 1))
    result = webp(probability=0.5)(canvas, Draws(40, seed=3)).image
    changed = ~(result == canvas.image).all(3).all(2).all(1)
    assert 10 <= changed.sum() <= 30
    assert len(torch.unique(result[changed], dim=0)) > 3


def test_webp_needs_a_pillow_that_has_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(operations.features, "check", lambda name: False)
    with pytest.raises(OptionsError, match="built without WebP; expected one with it, or jpeg instead"):
        webp()


@pytest.mark.parametrize("make", [jpeg, webp])
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"quality": (0, 50)}, r"quality is \(0, 50\); expected two finite numbers from 1 to 100"),
        ({"quality": (50, 101)}, r"quality is \(50, 101\); expected two finite numbers from 1 to 100"),
        ({"quality": (float("nan"), 50)}, r"quality is \(nan, 50\); expected two finite numbers from 1 to 100"),
        ({"quality": (90, 30)}, r"quality is \(90, 30\); expected the smaller number first: \(30, 90\)"),
        ({"probability": 1.5}, r"probability is 1.5; expected a probability from 0 to 1"),
    ],
)
def test_what_cannot_be_is_refused(make, arguments: dict, message: str) -> None:
    with pytest.raises(OptionsError, match=message):
        make(**arguments)


@pytest.mark.parametrize("make", [jpeg, webp])
def test_shapes_need_no_values(make) -> None:
    canvas = Canvas.of(torch.empty(2, 3, 21, 34, device="meta"))
    result = make(probability=0.5)(canvas, Draws(2, 0, "meta"))
    assert result.image.is_meta and result.image.shape == (2, 3, 21, 34)
