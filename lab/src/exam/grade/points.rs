//! Points, and why they were given.

use serde::{Serialize, Serializer};

/// Points in tenths, so that their JSON has at most one decimal place and sums are exact.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Points {
    tenths: u32,
}

impl Points {
    /// `share` of `maximum`, rounded to tenths. The share is from 0 to 1.
    pub fn of(maximum: u32, share: f64) -> Self {
        let tenths = f64::from(maximum) * 10.0 * share.clamp(0.0, 1.0);
        Self {
            tenths: tenths.round() as u32,
        }
    }

    pub fn value(self) -> f64 {
        f64::from(self.tenths) / 10.0
    }
}

impl Serialize for Points {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_f64(self.value())
    }
}

/// A category of a grade, or a check of a mitigation.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Category {
    pub name: &'static str,
    pub points: Points,
    pub maximum: u32,
    /// One sentence.
    pub reason: String,
}

impl Category {
    pub fn new(name: &'static str, maximum: u32, share: f64, reason: impl Into<String>) -> Self {
        Self {
            name,
            points: Points::of(maximum, share),
            maximum,
            reason: reason.into(),
        }
    }
}

/// The sum of the points.
pub fn total(categories: &[Category]) -> Points {
    Points {
        tenths: categories
            .iter()
            .map(|category| category.points.tenths)
            .sum(),
    }
}
