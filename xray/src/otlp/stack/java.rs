//! `\tat module/package.Class.method(File.java:12)`, and `Caused by: Type: message` before the frames of a
//! cause. Suppressed exceptions are ignored.

use serde_json::Value;

use super::{Cause, Trace, frame};

const AT: &str = "\tat ";
const CAUSED_BY: &str = "Caused by: ";

/// Starts of lines that end a message of several lines. A frame and the next cause end it, too.
const ENDS: [&str; 2] = ["\t... ", "\tSuppressed: "];

pub fn parse(text: &str) -> Trace {
    let mut trace = Trace::default();
    let mut lines = text.lines().skip(1).peekable();
    while let Some(line) = lines.next() {
        if let Some(frame) = read_frame(line) {
            trace.last_frames().push(frame);
        } else if let Some(title) = line.strip_prefix(CAUSED_BY) {
            let (kind, message) = title.split_once(':').unwrap_or((title, ""));
            let mut message = message.strip_prefix(' ').unwrap_or(message).to_owned();
            while let Some(line) = lines.next_if(|line| !ends_message(line)) {
                message.push_str(line);
            }
            trace.causes.push(Cause {
                kind: kind.to_owned(),
                message,
                frames: Vec::new(),
            });
        }
    }
    trace
}

fn ends_message(line: &str) -> bool {
    read_frame(line).is_some()
        || line.starts_with(CAUSED_BY)
        || ENDS.iter().any(|end| line.starts_with(end))
}

fn read_frame(line: &str) -> Option<Value> {
    let (label, place) = line.strip_prefix(AT)?.split_once('(')?;
    let place = place.strip_suffix(')')?;
    // The class loader or the module stands before a slash.
    let label = label.split_once('/').map_or(label, |(_, label)| label);
    let (path, line) = place.split_once(':').unwrap_or((place, ""));
    Some(frame(path, line, label))
}
