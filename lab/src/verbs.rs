//! The subcommands that talk to a running lab.

mod client;
mod env;
mod load;
mod reset;

pub use env::print_environment;
pub use load::{LoadOptions, load};
pub use reset::reset;
