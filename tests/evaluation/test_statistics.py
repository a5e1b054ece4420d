import itertools
import math

import numpy as np
import pytest

from gansr.evaluation.statistics import Interval, holm, mean, mean_interval, paired, signed_rank


@pytest.mark.parametrize("differences", [[1, 2, 3], [1, -2, 3, 4, -5], [1, 1, -1, 2, 0, 3, 3, -2], [0, 0]])
def test_the_signed_rank_test_counts_all_signs(differences: list[float]) -> None:
    """By going through every way to give the sizes signs."""
    sizes = sorted(abs(one) for one in differences if one)
    rank = {size: np.mean([place for place, one in enumerate(sizes, 1) if one == size]) for size in sizes}
    positive = sum(rank[one] for one in differences if one > 0)
    ways = [
        sum(rank[size] for size, sign in zip(sizes, signs, strict=True) if sign)
        for signs in itertools.product([0, 1], repeat=len(sizes))
    ]
    tails = [sum(way <= positive for way in ways) / len(ways), sum(way >= positive for way in ways) / len(ways)]
    assert signed_rank(differences) == pytest.approx(min(1, 2 * min(tails)))
    if differences == [1, 2, 3]:
        assert signed_rank(differences) == pytest.approx(0.25)


def test_many_images_that_are_all_better() -> None:
    assert signed_rank(list(range(1, 92))) == pytest.approx(2 / 2**91)


@pytest.mark.parametrize("count", [12, 100, 700])
def test_the_signed_rank_test_is_scipys(count: int) -> None:
    scipy = pytest.importorskip("scipy.stats")
    differences = np.random.default_rng(count).normal(0.1, 1, count)
    expected = scipy.wilcoxon(differences, correction=True, method="exact" if count < 500 else "asymptotic").pvalue
    assert signed_rank(differences.tolist()) == pytest.approx(expected, rel=1e-9)
    rounded = np.round(differences, 1)  # with ties and zeros scipy has the normal law alone
    expected = scipy.wilcoxon(rounded, correction=True, method="approx").pvalue
    assert signed_rank(rounded.tolist()) == pytest.approx(expected, rel=0.1 if count < 500 else 1e-9)


def test_exact_and_normal_law_agree_where_they_meet(monkeypatch: pytest.MonkeyPatch) -> None:
    differences = np.random.default_rng(3).normal(0.05, 1, 400).tolist()
    exact = signed_rank(differences)
    monkeypatch.setattr("gansr.evaluation.statistics.EXACT", 0)
    assert signed_rank(differences) != exact and signed_rank(differences) == pytest.approx(exact, rel=0.01)


def test_the_interval_of_two_images_can_be_written_down() -> None:
    """Means of two draws from {0, 1} are 0, 1/2 and 1 with 1/4, 1/2 and 1/4: both ends are beyond 2.5 %."""
    assert mean_interval([0.0, 1.0]) == Interval(0.0, 1.0)


def test_the_interval_is_where_the_normal_law_has_it() -> None:
    """For many images the mean is normal, with the deviation of the scores (not corrected) over the root of n."""
    scores = np.random.default_rng(5).normal(28, 3, 400)
    found = mean_interval(scores.tolist())
    assert found is not None
    half = 1.959964 * scores.std() / math.sqrt(400)
    assert found == pytest.approx((scores.mean() - half, scores.mean() + half), abs=0.02)


def test_the_interval_is_that_of_percentiles() -> None:
    """One score far off: an interval symmetric about the mean would reach below every score."""
    found = mean_interval([1.0] * 9 + [101.0])
    assert found is not None
    assert found.low == 1.0 and found.high in (31.0, 41.0)  # the outlier 0 or, with 1.3 %, 4 times or more


def test_equal_seeds_draw_equal_images_and_others_do_not() -> None:
    scores = np.random.default_rng(1).normal(size=7)
    first, again, other = (mean_interval(scores.tolist(), seed) for seed in (0, 0, 1))
    assert first == again != other
    shifted = mean_interval((scores + 10).tolist())
    assert first is not None and shifted is not None
    assert shifted == pytest.approx((first.low + 10, first.high + 10))


def test_many_images_are_drawn_a_part_at_a_time() -> None:
    scores = np.random.default_rng(2).normal(0, 1, 3000)  # 333 resamples at a time
    found = mean_interval(scores.tolist(), resamples=1000)
    assert found is not None
    assert found.high - found.low == pytest.approx(2 * 1.96 * scores.std() / math.sqrt(3000), rel=0.1)


@pytest.mark.parametrize("scores", [[], [30.0], [30.0, math.inf], [30.0, math.nan]])
def test_nothing_to_draw_from(scores: list[float]) -> None:
    assert mean_interval(scores) is None


def test_means_of_what_is_not_finite() -> None:
    assert mean([0.1] * 10) == 0.1
    assert mean([30.0, math.inf]) == math.inf
    assert math.isnan(mean([30.0, math.nan])) and math.isnan(mean([-math.inf, math.inf]))


def test_pairs_with_scores_that_are_not_finite() -> None:
    """Both infinite: a tie. One infinite: the largest difference. NaN: left out."""
    inf, nan = math.inf, math.nan
    found = paired([inf, inf, 3.0, nan, 5.0, 1.0], [inf, 2.0, 5.0, 1.0, 4.0, nan])
    assert (found.images, found.higher, found.lower, found.difference) == (4, 2, 1, inf)
    assert found.p == signed_rank([3.0, -2.0, 1.0]) == 0.75
    assert paired([nan], [1.0]).images == 0 and paired([nan], [1.0]).p == 1


def test_a_pair_by_hand() -> None:
    found = paired([31.0, 32.0, 33.0], [30.0, 30.0, 30.0])
    assert (found.images, found.difference, found.higher, found.lower, found.p) == (3, 2.0, 3, 0, 0.25)
    assert paired([30.0] * 3, [31.0, 32.0, 33.0]).difference == -2


def test_holms_correction_by_hand() -> None:
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert holm([0.5, 0.4]) == pytest.approx([0.8, 0.8])  # never below one that was smaller before
    assert holm([0.2]) == [0.2] and holm([]) == []
    assert holm([0.9, 0.9]) == [1, 1]
