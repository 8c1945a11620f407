"""Pure functions over the samples of a row: median, quartiles, and the comparison with an earlier value."""

from statistics import median, quantiles

# A change is larger than the noise if the earlier value lies outside the range of this run's samples,
# widened by this share.
NOISE_SHARE = 0.02

HIGHER_IS_BETTER = {"ratio", "documents/s", "documents/request", "likes/s", "calls/s", "events/s", "lines/s"}


def find_quartiles(samples):
    """Returns the lower and the upper quartile, or None if there is only one sample."""
    if len(samples) < 2:
        return None
    low, _, high = quantiles(samples, n=4, method="inclusive")
    return low, high


def round_figure(number):
    """Rounds a number to four significant digits."""
    return float(f"{number:.4g}")


def format_figure(number):
    """Formats a number with four significant digits and without an exponent."""
    text = f"{round_figure(number):,f}".rstrip("0").rstrip(".")
    return text or "0"


def is_reached(value, wanted, unit):
    return value >= wanted if unit in HIGHER_IS_BETTER else value <= wanted


def describe_change(earlier, samples, unit):
    """Says whether the median of `samples` is better or worse than an earlier value, or within the noise.

    One sample does not show its noise, so a change of a row with one sample is not called better or worse.
    """
    low, high = min(samples) * (1 - NOISE_SHARE), max(samples) * (1 + NOISE_SHARE)
    if low <= earlier <= high:
        return "within the noise"
    if len(samples) == 1:
        return "one sample: noise unknown"
    is_better = (median(samples) > earlier) == (unit in HIGHER_IS_BETTER)
    return "**better**" if is_better else "**worse**"
