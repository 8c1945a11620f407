//! What the local AWS services share: the server of their listeners, limits on request bodies, errors, and a guard that
//! rejects requests from foreign web pages.

mod arn;
mod body;
mod cbor;
mod error;
mod guard;
mod serve;
mod xml;

pub use arn::{ACCOUNT, REGION, arn};
pub use body::{BodyError, read_body};
pub use error::{Error, JsonProtocol};
pub use guard::{Allowed, Guard};
pub use serve::{Server, Timeouts, serve, serve_connections};
