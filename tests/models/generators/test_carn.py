import pytest
import torch
from torch.nn import functional as F

from gansr.errors import OptionsError
from gansr.models.foreign import translate
from gansr.models.generators.post_upsampling.carn import CARN
from gansr.models.layers.shift import DIV2K_MEAN
from gansr.models.recognise import recognise


@pytest.mark.parametrize(
    ("arguments", "weights", "count"),
    [
        # Ahn et al. 2018: 1,592 K, the tails of x2, x3 and x4 together, with biases; and 412 K for CARN-M, which is
        # without them.
        ({"scales": (2, 3, 4)}, 1_588_608, 1_591_939),
        ({"scales": (2, 3, 4), "mobile": True}, 412_032, 414_787),
        ({}, 1_109_376, 1_111_875),
    ],
)
def test_sizes(arguments, weights, count):
    with torch.device("meta"):
        parameters = list(CARN(4, **arguments).parameters())
    assert sum(p.numel() for p in parameters if p.ndim == 4) == weights
    assert sum(p.numel() for p in parameters) == count


def theirs(network):
    """The weights under the names of CARN-pytorch."""
    found = {}
    for name, value in network.state_dict().items():
        parts = name.split(".")
        if parts[0].endswith("_mean"):
            new = [parts[0], "shifter", parts[1]]
        elif parts[0] == "upsample":
            new = [*parts[:2], "body", *parts[2:]]
        elif parts[0] == "body":
            new = parts[1:]
            where = next((i for i, part in enumerate(new) if part[0] == "c"), None)
            new = new if where is None else [*new[: where + 1], "body", "0", *new[where + 1 :]]
        else:
            new = parts
        found[".".join(new)] = value
    return found


def reference(w, x, scale, mobile, tail):
    """Its forward pass: carn.py and carn_m.py, written out."""
    groups = 4 if mobile else 1

    def conv(name, x, groups=1):
        kernel = w[f"{name}.weight"]
        return F.conv2d(x, kernel, w[f"{name}.bias"], padding=kernel.shape[-1] // 2, groups=groups)

    def residual(name, x):
        y = conv(f"{name}.body.0", x, groups).relu()
        y = conv(f"{name}.body.2", y, groups)
        return ((conv(f"{name}.body.4", y.relu()) if mobile else y) + x).relu()

    def cascade(prefix, x, block):
        seen = x
        for number in (1, 2, 3):
            seen = torch.cat([seen, block(number, x)], 1)
            x = conv(f"{prefix}c{number}.body.0", seen).relu()
        return x

    def inner(number, x):
        return cascade(f"b{number}.", x, lambda n, y: residual(f"b{number}.b{1 if mobile else n}", y))

    mean = torch.tensor(DIV2K_MEAN)[:, None, None]
    y = cascade("", conv("entry", x - mean), inner)
    for step, factor in enumerate({2: [2], 3: [3], 4: [2, 2]}[scale]):
        y = F.pixel_shuffle(conv(f"upsample.{tail}.body.{3 * step}", y, groups).relu(), factor)
    return conv("exit", y) + mean


@pytest.mark.parametrize("mobile", [False, True])
@pytest.mark.parametrize("scales", [None, (2, 3, 4)])
@pytest.mark.parametrize("scale", [2, 3, 4])
def test_carn_pytorchs_files(mobile, scales, scale, noise, fill):
    network = fill(CARN(scale, features=8, mobile=mobile, scales=scales)).eval()
    network.sub_mean.bias.copy_(-torch.tensor(DIV2K_MEAN))
    network.add_mean.bias.copy_(torch.tensor(DIV2K_MEAN))
    for shift in (network.sub_mean, network.add_mean):
        shift.weight.copy_(torch.eye(3)[..., None, None])
    state = theirs(network)
    assert {"b1.b1.body.0.weight", "b2.c3.body.0.bias", "c1.body.0.weight", "sub_mean.shifter.bias"} <= state.keys()
    found, source = translate(state)
    assert source == "CARN-pytorch"
    assert found.keys() == network.state_dict().keys()
    assert recognise(found).arguments == {
        "features": 8, "mobile": mobile, "scales": scales, "in_channels": 3, "out_channels": 3
    }  # fmt: skip
    tail = "up" if scales is None else f"up{scale}"
    expected = reference(state, noise(2, 5, 4), scale, mobile, tail)
    torch.testing.assert_close(network(noise(2, 5, 4)), expected, rtol=1e-4, atol=1e-4)


def test_messages():
    with pytest.raises(OptionsError, match=r"carn: scales is \[2, 3\]; expected different scales, and 4 among them"):
        CARN(4, scales=(2, 3))
    with pytest.raises(OptionsError, match=r"grouped: channels come in 4 groups"):
        CARN(2, features=6, mobile=True)
    with pytest.raises(OptionsError, match=r"carn: there is no network for scale 4\. Choices: 2, 3"):
        CARN(2, features=8, scales=(2, 3))(torch.rand(1, 3, 4, 4), scale=4)


def test_the_mean_is_subtracted_in_the_range_of_images():
    """CARN-pytorch's images are in [0, 1] inside, unlike EDSR-PyTorch's."""
    network = CARN(2, features=8)
    torch.testing.assert_close(network.sub_mean(torch.tensor(DIV2K_MEAN)[None, :, None, None]), torch.zeros(1, 3, 1, 1))
    torch.testing.assert_close(network.add_mean.bias, torch.tensor(DIV2K_MEAN))
