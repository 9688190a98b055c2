import pytest
from scipy.stats import t

from mpd_builder.student_t import quantile


@pytest.mark.parametrize("probability", [0.5, 0.75, 0.95, 0.975, 0.995])
def test_quantiles_equal_scipys(probability):
    for degrees in [*range(1, 40), 100, 199, 200, 1000, 49_999]:
        assert quantile(probability, degrees) == pytest.approx(t.ppf(probability, degrees), rel=2e-6, abs=1e-9)
