//! The value of options that are on or off.

use clap::ValueEnum;

/// `on` or `off`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Switch {
    /// `on`.
    On,
    /// `off`.
    Off,
}
