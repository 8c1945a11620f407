//! The load balancer's access log, in the format of an ALB's, one line for each request.
//!
//! Source: AWS's guide to Application Load Balancers, "Access log entries". An ALB leaves `error_reason` to requests for
//! Lambda functions and for authentication. Here it also says why the load balancer answered 502, 503 or 504 itself.

use std::fmt::{self, Display};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use axum::http::StatusCode;
use time::OffsetDateTime;
use time::format_description::StaticFormatDescription;
use time::macros::format_description;

use crate::head::Classification;

/// The identifier of the only load balancer.
const LOAD_BALANCER: &str = "app/mysfits/0000000000000000";

/// Longest user agent in bytes.
const MAX_USER_AGENT: usize = 8 * 1024;

const TIME: StaticFormatDescription =
    format_description!("[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:6]Z");

/// Takes the lines. Clones are the same log.
#[derive(Clone)]
pub struct AccessLog(Arc<dyn Fn(&str) + Send + Sync>);

impl AccessLog {
    /// Gives each line to `take`.
    pub fn new(take: impl Fn(&str) + Send + Sync + 'static) -> Self {
        Self(Arc::new(take))
    }

    /// A line.
    pub fn write(&self, entry: &Entry) {
        (self.0)(&entry.to_string());
    }
}

impl fmt::Debug for AccessLog {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AccessLog")
    }
}

/// What is known of a request when it is over.
#[derive(Clone, Debug)]
pub struct Entry {
    pub client: SocketAddr,
    pub target: Option<SocketAddr>,
    /// When the request had arrived.
    pub arrival: SystemTime,
    /// Until it was sent to a target.
    pub request_time: Option<Duration>,
    /// From then until the head of the target's answer.
    pub target_time: Option<Duration>,
    /// From then until the answer was sent on.
    pub response_time: Option<Duration>,
    pub status: StatusCode,
    pub target_status: Option<StatusCode>,
    pub received_bytes: u64,
    pub sent_bytes: u64,
    /// Method, URL and version, or what is written in their place.
    pub request: String,
    pub user_agent: Option<String>,
    pub target_group: Option<String>,
    pub trace_id: Option<String>,
    /// Priority of the rule; 0 is the default action.
    pub rule: Option<usize>,
    pub error_reason: Option<&'static str>,
    pub classification: Option<Classification>,
}

impl Entry {
    /// The entry of a request that was not understood.
    pub fn new(client: SocketAddr, port: u16, arrival: SystemTime) -> Self {
        Self {
            client,
            target: None,
            arrival,
            request_time: None,
            target_time: None,
            response_time: None,
            status: StatusCode::BAD_REQUEST,
            target_status: None,
            received_bytes: 0,
            sent_bytes: 0,
            request: format!("- http://127.0.0.1:{port}- -"),
            user_agent: None,
            target_group: None,
            trace_id: None,
            rule: None,
            error_reason: None,
            classification: None,
        }
    }
}

