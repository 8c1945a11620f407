//! The two services, by the names that people and tools use.

use std::fmt;

use clap::ValueEnum;
use serde::Serialize;

/// A service of the lab.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, ValueEnum, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Service {
    /// Takes likes.
    LikeService,
    /// Everything else.
    Monolith,
}

impl Service {
    /// Its name: `like-service` or `monolith`.
    pub fn name(self) -> &'static str {
        match self {
            Self::LikeService => "like-service",
            Self::Monolith => "monolith",
        }
    }
}

impl fmt::Display for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
