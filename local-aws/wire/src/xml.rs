//! Response bodies of the query protocol.

use std::fmt::Write;

use axum::response::Response;
use serde_json::Value;
use time::OffsetDateTime;
use time::macros::format_description;

use crate::error::Error;

/// The names of members of responses whose type is not visible in their JSON value.
#[derive(Clone, Copy, Debug, Default)]
pub struct MemberTypes {
    /// Numbers that are times in seconds since the Unix epoch, and lists of them.
    pub timestamps: &'static [&'static str],
    /// Objects that are maps.
    pub maps: &'static [&'static str],
}

impl Error {
    /// The response in the query protocol. Clients of REST-XML read the same body.
    pub fn xml_response(&self, request_id: &str) -> Response {
        self.response("text/xml", error_document(self, request_id))
    }
}

/// Returns the body of a successful response. `result` is the result of the operation as an object, or null if the operation
/// has no result.
pub fn result_document(
    action: &str,
    namespace: &str,
    result: &Value,
    members: MemberTypes,
    request_id: &str,
) -> String {
    let mut xml = format!("<{action}Response xmlns=\"{namespace}\">");
    write_element(
        &mut xml,
        &format!("{action}Result"),
        result,
        members,
        Kind::Plain,
    );
    let _ = write!(
        xml,
        "<ResponseMetadata><RequestId>{request_id}</RequestId></ResponseMetadata></{action}Response>"
    );
    xml
}

/// Returns the body of an error response.
fn error_document(error: &Error, request_id: &str) -> String {
    let mut xml = format!(
        "<ErrorResponse><Error><Type>{}</Type><Code>{}</Code>",
        error.fault(),
        error.code
    );
    if !error.message.is_empty() {
        let message = Value::from(&*error.message);
        write_element(
            &mut xml,
            "Message",
            &message,
            MemberTypes::default(),
            Kind::Plain,
        );
    }
    let _ = write!(
        xml,
        "</Error><RequestId>{request_id}</RequestId></ErrorResponse>"
    );
    xml
}

/// What the name of a member says about its value.
#[derive(Clone, Copy)]
enum Kind {
    Plain,
    Timestamp,
    Map,
}

/// Writes an element. Each item of a list is an element `member`. A null value is an absent member of a structure. An
/// object is a structure, unless its name is that of a map. Flattened lists and maps have other elements, and no local
/// service returns them.
fn write_element(xml: &mut String, name: &str, value: &Value, members: MemberTypes, kind: Kind) {
    if value.is_null() {
        return;
    }
    let _ = write!(xml, "<{name}>");
    match value {
        Value::Object(entries) if matches!(kind, Kind::Map) => {
            for (key, value) in entries {
                xml.push_str("<entry>");
                write_element(xml, "key", &Value::from(&**key), members, Kind::Plain);
                write_element(xml, "value", value, members, Kind::Plain);
                xml.push_str("</entry>");
            }
        }
        Value::Object(values) => {
            for (name, value) in values {
                let kind = match &**name {
                    name if members.timestamps.contains(&name) => Kind::Timestamp,
                    name if members.maps.contains(&name) => Kind::Map,
                    _ => Kind::Plain,
                };
                write_element(xml, name, value, members, kind);
            }
        }
        Value::Array(items) => {
            for item in items {
                write_element(xml, "member", item, members, kind);
            }
        }
        Value::String(text) => write_text(xml, text),
        Value::Number(number) if matches!(kind, Kind::Timestamp) => {
            write_timestamp(xml, number.as_f64().unwrap_or_default());
        }
        scalar => {
            let _ = write!(xml, "{scalar}");
        }
    }
    let _ = write!(xml, "</{name}>");
}

/// Writes a time in ISO 8601, with milliseconds if it is not a whole second.
fn write_timestamp(xml: &mut String, seconds: f64) {
    let millis = (seconds * 1000.0).round() as i128;
    // A time after the year 9999 has no text.
    let Ok(time) = OffsetDateTime::from_unix_timestamp_nanos(millis * 1_000_000) else {
        return;
    };
    let format = match millis % 1000 {
        0 => format_description!("[year]-[month]-[day]T[hour]:[minute]:[second]Z"),
        _ => format_description!(
            "[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:3]Z"
        ),
    };
    xml.push_str(&time.format(format).unwrap_or_default());
}

/// Writes text with escapes. XML 1.0 has no form for most control characters, so U+FFFD replaces them.
fn write_text(xml: &mut String, text: &str) {
    for character in text.chars() {
        match character {
            '&' => xml.push_str("&amp;"),
            '<' => xml.push_str("&lt;"),
            '>' => xml.push_str("&gt;"),
            // XML parsers read an unescaped carriage return as a line feed.
            '\r' => xml.push_str("&#13;"),
            '\t' | '\n' => xml.push(character),
            '\0'..' ' | '\u{fffe}' | '\u{ffff}' => xml.push(char::REPLACEMENT_CHARACTER),
            _ => xml.push(character),
        }
    }
}
