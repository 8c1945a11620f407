//! What goes wrong on purpose. First a pure decision, drawn from a generator that a seed can fix;
//! then its effect.

mod burn;
mod config;
mod dice;
mod switch;

pub use burn::{Burner, Overloaded};
pub use config::{Config, CpuBudget, Percent};
pub use dice::{Dice, Fault};
pub use switch::Chaos;
