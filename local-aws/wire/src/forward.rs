//! What every proxy does with a message: headers of one hop go no further.

use std::fmt::Display;

use axum::http::header::{CONNECTION, HeaderName, TE, TRAILER, TRANSFER_ENCODING, UPGRADE};
use axum::http::uri::PathAndQuery;
use axum::http::{HeaderMap, Request};

/// By RFC 9110, section 7.6.1.
const ONE_HOP: [HeaderName; 7] = [
    CONNECTION,
    HeaderName::from_static("keep-alive"),
    HeaderName::from_static("proxy-connection"),
    TE,
    TRAILER,
    TRANSFER_ENCODING,
    UPGRADE,
];

/// Addresses `request` to the server at `to`, and keeps path and query as they are.
pub fn set_address<B>(request: &mut Request<B>, to: impl Display) {
    let path = request.uri().path_and_query();
    let path = path.map_or("/", PathAndQuery::as_str);
    // An address and a path that was read from a URI make a URI again.
    *request.uri_mut() = format!("http://{to}{path}").parse().unwrap_or_default();
}

/// Removes the headers of one hop, and those that `Connection` names besides.
pub fn remove_headers_of_one_hop(headers: &mut HeaderMap) {
    let named = headers.get_all(CONNECTION).iter();
    let named = named.filter_map(|names| names.to_str().ok());
    let named: Vec<HeaderName> = named
        .flat_map(|names| names.split(','))
        .filter_map(|name| name.trim().parse().ok())
        .collect();
    for name in named.iter().chain(&ONE_HOP) {
        headers.remove(name);
    }
}
