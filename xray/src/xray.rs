//! All that answers: traces, groups, sampling.

use serde_json::{Value, json};

use crate::api::{Error, Operation};
use crate::document::Refusal;
use crate::groups::Groups;
use crate::sampling::{Rates, Rules, Targets};
use crate::store::{Limits, Store};
use crate::udp::Datagrams;

/// How an X-Ray is to be.
#[derive(Clone, Copy, Debug)]
pub struct Config {
    /// How much is kept.
    pub limits: Limits,
    /// Rate and reservoir of the sampling rule `Default`.
    pub default_rule: Rates,
}

impl Default for Config {
    /// The real service's rule: the first request each second, and five percent of the others.
    fn default() -> Self {
        Self {
            limits: Limits::default(),
            default_rule: Rates {
                fixed: 0.05,
                reservoir: 1,
            },
        }
    }
}

/// A local X-Ray.
#[derive(Debug)]
pub struct Xray {
    pub(crate) store: Store,
    pub(crate) groups: Groups,
    pub(crate) rules: Rules,
    pub(crate) targets: Targets,
    pub(crate) datagrams: Datagrams,
}

impl Xray {
    /// One without traces.
    pub fn new(config: Config) -> Self {
        Self {
            store: Store::new(config.limits),
            groups: Groups::default(),
            rules: Rules::new(config.default_rule),
            targets: Targets::default(),
            datagrams: Datagrams::default(),
        }
    }

    /// Takes a document, as `PutTraceSegments` does, or an array of them, and says what of it is refused and
    /// why.
    pub fn put(&self, document: &str) -> Vec<Refusal> {
        self.store.put_documents(document)
    }

    /// Answers an operation of the API, which is named by its path, such as `/TraceSummaries`. It may take
    /// long: nothing for an async thread.
    ///
    /// # Errors
    ///
    /// When there is no such operation, or the request is not right.
    pub fn answer(&self, path: &str, body: &[u8]) -> Result<Value, Error> {
        match Operation::find(path) {
            Some(operation) => operation.call(self, body),
            None => Err(Error::UnknownOperation(path.to_owned())),
        }
    }

    /// What is held, what was refused, and what has left; `GET /status` answers it.
    pub fn status(&self) -> Value {
        let mut status = json!(self.store.counts());
        status["DatagramsDropped"] = json!(self.datagrams.dropped());
        status
    }
}
