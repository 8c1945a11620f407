//! The load balancer's access log, in the format of an ALB's, one line for each request.
//!
//! Source: AWS's guide to Application Load Balancers, "Access log entries", and recorded lines where the guide is silent. An
//! ALB writes an `error_reason` only for features that this load balancer does not have. Here the field contains the reason
//! of each response 502, 503 and 504 of the load balancer itself.

use std::fmt::{self, Display};
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use axum::http::StatusCode;
use time::OffsetDateTime;
use time::format_description::StaticFormatDescription;
use time::macros::format_description;

use crate::failure::Failure;
use crate::head::Classification;

/// Longest user agent in bytes.
const MAX_USER_AGENT: usize = 8 * 1024;

const TIME: StaticFormatDescription =
    format_description!("[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:6]Z");

/// The access log of one load balancer.
pub struct AccessLog {
    load_balancer: String,
    take: Arc<dyn Fn(&str) + Send + Sync>,
}

impl AccessLog {
    /// Passes each line to `take`. `load_balancer` is the final portion of its ARN: `app/NAME/ID`.
    pub fn new(load_balancer: String, take: Arc<dyn Fn(&str) + Send + Sync>) -> Self {
        Self {
            load_balancer,
            take,
        }
    }

    /// Writes a line.
    pub fn write(&self, entry: &Entry) {
        (self.take)(&entry.line(&self.load_balancer).to_string());
    }
}

impl fmt::Debug for AccessLog {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AccessLog")
    }
}

/// Fields that are the same for all requests of a connection.
#[derive(Clone, Copy, Debug)]
pub struct ConnectionInfo {
    pub client: SocketAddr,
    /// The load balancer's own address of the connection.
    pub node: IpAddr,
    /// A random number for each connection.
    pub trace_id: u128,
}

/// The fields of a request's line.
#[derive(Clone, Debug)]
pub struct Entry {
    pub connection: ConnectionInfo,
    pub target: Option<SocketAddr>,
    /// When the request had arrived.
    pub arrival: SystemTime,
    /// Time until the request was sent to a target.
    pub request_time: Option<Duration>,
    /// Time from then until the target sent the head of its response, or closed the connection.
    pub target_time: Option<Duration>,
    /// Time from then until the response was forwarded.
    pub response_time: Option<Duration>,
    pub status: StatusCode,
    pub target_status: Option<StatusCode>,
    pub received_bytes: u64,
    pub sent_bytes: u64,
    /// Method, URL and version, or the text in their place if the request line cannot be read.
    pub request: String,
    pub user_agent: Option<String>,
    pub target_group: Option<String>,
    pub trace_id: Option<String>,
    /// Priority of the rule; 0 is the default action.
    pub rule: Option<usize>,
    /// The reason for which the load balancer itself answered.
    pub failure: Option<Failure>,
    pub classification: Option<Classification>,
}

impl Entry {
    /// The entry of a request whose request line could not be read.
    pub fn new(connection: ConnectionInfo, port: u16, arrival: SystemTime) -> Self {
        Self {
            connection,
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
            failure: None,
            classification: None,
        }
    }

    /// The line in the log of a load balancer.
    fn line<'a>(&'a self, load_balancer: &'a str) -> impl Display + 'a {
        fmt::from_fn(move |f| self.write(load_balancer, f))
    }

