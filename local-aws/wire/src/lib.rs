//! What the local AWS services share: the server of their listeners, a guard that rejects requests from foreign web
//! pages, one endpoint for several services, and AWS's protocols.
//!
//! The crate knows no service. A service states its protocol and its operations as an [`Api`], and [`endpoint()`] passes
//! requests on to the services.

mod accept;
mod arn;
mod body;
mod cbor;
mod destination;
mod endpoint;
mod error;
mod forward;
mod guard;
mod json;
mod page_tokens;
mod query;
mod query_compatible;
mod serve;
mod shape;
mod xml;

pub use accept::Warn;
pub use arn::{ACCOUNT, REGION, arn};
pub use body::{BodyError, discard_body, read_body};
pub use endpoint::{Api, QueryCall, Service, endpoint};
pub use error::{Error, JsonProtocol};
pub use forward::{remove_headers_of_one_hop, set_address};
pub use guard::{Allowed, Guard};
pub use json::{JsonBody, json_router, parse_json_value, unknown_operation};
pub use page_tokens::PageTokens;
pub use query::{Parameters, shorten};
pub use query_compatible::{ErrorNames, InputCall, QueryCompatible};
pub use serve::{Server, Timeouts, serve, serve_connections};
pub use shape::{Input, Member, Shape, Words};
pub use xml::MemberTypes;
