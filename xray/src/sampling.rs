//! Sampling: which requests the services are to trace, and how many each of them may.
//!
//! Sources: the X-Ray developer guide, "Using sampling rules with the X-Ray API", and the service model.

mod rules;
mod targets;

pub use rules::{Change, Rates, RuleSelector, Rules, SamplingRule};
pub use targets::{Report, Targets};
