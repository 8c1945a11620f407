//! Whether the share of likes that an answer gives fits the share that the ledger has.

use super::matching::Located;
use super::{Category, Cause};

/// The 99.5 % quantile of the normal distribution: 99 % of it are within this many standard deviations.
const Z: f64 = 2.575_829_303_548_901;

/// Full points if the share is within the interval of a located cause.
pub(super) fn category(
    maximum: u32,
    affected_percent: Option<f64>,
    located: &[Located<'_>],
) -> Category {
    let (is_right, reason) = match affected_percent {
        _ if located.is_empty() => (
            false,
            "It counts only for a cause whose component is right.",
        ),
        None => (false, "The answer has no affected_percent."),
        Some(percent) if located.iter().any(|located| fits(percent, located.cause)) => {
            (true, "The share of touched likes is right.")
        }
        Some(_) => (false, "The share of touched likes is not right."),
    };
    Category::new("quantities", maximum, f64::from(is_right), reason)
}

fn fits(percent: f64, cause: &Cause) -> bool {
    let (low, high) = interval(cause.touched, cause.likes);
    (low..=high).contains(&percent)
}

/// The Wilson score interval of a share, in percent, at a confidence of 99 %, with bounds in tenths: people read and give tenths.
/// <https://en.wikipedia.org/wiki/Binomial_proportion_confidence_interval#Wilson_score_interval>
pub(super) fn interval(touched: u64, likes: u64) -> (f64, f64) {
    let count = likes.max(1) as f64;
    let share = touched.min(likes) as f64 / count;
    let centre = share + Z * Z / (2.0 * count);
    let width = Z * (share * (1.0 - share) / count + Z * Z / (4.0 * count * count)).sqrt();
    let scale = 100.0 / (1.0 + Z * Z / count);
    // Rounding errors must not exclude 0 % or 100 %.
    let low = if touched == 0 {
        0.0
    } else {
        (centre - width) * scale
    };
    let high = if touched >= likes {
        100.0
    } else {
        (centre + width) * scale
    };
    let outwards = ((low * 10.0).floor() / 10.0, (high * 10.0).ceil() / 10.0);
    (outwards.0.max(0.0), outwards.1.min(100.0))
}
