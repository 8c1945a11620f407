//! The head of a request: whether an ALB accepts it, and with which status it refuses it. Pure.
//!
//! Sources: AWS's guide to Application Load Balancers ("Troubleshooting": the statuses; "Quotas": the limits; "Desync
//! mitigation mode": the default is `defensive`), RFC 9112, sections 3.2 and 5, and answers of real load balancers.
//! AWS's own library classifies requests, as in an ALB.

use axum::http::uri::Authority;
use axum::http::{Method, StatusCode, Uri};
use http_desync_guardian::request_analyzer::HttpRequestData;
use http_desync_guardian::{ClassificationReason, RequestSafetyTier};
use httparse::{EMPTY_HEADER, Header, Request, Status};

use crate::framing::{Chunk, Framing};

/// A request line or a header with this number of bytes is too long.
const MAX_LINE: usize = 16 * 1024;

/// Maximum length of a head in bytes.
const MAX_HEAD: usize = 64 * 1024;

/// Maximum number of headers of a request. AWS documents no limit. This one limits the memory of a request.
pub const MAX_HEADERS: usize = 512;

/// Maximum number of addresses in `X-Forwarded-For`.
const MAX_FORWARDED_FOR: usize = 30;

/// An accepted head.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Accepted {
    /// The length of the head in bytes.
    pub length: usize,
    /// How the body is delimited.
    pub framing: Framing,
    /// None if it complies with RFC 7230.
    pub classification: Option<Classification>,
}

/// A refused head.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// The status of the response.
    pub status: StatusCode,
    /// An additional line of the page.
    pub detail: Option<&'static str>,
    /// None if it complies with RFC 7230.
    pub classification: Option<Classification>,
}

/// The classification of a request by desync mitigation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Classification {
    /// The threat level.
    pub tier: RequestSafetyTier,
    /// The cause of the threat level.
    pub reason: ClassificationReason,
}

impl From<StatusCode> for Refused {
    fn from(status: StatusCode) -> Self {
        Self {
            status,
            detail: None,
            classification: None,
        }
    }
}

/// Examines the head at the start of `bytes`. Returns `None` if it is not complete yet.
pub fn examine(bytes: &[u8]) -> Option<Result<Accepted, Refused>> {
    let end = end_of_head(bytes);
    let head = &bytes[..end.unwrap_or(bytes.len())];
    if let Err(refused) = within_limits(head) {
        return Some(Err(refused));
    }
    end.map(|_| classify(head))
}

/// Whether the result of [`examine`] can have changed since it returned `None` with `open_line` as the start of the last line.
pub fn may_be_decided(bytes: &[u8], open_line: usize) -> bool {
    let line = &bytes[open_line..];
    line.contains(&b'\n') || line.len() >= MAX_LINE || bytes.len() > MAX_HEAD
}

/// The position after the last line end.
pub fn start_of_last_line(bytes: &[u8]) -> usize {
    let line_end = bytes.iter().rposition(|byte| *byte == b'\n');
    line_end.map_or(0, |line_end| line_end + 1)
}

/// The fields that can be read from the head of a refused request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fields<'a> {
    pub method: &'a str,
    pub target: &'a str,
    /// `1.0` or `1.1`.
    pub version: &'static str,
    pub host: Option<&'a str>,
    pub user_agent: Option<&'a str>,
}

/// Returns `None` if the request line cannot be read.
pub fn fields(bytes: &[u8]) -> Option<Fields<'_>> {
    let mut headers = [EMPTY_HEADER; 64];
    let mut request = Request::new(&mut headers);
    // The request line can be read also if the head is incomplete or has too many headers.
    let _ = request.parse(bytes);
    let version = match request.version? {
        0 => "1.0",
        _ => "1.1",
    };
    let first = |name| str::from_utf8(values(request.headers, name).first()?).ok();
    Some(Fields {
        method: request.method?,
        target: request.path?,
        version,
        host: first("host"),
        user_agent: first("user-agent"),
    })
}

/// The position after the empty line. Empty lines before the request line are a part of the head.
fn end_of_head(bytes: &[u8]) -> Option<usize> {
    let start = start_of_head(bytes);
    let mut lines = bytes[start..].split_inclusive(|byte| *byte == b'\n');
    let mut end = start;
    lines.find_map(|line| {
        end += line.len();
        matches!(line, b"\r\n" | b"\n").then_some(end)
    })
}

/// Whether no part of a request has arrived yet.
pub fn is_empty(bytes: &[u8]) -> bool {
    start_of_head(bytes) == bytes.len()
}

fn start_of_head(bytes: &[u8]) -> usize {
    let is_line_end = |byte: &&u8| b"\r\n".contains(byte);
    bytes.iter().take_while(is_line_end).count()
}

fn within_limits(head: &[u8]) -> Result<(), Refused> {
    const DETAIL: &str = "Request Header Or Cookie Too Large";
    let lines = head[start_of_head(head)..].split(|byte| *byte == b'\n');
    let mut lines = lines.map(|line| line.strip_suffix(b"\r").unwrap_or(line));
    if lines.next().is_some_and(|line| line.len() >= MAX_LINE) {
        return Err(StatusCode::URI_TOO_LONG.into());
    }
    if head.len() > MAX_HEAD || lines.any(|line| line.len() >= MAX_LINE) {
        return Err(Refused {
            detail: Some(DETAIL),
            ..StatusCode::BAD_REQUEST.into()
        });
    }
    Ok(())
}

