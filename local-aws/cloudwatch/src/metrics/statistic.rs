//! Statistics: what a request can ask about the values of a period.

use serde::Deserialize;

use super::Distribution;

/// A statistic.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
pub enum Statistic {
    /// The number of values.
    SampleCount,
    /// The sum divided by the number of values.
    Average,
    /// The sum.
    Sum,
    /// The least value.
    Minimum,
    /// The greatest value.
    Maximum,
    /// A percentile in percent.
    #[serde(skip)]
    Percentile(f64),
}

/// The statistics of AWS that this crate does not have, by their first letters.
const NOT_IMPLEMENTED: [&str; 6] = ["tm", "wm", "tc", "ts", "pr", "iqm"];

impl Statistic {
    /// Parses the name of a statistic, for example `Sum` or `p99.9`.
    ///
    /// # Errors
    ///
    /// Fails with a description if there is no such statistic.
    pub fn parse(name: &str) -> Result<Self, String> {
        Ok(match name {
            "SampleCount" => Self::SampleCount,
            "Average" => Self::Average,
            "Sum" => Self::Sum,
            "Minimum" => Self::Minimum,
            "Maximum" => Self::Maximum,
            name => return Self::percentile(name),
        })
    }

    /// Parses the name of a percentile.
    ///
    /// # Errors
    ///
    /// Fails with a description if there is no such percentile.
    pub fn percentile(name: &str) -> Result<Self, String> {
        let digits = name.strip_prefix('p').filter(|digits| {
            digits.starts_with(|digit: char| digit.is_ascii_digit())
                && digits
                    .chars()
                    .all(|digit| digit.is_ascii_digit() || digit == '.')
        });
        let percent = digits.and_then(|digits| digits.parse().ok());
        match percent.filter(|percent| (0.0..=100.0).contains(percent)) {
            Some(percent) => Ok(Self::Percentile(percent)),
            None => {
                let lower = name.to_lowercase();
                let is_of_aws = NOT_IMPLEMENTED.iter().any(|it| lower.starts_with(it));
                Err(match is_of_aws {
                    true => format!("The statistic {name} is not implemented"),
                    false => format!("The statistic {name} does not exist"),
                })
            }
        }
    }

    /// The statistic of these values, if they have it.
    pub fn of(self, values: &Distribution) -> Option<f64> {
        Some(match self {
            Self::SampleCount => values.count,
            Self::Average => values.sum / values.count,
            Self::Sum => values.sum,
            Self::Minimum => values.min,
            Self::Maximum => values.max,
            Self::Percentile(percent) => return values.percentile(percent),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_reach_from_p0_to_p100() {
        for (name, percent) in [("p0", 0.0), ("p0.0", 0.0), ("p99.9", 99.9), ("p100", 100.0)] {
            assert_eq!(Statistic::parse(name), Ok(Statistic::Percentile(percent)));
        }
        for name in [
            "p", "p-1", "p+1", "p101", "pNaN", "p1e1", "P50", "p.5", "p5.5.5", "50", "average",
        ] {
            let error = Statistic::parse(name).unwrap_err();
            assert_eq!(error, format!("The statistic {name} does not exist"));
        }
        for name in [
            "tm99",
            "TM(2%:98%)",
            "IQM",
            "wm98",
            "PR(:300)",
            "tc90",
            "ts90",
        ] {
            let error = Statistic::parse(name).unwrap_err();
            assert_eq!(error, format!("The statistic {name} is not implemented"));
        }
    }
}
