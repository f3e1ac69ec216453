import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import norm

from lensmith.comparison.paired import (
    detectable,
    holm,
    images_for,
    mcnemar,
    paired_bootstrap,
)

PAIRS = 1000
COUNTS = st.integers(0, 400)


def mcnemar_power(difference: float, discordant: float, n: int) -> float:
    """How often McNemar's test at the 5 % level shows a difference: Connor, Biometrics 43, 1987, equation 3."""
    spread = math.sqrt(max(discordant - difference**2, 0.0))
    above = difference * math.sqrt(n) - norm.ppf(0.975) * math.sqrt(discordant)
    # Of what is certain the spread is nothing.
    return float(norm.cdf(above / spread)) if spread else float(above > 0)


def drawn(n: int, discordant: float, difference: float = 0.0) -> np.ndarray:
    """Images that only the one and only the other gets right, of so many simulated pairs: `(PAIRS, 2)`."""
    shares = [(discordant - difference) / 2, (discordant + difference) / 2, 1 - discordant]
    return np.random.default_rng(20).multinomial(n, shares, size=PAIRS)[:, :2]


def test_mcnemar_is_the_exact_sign_test():
    # Agresti, Categorical Data Analysis, section 10.1: 86 and 150 changed their minds; z = 4.17, p = 3e-5.
    assert mcnemar(86, 150) == pytest.approx(3.7e-5, rel=0.05)
    # By hand: 2 * (1 + 6) / 2**6.
    assert mcnemar(1, 5) == pytest.approx(14 / 64)
    assert mcnemar(3, 3) == 1.0
    assert mcnemar(0, 0) == 1.0


@given(COUNTS, COUNTS)
def test_mcnemar_knows_no_order_and_is_a_probability(b: int, c: int):
    assert mcnemar(b, c) == mcnemar(c, b)
    assert 0 < mcnemar(b, c) <= 1


def test_the_bootstrap_approaches_the_closed_form_of_bonett_and_price():
    for b, c, n in ((30, 60, 1000), (300, 320, 10_000), (0, 4, 200)):
        p, q = (b + 1) / (n + 2), (c + 1) / (n + 2)
        middle, wide = q - p, 1.959964 * math.sqrt((p + q - (q - p) ** 2) / (n + 2))
        assert paired_bootstrap(b, c, n) == pytest.approx((middle - wide, middle + wide), abs=2.5 / n)


@given(COUNTS, COUNTS, st.integers(0, 1000))
def test_the_interval_is_mirrored_with_its_pair_and_holds_the_difference(b: int, c: int, same: int):
    n = b + c + same
    if n == 0:
        return
    low, high = paired_bootstrap(b, c, n)
    assert -1 <= low < high <= 1
    assert low - 1 / (n + 2) <= (c - b) / n * n / (n + 2) <= high + 1 / (n + 2)
    turned = paired_bootstrap(c, b, n)
    assert turned == pytest.approx((-high, -low), abs=0.15 * (high - low) + 1.5 / n)


def test_five_images_get_an_honest_wide_interval():
    low, high = paired_bootstrap(0, 0, 5)
    assert low < -0.25
    assert high > 0.25
    assert mcnemar(0, 5) > 0.05  # even if the one gets all of them right and the other none


@pytest.mark.parametrize(("n", "discordant"), [(500, 0.1), (500, 0.4), (2000, 0.1), (10_000, 0.02), (10_000, 0.2)])
def test_intervals_of_equal_models_hold_zero_in_95_of_100_cases(n: int, discordant: float):
    bounds = [paired_bootstrap(b, c, n) for b, c in drawn(n, discordant)]
    assert 0.93 <= np.mean([low <= 0 <= high for low, high in bounds]) <= 0.97


def test_intervals_of_unequal_models_hold_the_difference():
    bounds = [paired_bootstrap(b, c, 2000) for b, c in drawn(2000, 0.1, 0.02)]
    assert 0.93 <= np.mean([low <= 0.02 <= high for low, high in bounds]) <= 0.97


