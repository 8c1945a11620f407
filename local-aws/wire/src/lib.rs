//! HTTP code that the local AWS services share: a guard that rejects requests from foreign web pages.

mod guard;

pub use guard::{Allowed, Guard};
