//! Response bodies of the query protocol.

use std::fmt::Write;

use serde_json::Value;

use crate::error::Error;

/// Returns the body of a successful response. `result` is the result of the operation as an object.
pub fn result_document(action: &str, namespace: &str, result: &Value, request_id: &str) -> String {
    let mut xml = format!("<{action}Response xmlns=\"{namespace}\">");
    write_element(&mut xml, &format!("{action}Result"), result);
    let _ = write!(
        xml,
        "<ResponseMetadata><RequestId>{request_id}</RequestId></ResponseMetadata></{action}Response>"
    );
    xml
}

/// Returns the body of an error response.
pub fn error_document(error: &Error, request_id: &str) -> String {
    let sender = if error.status.is_server_error() {
        "Receiver"
    } else {
        "Sender"
    };
    let mut xml = format!(
        "<ErrorResponse><Error><Type>{sender}</Type><Code>{}</Code>",
        error.code
    );
    write_element(&mut xml, "Message", &Value::from(&*error.message));
    let _ = write!(
        xml,
        "</Error><RequestId>{request_id}</RequestId></ErrorResponse>"
    );
    xml
}

/// Writes an element. Each item of a list is an element `member`. A null value is an absent member of a structure. An
/// object is a structure: maps and flattened lists have other elements, and no local service returns them.
fn write_element(xml: &mut String, name: &str, value: &Value) {
    if value.is_null() {
        return;
    }
    let _ = write!(xml, "<{name}>");
    match value {
        Value::Object(members) => {
            for (name, value) in members {
                write_element(xml, name, value);
            }
        }
        Value::Array(items) => {
            for item in items {
                write_element(xml, "member", item);
            }
        }
        Value::String(text) => write_text(xml, text),
        scalar => {
            let _ = write!(xml, "{scalar}");
        }
    }
    let _ = write!(xml, "</{name}>");
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
