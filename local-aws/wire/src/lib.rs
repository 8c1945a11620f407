//! HTTP code that the local AWS services share: the server of their listeners, and a guard that rejects requests from
//! foreign web pages.

mod guard;
mod serve;

pub use guard::{Allowed, Guard};
pub use serve::{Server, Timeouts, serve, serve_connections};
