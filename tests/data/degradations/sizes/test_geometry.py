import torch
import torch.nn.functional as F

from gansr.data.degradations.canvas import Canvas
from gansr.data.degradations.sizes.geometry import crop, resize_to, take_every
from gansr.data.degradations.sizes.taps import METHODS

SIZES = [(9, 7), (4, 12), (1, 1), (9, 12), (5, 1), (2, 8)]


def canvas_of(sizes, tensor=(9, 12), around=float("nan")):
    """Images of these sizes, of random values; `around` is what the tensor has outside of them."""
    image = torch.rand(len(sizes), 3, *tensor, generator=torch.Generator().manual_seed(0))
    height, width = torch.tensor(sizes).unbind(1)
    canvas = Canvas(image, height, width, hr_size=tensor)
    return canvas.with_image(image.masked_fill(~canvas.mask(), around))


def test_each_image_as_if_it_were_alone(either):
    """Sizes and methods of their own; nothing outside of an image counts."""
    canvas = canvas_of([size for size in SIZES for _ in METHODS])
    generator = torch.Generator().manual_seed(1)
    height, width = torch.randint(1, 15, (2, len(canvas.image)), generator=generator)
    method = torch.arange(len(METHODS)).repeat(len(SIZES))
    for antialias in (False, True):
        found = resize_to(canvas, height, width, method, largest=(16, 14), antialias=antialias)
        bound = (int(height.max()), int(width.max())) if canvas.seen else (16, 14)
        assert found.image.shape == (len(canvas.image), 3, *bound) and found.hr_size == (9, 12)
        assert torch.equal(found.height, height) and torch.equal(found.width, width)
        assert torch.equal(found.image, found.image.masked_fill(~found.mask(), 0))
        for sample, (rows, columns) in enumerate(torch.stack([height, width], 1).tolist()):
            name = METHODS[method[sample]]
            alone = canvas.image[sample : sample + 1, :, : canvas.height[sample], : canvas.width[sample]]
            mode, smooth = name.replace("_", "-"), antialias and name in ("bilinear", "bicubic")
            if name in ("opencv_area", "lanczos", "matlab") or (smooth and alone.shape[-1] == 1):
                one = Canvas.of(alone)
                expected = resize_to(
                    one,
                    height[sample : sample + 1],
                    width[sample : sample + 1],
                    method[sample : sample + 1],
                    largest=(rows, columns),
                    antialias=antialias,
                ).image
            else:
                expected = F.interpolate(alone, size=(rows, columns), mode=mode, antialias=smooth)
            torch.testing.assert_close(
                found.image[sample : sample + 1, :, :rows, :columns], expected, atol=2e-6, rtol=0
            )


def test_methods_are_places_in_the_names_given():
    canvas = canvas_of([(9, 12)] * 2)
    sizes = torch.tensor([4, 4])
    found = resize_to(
        canvas, sizes, sizes, torch.tensor([1, 0]), largest=(4, 4), methods=("area", "bicubic"), shrinks=3.0
    )
    for sample, mode in ((0, "bicubic"), (1, "area")):
        expected = F.interpolate(canvas.image[sample : sample + 1], size=(4, 4), mode=mode)
        torch.testing.assert_close(found.image[sample : sample + 1], expected, atol=1e-6, rtol=0)


def test_take_every():
    canvas = canvas_of(SIZES)
    found = take_every(canvas, 3)
    for sample, (height, width) in enumerate(SIZES):
        expected = canvas.image[sample, :, :height:3, :width:3]
        assert (found.height[sample], found.width[sample]) == expected.shape[-2:]
        assert torch.equal(found.image[sample, :, : expected.shape[-2], : expected.shape[-1]], expected)
    assert found.image.shape[-2:] == (3, 4)


def test_crop():
    canvas = canvas_of([(9, 12), (7, 8), (5, 6)])
    top, left = torch.tensor([4, 0, 1]), torch.tensor([0, 5, 3])
    found = crop(canvas, top, left, 4, 3)
    for sample in range(3):
        row, column = top[sample], left[sample]
        assert torch.equal(found[sample], canvas.image[sample, :, row : row + 4, column : column + 3])


def test_pairs_of_crops():
    """A place of the LR image, times the scale, is the place of its HR image."""
    hr = torch.rand(2, 3, 12, 12)
    lr = Canvas.of(hr[..., ::4, ::4])
    top, left = torch.tensor([1, 0]), torch.tensor([0, 1])
    small, large = crop(lr, top, left, 2, 2), crop(Canvas.of(hr), 4 * top, 4 * left, 8, 8)
    assert torch.equal(large[..., ::4, ::4], small)


def test_meta_device():
    canvas = Canvas.of(torch.rand(2, 3, 8, 8, device="meta"))
    sizes = torch.ones(2, dtype=torch.long, device="meta")
    assert resize_to(canvas, sizes, sizes, sizes, largest=(6, 5)).image.shape == (2, 3, 6, 5)
    assert take_every(canvas, 2).image.shape == (2, 3, 4, 4)
    assert crop(canvas, sizes, sizes, 3, 2).shape == (2, 3, 3, 2)


def test_autocast_changes_nothing():
    canvas, sizes = canvas_of([(9, 12)], around=0.0), torch.tensor([5])
    plain = resize_to(canvas, sizes, sizes, torch.tensor([4]), largest=(5, 5)).image
    with torch.autocast("cpu", torch.bfloat16):
        assert torch.equal(resize_to(canvas, sizes, sizes, torch.tensor([4]), largest=(5, 5)).image, plain)
