//! The X-Ray daemon of a task.

use std::net::SocketAddr;

use super::Running;
use crate::report::Event;
use crate::runtime::image::Image;
use crate::runtime::sidecars::{DAEMON_PORT, X_RAY_DAEMON};

impl Running {
    /// Where the X-Ray daemon of this task is. Nothing listens at this address if the task has none.
    pub(super) fn daemon(&self) -> SocketAddr {
        match (self.lease.needs_free_port, self.has_daemon()) {
            (false, _) => SocketAddr::new(self.lease.address, DAEMON_PORT),
            // The port of the relay is not known before it starts.
            (true, true) => self.config.surroundings.xray,
            (true, false) => SocketAddr::new(self.lease.address, 1),
        }
    }

    fn has_daemon(&self) -> bool {
        let mut containers = self.launch.definition.containers.iter();
        containers.any(|container| container.image == X_RAY_DAEMON.name)
    }

    /// Says once for each revision that its traces are lost.
    pub(super) fn warn_of_missing_daemon(&self) {
        let definition = &self.launch.definition;
        let mut containers = definition.containers.iter();
        let needs_daemon = containers.any(|it| Image::needs_daemon(&it.environment));
        if needs_daemon && !self.has_daemon() && self.config.warns_first(definition) {
            self.config.report.say(Event::NoDaemon {
                service: self.config.short_name(&self.launch.service),
                definition: format!("{}:{}", definition.family, definition.revision),
            });
        }
    }
}