@pytest.mark.parametrize(("n", "discordant"), [(5, 0.4), (100, 0.4), (500, 0.1), (2000, 0.1), (10_000, 0.2)])
def test_equal_models_are_rarely_called_different(n: int, discordant: float):
    assert np.mean([mcnemar(b, c) < 0.05 for b, c in drawn(n, discordant)]) <= 0.05 + 0.015


@pytest.mark.parametrize(("difference", "discordant"), [(0.02, 0.1), (0.02, 0.5), (0.01, 0.2), (0.005, 0.05)])
def test_power_is_as_the_formula_says(difference: float, discordant: float):
    shown = np.mean([mcnemar(b, c) < 0.05 for b, c in drawn(10_000, discordant, difference)])
    assert shown == pytest.approx(mcnemar_power(difference, discordant, 10_000), abs=0.05)


def test_numbers_of_images_agree_with_other_programs():
    # 45 and 5 of 100 pairs change either way: 22.0 in the tests of R's package MESS, rounded, and 23 at HyLown's
    # powersamplesize.com, rounded up; 30 and 15 of 100: 155 (power 80 %, two-sided 5 %).
    assert images_for(0.40, 0.50) == 23
    assert images_for(0.15, 0.45) == 155


@pytest.mark.parametrize(("difference", "discordant", "pairs"), [(0.3, 0.4, 1), (0.1, 0.3, 1), (0.1, 0.2, 10)])
def test_so_many_images_show_the_difference_among_so_many_pairs(difference: float, discordant: float, pairs: int):
    n = images_for(difference, discordant, 0.05 / pairs)
    shown = np.mean([pairs * mcnemar(b, c) < 0.05 for b, c in drawn(n, discordant, difference)])
    # The exact test is a little stricter than the formula's.
    assert 0.7 < shown < 0.85


@given(st.floats(0.002, 0.2), st.floats(0.001, 1))
def test_so_many_images_show_the_difference_in_8_of_10_cases(difference: float, discordant: float):
    n = images_for(difference, discordant)
    share = max(discordant, difference)
    assert mcnemar_power(difference, share, n) == pytest.approx(0.8, abs=0.05 + 4 / n)
    assert detectable(discordant, n) == pytest.approx(difference, rel=0.05, abs=1e-4)


def test_too_few_images_show_nothing():
    assert detectable(0.5, 1) == 1.0
    # 2 / 2**5 is 0.0625: even five images of five are no evidence at the 5 % level.
    assert detectable(0.4, 5) == 1.0
    assert detectable(0.4, 7, 0.05 / 10) == 1.0 > detectable(0.4, 200, 0.05 / 10) > detectable(0.4, 200)


def test_holm_as_in_a_worked_example():
    # Wright, Biometrics 48, 1992 (also in the manual of R's p.adjust): five p-values, adjusted step by step by hand.
    assert holm([0.01, 0.02, 0.03, 0.04, 0.05]) == pytest.approx([0.05, 0.08, 0.09, 0.09, 0.09])
    assert holm([0.05, 0.01]) == pytest.approx([0.05, 0.02])
    assert holm([]) == []


@given(st.lists(st.floats(0, 1), min_size=1, max_size=30))
def test_holm_keeps_the_order_and_lies_between_nothing_and_bonferroni(p_values: list[float]):
    adjusted = np.array(holm(p_values))
    given_ones = np.array(p_values)
    assert (adjusted >= given_ones).all()
    assert (adjusted <= np.minimum(given_ones * len(p_values), 1) + 1e-12).all()
    assert (np.diff(adjusted[np.argsort(given_ones, kind="stable")]) >= 0).all()


def test_among_many_equal_models_holm_errs_as_rarely_as_one_test():
    random, families = np.random.default_rng(7), 400
    wrong = 0
    for _ in range(families):
        p_values = [mcnemar(b, c) for b, c in random.multinomial(2000, [0.05, 0.05, 0.9], size=10)[:, :2]]
        wrong += min(holm(p_values)) < 0.05
    assert wrong / families <= 0.05 + 0.02
