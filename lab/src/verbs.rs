//! The subcommands that talk to a running lab.

mod client;
mod env;
mod reset;

pub use env::print_environment;
pub use reset::reset;
