//! The state of a local X-Ray: stored traces, groups and sampling rules.

use serde_json::{Value, json};

use crate::document::Refusal;
use crate::groups::Groups;
use crate::sampling::{SamplingRates, SamplingRules, SamplingTargets};
use crate::store::{Limits, Store};
use crate::udp::DroppedDatagrams;

/// Settings of a local X-Ray.
#[derive(Clone, Copy, Debug)]
pub struct Config {
    /// Limits of the trace store.
    pub limits: Limits,
    /// Fixed rate and reservoir of the sampling rule `Default`.
    pub default_rule: SamplingRates,
}

impl Default for Config {
    /// The default sampling rule has the rates of AWS: clients sample the first request of each second, and
    /// five percent of all further requests.
    fn default() -> Self {
        Self {
            limits: Limits::default(),
            default_rule: SamplingRates {
                fixed_rate: 0.05,
                reservoir_size: 1,
            },
        }
    }
}

/// A local X-Ray.
#[derive(Debug)]
pub struct Xray {
    pub(crate) store: Store,
    pub(crate) groups: Groups,
    pub(crate) rules: SamplingRules,
    pub(crate) targets: SamplingTargets,
    pub(crate) dropped_datagrams: DroppedDatagrams,
    default_rule: SamplingRates,
}

impl Xray {
    /// Creates a local X-Ray without traces.
    pub fn new(config: Config) -> Self {
        Self {
            store: Store::new(config.limits),
            groups: Groups::default(),
            rules: SamplingRules::new(config.default_rule),
            targets: SamplingTargets::default(),
            dropped_datagrams: DroppedDatagrams::default(),
            default_rule: config.default_rule,
        }
    }

    /// Removes all traces, groups and reports of clients, and restores the sampling rules. The counts of refused documents
    /// and of dropped datagrams begin again. Clients get the rules with their next request for them.
    pub fn reset(&self) {
        self.store.clear();
        self.groups.clear();
        self.rules.reset(self.default_rule);
        self.targets.clear();
        self.dropped_datagrams.clear();
    }

    /// Stores a segment document, or each document of a JSON array. Returns the refused documents and the
    /// reasons.
    pub fn put_document(&self, document: &str) -> Vec<Refusal> {
        self.store.put_documents(document)
    }

    /// Returns the response of `GET /status`: the numbers of stored, refused and evicted documents and
    /// traces.
    pub fn status(&self) -> Value {
        let mut status = json!(self.store.counts());
        status["DatagramsDropped"] = json!(self.dropped_datagrams.count());
        status
    }
}
