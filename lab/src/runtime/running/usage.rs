//! What the containers of a task use.

use super::Running;
use crate::runtime::container::Control;
use crate::runtime::memory::{Usage, choose_victim};

impl Running {
    /// Reads what the containers use, and kills one that uses too much memory.
    pub(super) fn sample(&mut self) {
        let Some(sampler) = &mut self.sampler else {
            return;
        };
        let running = self.containers.iter().enumerate();
        let running = running.filter(|(_, state)| state.process.is_some());
        let (indexes, pids): (Vec<_>, Vec<_>) =
            running.map(|(index, state)| (index, state.pid)).unzip();
        sampler.sample(&pids, self.config.metadata.now());
        let definition = &self.launch.definition;
        let mut usages = Vec::new();
        for (index, pid) in indexes.iter().zip(&pids) {
            let figures = sampler.figures(*pid);
            usages.push(Usage {
                bytes: figures.map_or(0, |figures| figures.now.memory),
                limit: definition.containers[*index].memory,
            });
            self.metadata
                .update_container(*index, |view, _| view.figures = figures.cloned());
        }
        if let Some(victim) = choose_victim(&usages, definition.memory) {
            self.containers[indexes[victim]].control(Control::KillForMemory);
        }
    }
}
