//! The options that only this scenario has.

use clap::{Args, ValueEnum};

use crate::switch::Switch;

/// Numbers of tasks, faults, and the service that receives likes.
#[derive(Clone, Debug, Args)]
#[group(id = "scenario")]
pub struct Options {
    /// Number of tasks of the Like service, 1 to the value of --max-tasks
    #[arg(long, value_name = "N", default_value_t = 2)]
    pub like_tasks: u32,
    /// Number of tasks of the monolith, 1 to the value of --max-tasks
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub monolith_tasks: u32,
    /// Inject faults into likes: on or off. The help does not show the option: docs/chaos.md describes it.
    #[arg(long, value_enum, default_value_t = Switch::On, hide = true)]
    pub chaos: Switch,
    /// Print what is wrong with likes, and how to get the same again. This gives away the results of the first labs, as
    /// docs/chaos.md does, which also describes further options
    #[arg(long)]
    pub spoilers: bool,
    /// Which service receives likes at the start: service (the Like service) or monolith. This sets the weights of the
    /// like rule, which `aws elbv2 modify-rule` changes
    #[arg(long, value_enum, default_value_t = LikeIn::Service, hide_possible_values = true)]
    pub like_in: LikeIn,
}

/// The service that receives likes at the start.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum LikeIn {
    /// The path rule has the weight 100 for the Like service and 0 for the monolith.
    Service,
    /// The path rule has the weight 0 for the Like service and 100 for the monolith, as before the Like service was
    /// extracted from the monolith.
    Monolith,
}

impl Options {
    /// Checks the numbers of tasks.
    ///
    /// # Errors
    ///
    /// The message names the option.
    pub fn check(&self, max_tasks: u32) -> Result<(), String> {
        let numbers = [
            ("--like-tasks", self.like_tasks),
            ("--monolith-tasks", self.monolith_tasks),
        ];
        for (option, number) in numbers {
            if !(1..=max_tasks).contains(&number) {
                return Err(format!(
                    "invalid value '{number}' for '{option} <N>': {number} is not in 1..={max_tasks} (--max-tasks)"
                ));
            }
        }
        Ok(())
    }
}
