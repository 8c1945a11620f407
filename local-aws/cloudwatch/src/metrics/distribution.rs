//! The values of a metric in one period.

/// Most different values that a period keeps. Beyond that, values are rounded.
const MAX_VALUES: usize = 1000;

/// The values of a metric in one period.
#[derive(Clone, Debug, PartialEq)]
pub struct Distribution {
    /// The number of values.
    pub count: f64,
    /// Their sum.
    pub sum: f64,
    /// The least value.
    pub min: f64,
    /// The greatest value.
    pub max: f64,
    /// The different values, each with its number; `None` if the values themselves are not known.
    values: Option<Vec<(f64, f64)>>,
}

impl Default for Distribution {
    fn default() -> Self {
        Self {
            count: 0.0,
            sum: 0.0,
            min: f64::INFINITY,
            max: f64::NEG_INFINITY,
            values: Some(Vec::new()),
        }
    }
}

impl Distribution {
    /// The value `value`, `count` times.
    pub fn of(value: f64, count: f64) -> Self {
        Self {
            count,
            sum: value * count,
            min: value,
            max: value,
            values: Some(vec![(value, count)]),
        }
    }

    /// Values of which only these numbers are known. If all values are equal, they are known.
    ///
    /// Source: AWS's guide to CloudWatch, "CloudWatch statistics definitions".
    pub fn summary(count: f64, sum: f64, min: f64, max: f64) -> Self {
        let are_equal = min == max && sum == min * count;
        Self {
            count,
            sum,
            min,
            max,
            values: are_equal.then(|| vec![(min, count)]),
        }
    }

    /// Adds the values of `other`.
    pub fn add(&mut self, other: &Self) {
        self.count += other.count;
        self.sum += other.sum;
        self.min = self.min.min(other.min);
        self.max = self.max.max(other.max);
        let (Some(values), Some(others)) = (&mut self.values, &other.values) else {
            self.values = None;
            return;
        };
        for (value, count) in others {
            // Equal values often follow each other.
            match values.last_mut() {
                Some((last, total)) if last == value => *total += count,
                _ => values.push((*value, *count)),
            }
        }
        // Equal values need one place. If that is not enough, the values lose digits until it is.
        let mut digits = 17;
        while values.len() > MAX_VALUES {
            merge(values, digits);
            digits = if digits > 4 { 4 } else { digits - 1 };
            if digits == 0 {
                values.truncate(MAX_VALUES);
            }
        }
    }

    /// The number of entries that need memory.
    pub fn size(&self) -> usize {
        1 + self.values.as_ref().map_or(0, Vec::len)
    }

    /// The percentile by nearest rank: the least value such that at least `percent` percent of all values are not greater.
    /// Percentiles need the values themselves, and AWS has none of negative values.
    pub fn percentile(&self, percent: f64) -> Option<f64> {
        let mut values = self.values.clone()?;
        if self.min < 0.0 {
            return None;
        }
        values.sort_by(|(a, _), (b, _)| a.total_cmp(b));
        let rank = percent / 100.0 * self.count;
        let mut seen = 0.0;
        values
            .iter()
            .find(|(_, count)| {
                seen += count;
                seen >= rank
            })
            .or(values.last())
            .map(|(value, _)| *value)
    }
}

/// Rounds values to significant digits, and merges equal ones.
fn merge(values: &mut Vec<(f64, f64)>, digits: i32) {
    if digits < 17 {
        for (value, _) in &mut *values {
            *value = rounded(*value, digits);
        }
    }
    values.sort_by(|(a, _), (b, _)| a.total_cmp(b));
    values.dedup_by(|(value, count), (kept, total)| {
        let is_equal = value == kept;
        if is_equal {
            *total += *count;
        }
        is_equal
    });
}

fn rounded(value: f64, digits: i32) -> f64 {
    if value == 0.0 {
        return value;
    }
    let exponent = value.abs().log10().floor() as i32 - (digits - 1);
    // Dividing by a power of ten is exact for more numbers than multiplying by its reciprocal.
    if exponent >= 0 {
        let unit = 10_f64.powi(exponent);
        (value / unit).round() * unit
    } else {
        let unit = 10_f64.powi(-exponent);
        (value * unit).round() / unit
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn distribution(values: &[f64]) -> Distribution {
        let mut all = Distribution::default();
        for value in values {
            all.add(&Distribution::of(*value, 1.0));
        }
        all
    }

    #[test]
    fn a_percentile_is_the_value_with_the_nearest_rank() {
        let values = distribution(&[15.0, 50.0, 20.0, 40.0, 35.0]);
        for (percent, expected) in [
            (0.0, 15.0),
            (5.0, 15.0),
            (30.0, 20.0),
            (40.0, 20.0),
            (50.0, 35.0),
            (100.0, 50.0),
        ] {
            assert_eq!(values.percentile(percent), Some(expected), "p{percent}");
        }
    }

    /// AWS's guide, "CloudWatch statistics definitions", Requirements to use percentiles.
    #[test]
    fn percentiles_need_values_or_equal_values_and_no_negative_value() {
        let summary = Distribution::summary(2.0, 5.0, 2.0, 3.0);
        assert_eq!(summary.percentile(50.0), None);
        let equal = Distribution::summary(2.0, 6.0, 3.0, 3.0);
        assert_eq!(equal.percentile(50.0), Some(3.0));
        assert_eq!(distribution(&[1.0, -1.0]).percentile(50.0), None);
        let mut mixed = distribution(&[1.0]);
        mixed.add(&summary);
        assert_eq!((mixed.percentile(50.0), mixed.sum), (None, 6.0));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]

        #[test]
        fn many_values_need_limited_memory_and_keep_their_percentiles_to_three_digits(
            values in proptest::collection::vec(0.001_f64..1000.0, 1..3000),
            percent in 0.0_f64..100.0,
        ) {
            let all = distribution(&values);
            prop_assert!(all.size() <= MAX_VALUES + 1);
            let mut sorted = values;
            sorted.sort_by(f64::total_cmp);
            let rank = (percent / 100.0 * sorted.len() as f64).ceil().max(1.0) as usize;
            let exact = sorted[rank - 1];
            let found = all.percentile(percent).unwrap();
            prop_assert!((found - exact).abs() <= exact * 0.06, "{found} {exact}");
        }
    }
}
