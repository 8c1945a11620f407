//! `  File "path", line 12, in function`, the innermost call last. The traceback of a cause stands above that
//! of what it caused.

use serde_json::Value;

use super::{Cause, Trace, frame};

const HEADER: &str = "Traceback (most recent call last):";
const FILE: &str = "  File ";

/// Between the traceback of a cause and that of what it caused.
const LINKS: [&str; 2] = [
    "During handling of the above exception, another exception occurred:",
    "The above exception was the direct cause of the following exception:",
];

pub fn parse(text: &str) -> Trace {
    let lines: Vec<&str> = text.split('\n').collect();
    // From the last to the first: each was caused by the one above it.
    let mut tracebacks = lines.rsplit(|line| LINKS.iter().any(|link| line.starts_with(link)));
    let last = trimmed(tracebacks.next().unwrap_or_default());
    let (calls, _) = split(last);
    Trace {
        // The type and the message are in the event.
        frames: frames(if calls.is_empty() { last } else { calls }),
        causes: tracebacks.map_while(read_cause).collect(),
    }
}

/// The lines without the empty ones beside a link.
fn trimmed<'a, 'b>(lines: &'a [&'b str]) -> &'a [&'b str] {
    let lines = lines.strip_prefix(&[""]).unwrap_or(lines);
    lines.strip_suffix(&[""]).unwrap_or(lines)
}

/// The calls, and the type and message below them. An exception that was never raised has no calls.
fn split<'a, 'b>(lines: &'a [&'b str]) -> (&'a [&'b str], &'a [&'b str]) {
    let calls = match lines.first() {
        // Calls, their code and marks below the code are indented.
        Some(header) if header.starts_with(HEADER) => lines[1..]
            .iter()
            .position(|line| !line.is_empty() && !line.starts_with(' '))
            .map_or(lines.len(), |place| place + 1),
        _ => 0,
    };
    lines.split_at(calls)
}

/// The exception of a traceback. The exporter stops at a cause that it cannot parse.
fn read_cause(lines: &[&str]) -> Option<Cause> {
    let (calls, title) = split(trimmed(lines));
    let has_calls = calls.iter().any(|line| line.starts_with(FILE));
    let title = title.join("\n");
    // Python prints no colon if there is no message.
    let (kind, message) = title.split_once(':').unwrap_or((&title, ""));
    let is_kind = !kind.is_empty() && !kind.contains(char::is_whitespace);
    (is_kind && calls.is_empty() != has_calls).then(|| Cause {
        kind: kind.to_owned(),
        message: message.strip_prefix(' ').unwrap_or(message).to_owned(),
        frames: frames(calls),
    })
}

/// The frames, the innermost first.
fn frames(lines: &[&str]) -> Vec<Value> {
    let lines = lines.iter().rev();
    lines
        .filter_map(|line| line.strip_prefix(FILE).and_then(read_frame))
        .collect()
}

/// `"path", line 12, in function`.
fn read_frame(text: &str) -> Option<Value> {
    let parts: Vec<&str> = text.split(',').collect();
    let [path, line, label] = *parts else {
        return None;
    };
    let path = path.strip_prefix('"')?.strip_suffix('"')?;
    let line = line.strip_prefix(" line ").unwrap_or_default();
    Some(frame(
        path,
        line,
        label.strip_prefix(" in ").unwrap_or_default(),
    ))
}
