//! All scalable targets and activities.

use std::collections::BTreeMap;

use crate::activity::History;
use crate::capacity::ServiceId;
use crate::target::Target;

/// The state of the service.
#[derive(Clone, Debug, Default)]
pub struct State {
    pub targets: BTreeMap<ServiceId, Target>,
    pub history: History,
}

impl State {
    /// The services whose activities or cool-down periods wait for tasks.
    pub fn waiting(&self) -> Vec<ServiceId> {
        let unsettled = self.targets.iter().filter(|(_, it)| it.is_unsettled());
        let unsettled = unsettled.map(|(service, _)| service);
        let mut services: Vec<_> = unsettled
            .chain(self.history.in_progress())
            .cloned()
            .collect();
        services.sort();
        services.dedup();
        services
    }
}