/// The line.
impl Display for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let or_dash = |value: Option<&dyn Display>| value.map_or("-".to_owned(), quoted);
        let target = or_dash(self.target.as_ref().map(|it| it as _));
        let target_status = self.target_status.map(|status| status.as_u16());
        let target_status = or_dash(target_status.as_ref().map(|it| it as _));
        let rule = or_dash(self.rule.as_ref().map(|it| it as _));
        let group = self.target_group.as_deref().unwrap_or("-");
        let agent = self.user_agent.as_deref().unwrap_or("-");
        let agent = &agent[..agent.floor_char_boundary(MAX_USER_AGENT)];
        let trace_id = self.trace_id.as_deref().unwrap_or("-");
        let actions = self.rule.map_or("-", |_| "forward");
        let reason = self.error_reason.unwrap_or("-");
        let (tier, why) = match self.classification {
            Some(it) => (format!("{:?}", it.tier), format!("{:?}", it.reason)),
            None => ("-".to_owned(), "-".to_owned()),
        };
        write!(f, "http {} {LOAD_BALANCER} ", at(SystemTime::now()))?;
        write!(f, "{} {target} ", self.client)?;
        for time in [self.request_time, self.target_time, self.response_time] {
            match time {
                Some(time) => write!(f, "{:.3} ", time.as_secs_f64())?,
                None => f.write_str("-1 ")?,
            }
        }
        let status = self.status.as_u16();
        write!(
            f,
            "{status} {target_status} {} {} ",
            self.received_bytes, self.sent_bytes
        )?;
        write!(
            f,
            r#""{}" "{}" - - "#,
            quoted(&self.request),
            quoted(&agent)
        )?;
        write!(f, r#"{group} "{}" "-" "-" {rule} "#, quoted(&trace_id))?;
        write!(f, r#"{} "{actions}" "-" "{reason}" "#, at(self.arrival))?;
        write!(f, r#""{target}" "{target_status}" "{tier}" "{why}""#)
    }
}

fn at(time: SystemTime) -> String {
    // Only years beyond 9999 cannot be written.
    OffsetDateTime::from(time).format(TIME).unwrap_or_default()
}

/// Without quotation marks and control characters, which would end the field or the line.
fn quoted(text: &(impl Display + ?Sized)) -> String {
    let mut quoted = String::new();
    for character in text.to_string().chars() {
        match character {
            '"' | '\\' => quoted += &format!("\\x{:02X}", character as u32),
            _ if character.is_control() => quoted += &format!("\\x{:02X}", character as u32),
            _ => quoted.push(character),
        }
    }
    quoted
}

#[cfg(test)]
mod tests {
    use super::*;
    use http_desync_guardian::{ClassificationReason, RequestSafetyTier};

    /// The fields of a line, without their quotation marks.
    fn fields(line: &str) -> Vec<&str> {
        let parts = line.split('"').enumerate();
        parts
            .flat_map(|(number, part)| match number % 2 {
                0 => part.split_whitespace().collect(),
                _ => vec![part],
            })
            .collect()
    }

    fn entry() -> Entry {
        let arrival = SystemTime::UNIX_EPOCH + Duration::from_millis(1_530_570_168_364);
        Entry::new(([192, 0, 2, 1], 2817).into(), 8080, arrival)
    }

    #[test]
    fn a_request_that_was_answered_has_all_fields_in_an_albs_order() {
        let target = ([127, 0, 0, 1], 4711).into();
        let line = Entry {
            target: Some(target),
            request_time: Some(Duration::ZERO),
            target_time: Some(Duration::from_micros(1_234_567)),
            response_time: Some(Duration::from_millis(1)),
            status: StatusCode::OK,
            target_status: Some(StatusCode::OK),
            received_bytes: 34,
            sent_bytes: 366,
            request: "GET http://www.example.com:80/ HTTP/1.1".to_owned(),
            user_agent: Some("curl/7.46.0".to_owned()),
            target_group: Some("arn:aws:x".to_owned()),
            trace_id: Some("Root=1-2-3".to_owned()),
            rule: Some(0),
            ..entry()
        }
        .to_string();
        let mut fields = fields(&line);
        let time = fields.remove(1);
        assert_eq!(
            (time.len(), &time[10..11], &time[26..]),
            (27, "T", "Z"),
            "{time}"
        );
        let wanted = [
            "http",
            LOAD_BALANCER,
            "192.0.2.1:2817",
            "127.0.0.1:4711",
            "0.000",
            "1.235",
            "0.001",
            "200",
            "200",
            "34",
            "366",
            "GET http://www.example.com:80/ HTTP/1.1",
            "curl/7.46.0",
            "-",
            "-",
            "arn:aws:x",
            "Root=1-2-3",
            "-",
            "-",
            "0",
            "2018-07-02T22:22:48.364000Z",
            "forward",
            "-",
            "-",
            "127.0.0.1:4711",
            "200",
            "-",
            "-",
        ];
        assert_eq!(fields, wanted);
    }

    #[test]
    fn a_request_that_was_not_understood_has_dashes() {
        let classification = Classification {
            tier: RequestSafetyTier::Severe,
            reason: ClassificationReason::BadHeader,
        };
        let line = Entry {
            classification: Some(classification),
            ..entry()
        }
        .to_string();
        let wanted = [
            "192.0.2.1:2817",
            "-",
            "-1",
            "-1",
            "-1",
            "400",
            "-",
            "0",
            "0",
            "- http://127.0.0.1:8080- -",
            "-",
            "-",
            "-",
            "-",
            "-",
            "-",
            "-",
            "-",
            "2018-07-02T22:22:48.364000Z",
            "-",
            "-",
            "-",
            "-",
            "-",
            "Severe",
            "BadHeader",
        ];
        assert_eq!(fields(&line)[3..], wanted);
    }

    #[test]
    fn no_client_ends_a_field_or_a_line() {
        let line = Entry {
            user_agent: Some("a\" \"b\r\nc\\".to_owned()),
            ..entry()
        }
        .to_string();
        assert!(line.contains(r#""a\x22 \x22b\x0D\x0Ac\x5C""#), "{line}");
        assert_eq!(fields(&line).len(), 29);
        let long = Entry {
            user_agent: Some("é".repeat(MAX_USER_AGENT)),
            ..entry()
        };
        assert_eq!(fields(&long.to_string())[13].len(), MAX_USER_AGENT);
    }
}
