//! HTTP code that the local AWS services share. It contains the guard of their listeners.

mod guard;

pub use guard::{Allowed, Guard};
