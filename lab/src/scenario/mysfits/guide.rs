//! The steps of the guide in `docs/labs`. A sentence about the labs 0 to 2 names no fault and no switch: the readers find them.

use crate::guide::Step;

mod dashboard;
mod load;
mod logs;
mod metadata;
mod metrics;
mod resilience;
mod sampling;
mod scaling;
mod services;
mod set_up;
mod strangler;
mod traces;
mod tracking;

/// All steps in their order.
const STEPS: &[Step] = &[
    step("0.1", "Start the lab", set_up::tasks_run),
    step("0.2", "Click some hearts", set_up::hearts),
    step("0.3", "Adopt a mysfit", set_up::adoption),
    step(
        "1.1",
        "Add a container to the task definition",
        metadata::revision_step,
    ),
    step("1.2", "Roll the revision out", metadata::rollout),
    step("1.3", "Ask a task for its metadata", metadata::requests),
    step("1.4", "A dashboard", dashboard::dashboard),
    step(
        "1.5",
        "Two more monoliths, and the number follows",
        metadata::monoliths,
    ),
    step("2.1", "Read the log", set_up::hearts),
    step("2.2", "Another log level", logs::level),
    step("2.3", "Find the reason", logs::reason),
    step("3.1", "A container for traces", traces::sidecar),
    step("3.2", "Instrument and deliver", traces::node),
    step("3.3", "Find the slow and failed likes", traces::group),
    step("3.4", "Bonus: the edge downstream", traces::edge),
    step("3.5", "Sampling: a rule", sampling::rule),
    step("3.6", "Sampling: the statistics", sampling::statistics),
    step("4.1", "Step scaling", scaling::policies),
    step("4.2", "Under load", scaling::out),
    step("4.3", "And back", scaling::back),
    step("4.4", "Target tracking", tracking::policy),
    step("4.5", "Target tracking acts", tracking::activity),
    step("5.1", "Measure first", load::measure),
    step("5.2", "Stop the only task", resilience::only_task),
    step("5.3", "Two tasks, again", resilience::one_of_two),
    step("5.4", "Ramps", load::ramps),
    step("6.1", "Like in the monolith", strangler::monolith),
    step("6.2", "A tenth of the likes", strangler::tenth),
    step("6.3", "Cut over", strangler::cut_over),
    step("6.4", "Remove the function", strangler::removal),
];

const fn step(
    id: &'static str,
    title: &'static str,
    look: fn(&crate::guide::Aws) -> crate::guide::Looked,
) -> Step {
    Step { id, title, look }
}

/// The step with this id, the steps of the lab with this number, or all steps.
pub fn find_steps(value: &str) -> Result<&'static [Step], String> {
    let of_lab = format!("{value}.");
    let is_wanted =
        |step: &Step| value.is_empty() || step.id == value || step.id.starts_with(&of_lab);
    // The steps of a lab follow each other.
    let mut parts = STEPS.chunk_by(|one, other| is_wanted(one) == is_wanted(other));
    parts
        .find(|part| part.first().is_some_and(is_wanted))
        .ok_or_else(|| {
            let steps = STEPS
                .iter()
                .map(|Step { id, title, .. }| format!("\n  {id}  {title}"));
            format!("the steps are{}", steps.collect::<String>())
        })
}

#[cfg(test)]
mod tests;
