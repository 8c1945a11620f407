//! Sampling: which requests the services are to trace, and how many each of them may.
//!
//! Sources: the X-Ray developer guide, "Using sampling rules with the X-Ray API", and the service model.

mod requests;
mod rules;
mod targets;

pub use requests::{
    Change, CreateSamplingRule, GetSamplingTargets, Report, RuleSelector, UpdateSamplingRule,
};
pub use rules::{Rates, Rules};
pub use targets::Targets;
