//! Metrics: what they are called, and the values that were published for them.

mod distribution;
mod series;
mod statistic;
mod store;

use serde::de::{Deserializer, Error as _};
use serde::{Deserialize, Serialize};

pub use distribution::Distribution;
pub use series::{Point, Query, floor};
pub use statistic::Statistic;
pub(crate) use store::RETENTION_SECONDS;
pub use store::{Limits, Store};

use crate::model::UNITS;

/// A metric: a namespace, a name and dimensions.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Metric {
    /// The namespace, for example `AWS/ECS`.
    #[serde(default)]
    pub namespace: String,
    /// The name of the metric.
    #[serde(rename = "MetricName", default)]
    pub name: String,
    /// The dimensions, sorted by name.
    #[serde(default)]
    pub dimensions: Vec<Dimension>,
}

/// A dimension of a metric.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Dimension {
    /// The name, for example `ClusterName`.
    pub name: String,
    /// The value.
    pub value: String,
}

impl Metric {
    /// A metric with these dimensions in any order.
    pub fn new<N: Into<String>, V: Into<String>>(
        namespace: impl Into<String>,
        name: impl Into<String>,
        dimensions: impl IntoIterator<Item = (N, V)>,
    ) -> Self {
        let dimensions = dimensions.into_iter().map(|(name, value)| Dimension {
            name: name.into(),
            value: value.into(),
        });
        Self {
            namespace: namespace.into(),
            name: name.into(),
            dimensions: dimensions.collect(),
        }
        .sorted()
    }

    /// The metric with its dimensions in the order in which the store has them.
    pub fn sorted(mut self) -> Self {
        self.dimensions.sort();
        self
    }
}

/// The unit of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Unit(&'static str);

impl Unit {
    /// Bytes.
    pub const BYTES: Self = Self("Bytes");
    /// A number of things.
    pub const COUNT: Self = Self("Count");
    /// Precedes all units. No value has it.
    const FIRST: Self = Self("");
    /// No unit.
    pub const NONE: Self = Self("None");
    /// Percent.
    pub const PERCENT: Self = Self("Percent");
    /// Seconds.
    pub const SECONDS: Self = Self("Seconds");

    /// The unit with this name, if there is one.
    pub fn named(name: &str) -> Option<Self> {
        UNITS
            .iter()
            .find(|unit| **unit == name)
            .map(|unit| Self(unit))
    }

    /// The name of the unit.
    pub fn name(self) -> &'static str {
        self.0
    }
}

impl<'de> Deserialize<'de> for Unit {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = String::deserialize(deserializer)?;
        Self::named(&name).ok_or_else(|| D::Error::custom(format!("there is no unit {name}")))
    }
}
