//! `  File "path", line 12, in function`, the innermost call last. The traceback of a cause stands above that
//! of what it caused.

use serde_json::Value;

use super::{Cause, Trace, frame};

const FILE: &str = "  File ";

/// Between the traceback of a cause and that of what it caused.
const LINKS: [&str; 2] = [
    "During handling of the above exception, another exception occurred:",
    "The above exception was the direct cause of the following exception:",
];

pub fn parse(text: &str) -> Trace {
    let mut trace = Trace::default();
    let lines: Vec<&str> = text.split('\n').collect();
    // The last line is the type and message of the exception, which are in the event.
    let mut end = lines.len().saturating_sub(1);
    while let Some(last) = end.checked_sub(1) {
        end = last;
        if let Some(frame) = lines[last].strip_prefix(FILE).and_then(read_frame) {
            trace.last_frames().push(frame);
        } else if LINKS.iter().any(|link| lines[last].starts_with(link)) {
            // The exporter stops at a cause that it cannot parse.
            let Some((cause, frames_end)) = read_cause(&lines[..last]) else {
                break;
            };
            trace.causes.push(cause);
            end = frames_end;
        }
    }
    trace
}

/// The exception of a traceback, and where its frames end.
fn read_cause(lines: &[&str]) -> Option<(Cause, usize)> {
    // An empty line stands before the link.
    let (_, lines) = lines.split_last()?;
    let frame = lines.iter().rposition(|line| line.starts_with(FILE))?;
    let below = &lines[frame + 1..];
    // The line of code is indented, and so are carets below it.
    let start = below.iter().position(|line| !line.starts_with(' '))?;
    let title = below[start..].join("\n");
    let (kind, message) = title.split_once(':')?;
    let cause = Cause {
        kind: kind.to_owned(),
        message: message.strip_prefix(' ').unwrap_or(message).to_owned(),
        frames: Vec::new(),
    };
    Some((cause, frame + 1))
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
