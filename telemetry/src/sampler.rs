//! Samples traces by X-Ray's sampling rules. The X-Ray daemon returns the rules, and each rule has a
//! reservoir and a fixed rate.
//!
//! Sources: the pages "Configuring sampling rules" and "Using sampling rules with the X-Ray API" of X-Ray's
//! developer guide, and X-Ray's service model. The SDK calls the sampler only for traces without a sampling decision
//! of the caller.

mod api;
mod pattern;
mod poll;
mod request;
mod reservoir;
mod rule;
mod rule_state;
mod rules;
mod xray_sampler;

pub(crate) use poll::{Poller, start_polling};
pub(crate) use request::Service;
pub(crate) use xray_sampler::{XraySampler, sampling_result};
