//! The subcommands that talk to a running lab.

mod check;
mod env;
mod exam;
mod goto;
mod ledger;
mod load;
mod output;
mod reset;

pub use check::check;
pub use env::print_environment;
pub use exam::{ExamOptions, exam};
pub use goto::goto;
pub use ledger::ledger;
pub use load::{LoadOptions, load};
pub use reset::reset;
