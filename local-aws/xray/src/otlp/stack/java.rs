//! Java's stack traces: frames such as `\tat module/package.Class.method(File.java:12)`, and `Caused by:
//! Type: message` before the frames of a cause. The parser ignores suppressed exceptions.

use serde_json::Value;

use super::{CausingException, StackTrace, build_frame};

const FRAME_PREFIX: &str = "\tat ";
const CAUSE_PREFIX: &str = "Caused by: ";

/// Prefixes of lines that end the message of a cause. A frame or the next `Caused by` line also ends the
/// message.
const MESSAGE_END_PREFIXES: [&str; 2] = ["\t... ", "\tSuppressed: "];

pub fn parse_stack_trace(text: &str) -> StackTrace {
    let mut trace = StackTrace::default();
    let mut lines = text.lines().skip(1).peekable();
    while let Some(line) = lines.next() {
        if let Some(frame) = parse_frame(line) {
            let frames = match trace.causes.last_mut() {
                Some(cause) => &mut cause.frames,
                None => &mut trace.frames,
            };
            frames.push(frame);
        } else if let Some(title) = line.strip_prefix(CAUSE_PREFIX) {
            let (kind, message) = title.split_once(':').unwrap_or((title, ""));
            let mut message = message.strip_prefix(' ').unwrap_or(message).to_owned();
            while let Some(line) = lines.next_if(|line| !ends_message(line)) {
                message.push_str(line);
            }
            trace.causes.push(CausingException {
                kind: kind.to_owned(),
                message,
                frames: Vec::new(),
            });
        }
    }
    trace
}

fn ends_message(line: &str) -> bool {
    let mut prefixes = MESSAGE_END_PREFIXES.iter();
    parse_frame(line).is_some()
        || line.starts_with(CAUSE_PREFIX)
        || prefixes.any(|prefix| line.starts_with(prefix))
}

fn parse_frame(line: &str) -> Option<Value> {
    let (label, location) = line.strip_prefix(FRAME_PREFIX)?.split_once('(')?;
    let location = location.strip_suffix(')')?;
    // The name of the class loader or the module precedes a slash.
    let label = label.split_once('/').map_or(label, |(_, label)| label);
    let (path, line_number) = location.split_once(':').unwrap_or((location, ""));
    Some(build_frame(path, line_number, label))
}
