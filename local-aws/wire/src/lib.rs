//! What the local AWS services have in common on the wire. So far that is the guard of their listeners.

mod guard;

pub use guard::{Allowed, Guard};
