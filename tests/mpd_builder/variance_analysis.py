"""An analysis of variance by plain loops: the intraclass correlations of Shrout and Fleiss (1979), none left out."""

from __future__ import annotations


def one_way(rows):
    """ICC(1) and the effective number of ratings k0 of rows of unequal length (one row a unit)."""
    n_units, n = len(rows), sum(len(row) for row in rows)
    grand = sum(value for row in rows for value in row) / n
    between = within = squared_sizes = 0.0
    for row in rows:
        mean = sum(row) / len(row)
        between += len(row) * (mean - grand) ** 2
        squared_sizes += len(row) ** 2
        for value in row:
            within += (value - mean) ** 2
    between /= n_units - 1
    within /= n - n_units
    k0 = (n - squared_sizes / n) / (n_units - 1)
    return (between - within) / (between + (k0 - 1) * within), k0


def two_way(rows):
    """All six correlations of a complete matrix, units in rows, raters in columns."""
    n, k = len(rows), len(rows[0])
    grand = sum(map(sum, rows)) / (n * k)
    unit_means = [sum(row) / k for row in rows]
    rater_means = [sum(row[j] for row in rows) / n for j in range(k)]
    between = k * sum((mean - grand) ** 2 for mean in unit_means) / (n - 1)
    raters = n * sum((mean - grand) ** 2 for mean in rater_means) / (k - 1)
    within = error = 0.0
    for row, unit_mean in zip(rows, unit_means, strict=True):
        for value, rater_mean in zip(row, rater_means, strict=True):
            within += (value - unit_mean) ** 2
            error += (value - unit_mean - rater_mean + grand) ** 2
    within /= n * (k - 1)
    error /= (n - 1) * (k - 1)
    return {
        "ICC1": (between - within) / (between + (k - 1) * within),
        "ICC2": (between - error) / (between + (k - 1) * error + k * (raters - error) / n),
        "ICC3": (between - error) / (between + (k - 1) * error),
        "ICC1k": (between - within) / between,
        "ICC2k": (between - error) / (between + (raters - error) / n),
        "ICC3k": (between - error) / between,
    }
