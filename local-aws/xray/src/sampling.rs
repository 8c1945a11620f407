//! Sampling rules, and the reservoir quotas that clients get from them.
//!
//! Sources: the X-Ray developer guide, "Using sampling rules with the X-Ray API", and the service model.

mod requests;
mod rules;
mod targets;

pub use requests::{
    CreateSamplingRule, GetSamplingTargets, RuleSelector, SamplingRuleUpdate, UpdateSamplingRule,
};
pub use rules::{SamplingRates, SamplingRules};
pub use targets::SamplingTargets;
