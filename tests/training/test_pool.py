"""Pools of images: what goes in, what comes back, and that a resumed one goes on alike."""

import torch

from gansr.training.pool import ImagePool


def images(*values: float) -> torch.Tensor:
    return torch.tensor(values, dtype=torch.float32).view(-1, 1, 1, 1).expand(-1, 3, 2, 2).clone()


def test_until_it_is_full_images_come_back() -> None:
    pool = ImagePool(3)
    made = images(1, 2, 3).requires_grad_()
    found = pool.swap(made)
    assert torch.equal(found, made) and not found.requires_grad
    assert [one[0, 0, 0].item() for one in pool.images] == [1, 2, 3]


def test_then_half_of_them_are_older_and_none_is_lost() -> None:
    torch.manual_seed(0)
    pool = ImagePool(50)
    back = [pool.swap(images(*range(10 * turn, 10 * turn + 10)))[:, 0, 0, 0] for turn in range(200)]
    seen = torch.cat(back)
    older = (seen[50:] != torch.arange(50, 2000)).float().mean()
    assert 0.45 < older < 0.55
    kept = torch.stack([one[0, 0, 0] for one in pool.images])
    # The first 50 came back at once, too; of all others, each was seen once or is still here.
    assert torch.equal(torch.cat([seen[50:], kept]).sort().values, torch.arange(2000.0))


def test_a_resumed_pool_goes_on_alike() -> None:
    torch.manual_seed(3)
    pool, other = ImagePool(4), ImagePool(4)
    pool.swap(torch.rand(6, 3, 2, 2))
    other.load_state_dict(pool.state_dict())
    batch, stream = torch.rand(8, 3, 2, 2), torch.get_rng_state()
    expected = pool.swap(batch)
    torch.set_rng_state(stream)
    assert torch.equal(other.swap(batch), expected)
    assert all(torch.equal(a, b) for a, b in zip(pool.images, other.images, strict=True))


def test_a_smaller_pool_takes_what_fits() -> None:
    pool, small = ImagePool(4), ImagePool(2)
    pool.swap(images(1, 2, 3, 4))
    small.load_state_dict(pool.state_dict())
    assert len(small.images) == 2
