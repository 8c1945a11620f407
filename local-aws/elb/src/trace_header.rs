//! `X-Amzn-Trace-Id`, as an ALB forwards it.
//!
//! The load balancer adds a `Root` if the header has none. Otherwise it keeps the `Root`, and adds or replaces `Self`.
//! <https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-request-tracing.html>

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use axum::http::{HeaderMap, HeaderName, HeaderValue};

const NAME: HeaderName = HeaderName::from_static("x-amzn-trace-id");
const ROOT: &str = "Root=";
const SELF: &str = "Self=";

/// Sets the header as a target receives it. Returns its value.
pub fn stamp(headers: &mut HeaderMap) -> Option<String> {
    let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH);
    let id = trace_id(since_epoch.unwrap_or(Duration::ZERO), rand::random());
    let sent = headers.get(NAME).and_then(|value| value.to_str().ok());
    let passed_on = passed_on(sent, &id);
    // Cannot fail: the parts come from a valid header value.
    let value = HeaderValue::from_str(&passed_on).ok()?;
    headers.insert(NAME, value);
    Some(passed_on)
}

/// A trace id of X-Ray: version, 8 hexadecimal digits of Unix time, 24 random ones.
fn trace_id(since_epoch: Duration, random: u128) -> String {
    let seconds = since_epoch.as_secs() & 0xffff_ffff;
    format!("1-{seconds:08x}-{:024x}", random >> 32)
}

fn passed_on(sent: Option<&str>, id: &str) -> String {
    let fields = || sent.unwrap_or_default().split(';').map(str::trim);
    let rooted = fields().any(|field| field.len() > ROOT.len() && field.starts_with(ROOT));
    let own = if rooted { SELF } else { ROOT };
    fields()
        .filter(|field| !field.is_empty() && *field != ROOT && !field.starts_with(SELF))
        .fold(format!("{own}{id}"), |header, field| header + ";" + field)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const ID: &str = "1-67891234-12456789abcdef0123456789";

    #[test]
    fn an_id_is_time_and_chance_in_hexadecimal() {
        let id = trace_id(Duration::from_secs(0x5759_e988), u128::MAX);
        assert_eq!(id, format!("1-5759e988-{}", "f".repeat(24)));
        let id = trace_id(Duration::from_secs(1), 1 << 32);
        assert_eq!(id, format!("1-00000001-{}1", "0".repeat(23)));
    }

    #[test]
    fn a_root_is_added_where_there_is_none() {
        assert_eq!(passed_on(None, ID), format!("Root={ID}"));
        assert_eq!(passed_on(Some(""), ID), format!("Root={ID}"));
        assert_eq!(
            passed_on(Some("CalledFrom=app"), ID),
            format!("Root={ID};CalledFrom=app")
        );
        // A `Self` without a `Root` is dropped.
        assert_eq!(passed_on(Some("Self=1-2-3"), ID), format!("Root={ID}"));
    }

    #[test]
    fn a_root_is_kept_behind_a_new_self() {
        let root = "Root=1-67891233-abcdef012345678912345678";
        assert_eq!(passed_on(Some(root), ID), format!("Self={ID};{root}"));
        assert_eq!(
            passed_on(
                Some(&format!("{root};Parent=53995c3f42cd8ad8;Sampled=1")),
                ID
            ),
            format!("Self={ID};{root};Parent=53995c3f42cd8ad8;Sampled=1")
        );
        assert_eq!(
            passed_on(Some(&format!("Self=1-0-0;{root}; CalledFrom=app")), ID),
            format!("Self={ID};{root};CalledFrom=app")
        );
    }

    proptest! {
        #[test]
        fn whatever_is_sent_there_is_one_root_or_one_self_of_ours(sent in "[ -~]{0,80}") {
            let header = passed_on(Some(&sent), ID);
            prop_assert!(HeaderValue::from_str(&header).is_ok());
            let own = [format!("Root={ID}"), format!("Self={ID}")];
            prop_assert!(own.iter().any(|own| header.split(';').next() == Some(own)));
            prop_assert_eq!(header.split(';').filter(|field| *field == ROOT).count(), 0);
        }
    }
}
