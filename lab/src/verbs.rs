//! The subcommands that talk to a running lab.

mod client;
mod env;
mod goto;
mod load;
mod reset;

pub use env::print_environment;
pub use goto::goto;
pub use load::{LoadOptions, load};
pub use reset::reset;