    fn write(&self, load_balancer: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
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
        let reason = self.failure.map_or("-", Failure::reason);
        let ConnectionInfo {
            client,
            node,
            trace_id: connection,
        } = self.connection;
        let (tier, why) = match self.classification {
            Some(it) => (format!("{:?}", it.tier), format!("{:?}", it.reason)),
            None => ("-".to_owned(), "-".to_owned()),
        };
        write!(f, "http {} {load_balancer} ", at(SystemTime::now()))?;
        write!(f, "{client} {target} ")?;
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
        write!(f, r#""{target}" "{target_status}" "{tier}" "{why}" "#)?;
        // No rule has a transform.
        write!(f, r#"TID_{connection:032x} "-" "-" "-" {node}"#)
    }
}

fn at(time: SystemTime) -> String {
    // Only years beyond 9999 cannot be written.
    OffsetDateTime::from(time).format(TIME).unwrap_or_default()
}

/// Escapes quotation marks and control characters, which would end the field or the line.
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

    const LOAD_BALANCER: &str = "app/my-loadbalancer/50dc6c495c0c9188";

    fn entry() -> Entry {
        let arrival = SystemTime::UNIX_EPOCH + Duration::from_millis(1_530_570_168_364);
        let connection = ConnectionInfo {
            client: ([192, 168, 131, 39], 2817).into(),
            node: [192, 0, 2, 2].into(),
            trace_id: 0x3180_a730_13c8_ca4b_ac2f_7311_59d4_b0fe,
        };
        Entry::new(connection, 80, arrival)
    }

    /// The line of an entry without its second field, the time of the response.
    fn line(entry: &Entry) -> String {
        let line = entry.line(LOAD_BALANCER).to_string();
        let mut fields = line.splitn(3, ' ');
        let (kind, time, rest) = (fields.next(), fields.next(), fields.next());
        let time = time.unwrap();
        let form = (time.len(), &time[10..11], &time[26..]);
        assert_eq!(form, (27, "T", "Z"), "{time}");
        format!("{} {}", kind.unwrap(), rest.unwrap())
    }

    #[test]
    fn a_forwarded_request_has_the_line_of_the_example_in_the_guide() {
        let group = "arn:aws:elasticloadbalancing:us-east-2:123456789012:targetgroup/my-targets/73e2d6bc24d8a067";
        let entry = Entry {
            target: Some(([10, 0, 0, 1], 80).into()),
            request_time: Some(Duration::ZERO),
            target_time: Some(Duration::from_micros(1_234)),
            response_time: Some(Duration::ZERO),
            status: StatusCode::OK,
            target_status: Some(StatusCode::OK),
            received_bytes: 34,
            sent_bytes: 366,
            request: "GET http://www.example.com:80/ HTTP/1.1".to_owned(),
            user_agent: Some("curl/7.46.0".to_owned()),
            target_group: Some(group.to_owned()),
            trace_id: Some("Root=1-58337262-36d228ad5d99923122bbe354".to_owned()),
            rule: Some(0),
            ..entry()
        };
        // The guide's example has a shorter id of the connection, and ends before the field `ip_address`.
        let wanted = format!(
            "http app/my-loadbalancer/50dc6c495c0c9188 \
             192.168.131.39:2817 10.0.0.1:80 0.000 0.001 0.000 200 200 34 366 \
             \"GET http://www.example.com:80/ HTTP/1.1\" \"curl/7.46.0\" - - \
             {group} \
             \"Root=1-58337262-36d228ad5d99923122bbe354\" \"-\" \"-\" \
             0 2018-07-02T22:22:48.364000Z \"forward\" \"-\" \"-\" \"10.0.0.1:80\" \"200\" \"-\" \"-\" \
             TID_3180a73013c8ca4bac2f731159d4b0fe \"-\" \"-\" \"-\" 192.0.2.2"
        );
        assert_eq!(line(&entry), wanted);
    }

    #[test]
    fn a_request_whose_line_cannot_be_read_has_dashes() {
        let entry = Entry {
            classification: Some(Classification {
                tier: RequestSafetyTier::Severe,
                reason: ClassificationReason::BadHeader,
            }),
            ..entry()
        };
        let wanted = "http app/my-loadbalancer/50dc6c495c0c9188 192.168.131.39:2817 - -1 -1 -1 400 - 0 0 \
            \"- http://127.0.0.1:80- -\" \"-\" - - - \"-\" \"-\" \"-\" - 2018-07-02T22:22:48.364000Z \
            \"-\" \"-\" \"-\" \"-\" \"-\" \"Severe\" \"BadHeader\" \
            TID_3180a73013c8ca4bac2f731159d4b0fe \"-\" \"-\" \"-\" 192.0.2.2";
        assert_eq!(line(&entry), wanted);
    }

    #[test]
    fn characters_that_would_end_a_field_or_a_line_are_escaped() {
        let with_agent = |agent: String| {
            line(&Entry {
                user_agent: Some(agent),
                ..entry()
            })
        };
        let usual = with_agent("x".to_owned());
        let escaped = with_agent("a\" \"b\r\nc\\".to_owned());
        let wanted = usual.replace("\"x\"", r#""a\x22 \x22b\x0D\x0Ac\x5C""#);
        assert_eq!(escaped, wanted);
        let long = with_agent("\u{e9}".repeat(MAX_USER_AGENT));
        assert_eq!(long.len(), usual.len() - 1 + MAX_USER_AGENT);
    }
}
