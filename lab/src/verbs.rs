//! The subcommands that talk to a running lab.

mod client;
mod env;

pub use env::print_environment;