fn classify(head: &[u8]) -> Result<Accepted, Refused> {
    let verdict = HttpRequestData::analyze_raw_request(&head[start_of_head(head)..]);
    let classification = (verdict.tier != RequestSafetyTier::Compliant).then_some(Classification {
        tier: verdict.tier,
        reason: verdict.reason,
    });
    let framing = match verdict.tier {
        RequestSafetyTier::Severe => Err(StatusCode::BAD_REQUEST),
        _ => parse(head),
    };
    match framing {
        Ok(framing) => Ok(Accepted {
            length: head.len(),
            framing,
            classification,
        }),
        Err(status) => Err(Refused {
            classification,
            ..status.into()
        }),
    }
}

fn parse(head: &[u8]) -> Result<Framing, StatusCode> {
    let mut headers = [EMPTY_HEADER; MAX_HEADERS];
    let mut request = Request::new(&mut headers);
    if is_of_http_2(head) {
        return Err(StatusCode::HTTP_VERSION_NOT_SUPPORTED);
    }
    let parsed = request.parse(head);
    let (Ok(Status::Complete(length)), Some(method), Some(target), Some(version)) =
        (parsed, request.method, request.path, request.version)
    else {
        return Err(StatusCode::BAD_REQUEST);
    };
    if length != head.len() {
        return Err(StatusCode::BAD_REQUEST);
    }
    let method = Method::from_bytes(method.as_bytes()).map_err(|_| StatusCode::BAD_REQUEST)?;
    match method {
        Method::TRACE => return Err(StatusCode::METHOD_NOT_ALLOWED),
        Method::CONNECT => return Err(StatusCode::BAD_REQUEST),
        _ => {}
    }
    let values = |name: &str| values(request.headers, name);
    if !is_valid_target(target) || !has_valid_host(&values("host"), version == 1) {
        return Err(StatusCode::BAD_REQUEST);
    }
    let forwarded_for = values("x-forwarded-for");
    let forwarded_for = forwarded_for
        .iter()
        .flat_map(|value| value.split(|it| *it == b','));
    if forwarded_for.count() > MAX_FORWARDED_FOR {
        // 463 is not a standard status.
        return StatusCode::from_u16(463).map_or(Err(StatusCode::BAD_REQUEST), Err);
    }
    framing(
        &values("transfer-encoding"),
        &values("content-length"),
        version == 1,
    )
}

fn values<'a>(headers: &[Header<'a>], name: &str) -> Vec<&'a [u8]> {
    let named = headers
        .iter()
        .filter(|header| header.name.eq_ignore_ascii_case(name));
    named.map(|header| header.value.trim_ascii()).collect()
}

/// Whether this is the preface of HTTP/2 without TLS, or a request line with a later version.
fn is_of_http_2(head: &[u8]) -> bool {
    let line = head.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let version = line.trim_ascii_end().rsplit(|byte| *byte == b' ').next();
    let major = version.and_then(|version| version.strip_prefix(b"HTTP/"));
    major.is_some_and(|major| matches!(major, [b'2'..=b'9', ..]))
}

/// `*` and an authority are the only forms of a request target without a path. An absolute form has an authority too.
fn is_valid_target(target: &str) -> bool {
    let uri: Result<Uri, _> = target.parse();
    uri.is_ok_and(|uri| uri.path().starts_with('/') && uri.authority().is_none_or(is_host_and_port))
}

/// HTTP/1.1 requires exactly one Host header; HTTP/1.0 permits at most one.
fn has_valid_host(hosts: &[&[u8]], is_required: bool) -> bool {
    match hosts {
        [] => !is_required,
        [host] => Authority::try_from(*host).is_ok_and(|host| is_host_and_port(&host)),
        _ => false,
    }
}

/// A host that is not empty, and a port or none. User information is not allowed.
fn is_host_and_port(authority: &Authority) -> bool {
    // The text begins with user information, if there is any, and else with the host.
    let port = authority.as_str().strip_prefix(authority.host());
    let port = port.map(|port| port.strip_prefix(':').unwrap_or(port));
    let is_port = port.is_some_and(|port| port.bytes().all(|it| it.is_ascii_digit()));
    is_port && !authority.host().is_empty()
}

/// The rules of RFC 9112, section 6.3. Requests that desync mitigation classifies as severe were refused before.
fn framing(encodings: &[&[u8]], lengths: &[&[u8]], is_1_1: bool) -> Result<Framing, StatusCode> {
    let encodings = encodings
        .iter()
        .flat_map(|value| value.split(|byte| *byte == b','));
    let encodings: Vec<_> = encodings.map(<[u8]>::trim_ascii).collect();
    let is = |encoding: &[u8], name: &str| encoding.eq_ignore_ascii_case(name.as_bytes());
    match encodings.last() {
        None => {}
        // HTTP/1.0 has no chunks.
        Some(_) if !is_1_1 => return Err(StatusCode::BAD_REQUEST),
        Some(last) => {
            let supported = |it: &&[u8]| is(it, "chunked") || is(it, "identity");
            return match is(last, "chunked") && encodings.iter().all(supported) {
                true => Ok(Framing::Chunked(Chunk::Size(0))),
                false => Err(StatusCode::NOT_IMPLEMENTED),
            };
        }
    }
    let Some(first) = lengths.first() else {
        return Ok(Framing::Head);
    };
    let digits = first.iter().all(u8::is_ascii_digit).then_some(*first);
    let length = digits.and_then(|digits| str::from_utf8(digits).ok()?.parse().ok());
    match length {
        Some(0) => Ok(Framing::Head),
        // The last two numbers of 64 bits have another meaning in hyper.
        Some(length @ ..=0xffff_ffff_ffff_fffd) => Ok(Framing::Length(length)),
        _ => Err(StatusCode::BAD_REQUEST),
    }
}

#[cfg(test)]
mod tests;
