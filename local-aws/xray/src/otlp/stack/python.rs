//! Python's tracebacks: frames such as `  File "path", line 12, in function`, innermost call last. Python
//! prints the traceback of a causing exception before the traceback of the caused exception.

use serde_json::Value;

use super::{CausingException, StackTrace, build_frame};

const TRACEBACK_HEADER: &str = "Traceback (most recent call last):";
const FRAME_PREFIX: &str = "  File ";

/// Lines that separate the traceback of a causing exception from the traceback of the caused exception.
const CAUSE_SEPARATORS: [&str; 2] = [
    "During handling of the above exception, another exception occurred:",
    "The above exception was the direct cause of the following exception:",
];

pub fn parse_stack_trace(text: &str) -> StackTrace {
    let lines: Vec<&str> = text.split('\n').collect();
    let is_separator = |line: &&str| {
        let mut separators = CAUSE_SEPARATORS.iter();
        separators.any(|separator| line.starts_with(separator))
    };
    // The exception of each traceback caused the exception of the next traceback. The last traceback belongs
    // to the recorded exception.
    let mut tracebacks = lines.rsplit(is_separator);
    let last_traceback = trim_empty_lines(tracebacks.next().unwrap_or_default());
    let (call_lines, _) = split_calls_and_title(last_traceback);
    StackTrace {
        frames: parse_frames(if call_lines.is_empty() {
            last_traceback
        } else {
            call_lines
        }),
        // If a causing exception cannot be parsed, the list omits the exception and all causes of the
        // exception, as in the collector's exporter.
        causes: tracebacks.map_while(parse_cause).collect(),
    }
}

/// Removes an empty first line and an empty last line. Python prints an empty line before and after each
/// separator.
fn trim_empty_lines<'a, 'b>(lines: &'a [&'b str]) -> &'a [&'b str] {
    let lines = lines.strip_prefix(&[""]).unwrap_or(lines);
    lines.strip_suffix(&[""]).unwrap_or(lines)
}

/// Splits a traceback into the lines of its calls and the lines of its title. The title of a traceback
/// contains the type and the message of the exception. The traceback of an exception that was never raised
/// contains no calls.
fn split_calls_and_title<'a, 'b>(lines: &'a [&'b str]) -> (&'a [&'b str], &'a [&'b str]) {
    let has_header = lines
        .first()
        .is_some_and(|line| line.starts_with(TRACEBACK_HEADER));
    if !has_header {
        return lines.split_at(0);
    }
    // The lines of calls, of source code and of the marks below the source code are indented.
    let is_title = |line: &&str| !line.is_empty() && !line.starts_with(' ');
    let title_index = lines[1..].iter().position(is_title);
    lines.split_at(title_index.map_or(lines.len(), |index| index + 1))
}

/// Parses the traceback of a cause. Returns `None` if the lines are not in the format of a traceback.
fn parse_cause(lines: &[&str]) -> Option<CausingException> {
    let (call_lines, title_lines) = split_calls_and_title(trim_empty_lines(lines));
    let has_calls = call_lines.iter().any(|line| line.starts_with(FRAME_PREFIX));
    let title = title_lines.join("\n");
    // Python prints no colon after the type if the exception has no message.
    let (kind, message) = title.split_once(':').unwrap_or((&title, ""));
    let is_type_name = !kind.is_empty() && !kind.contains(char::is_whitespace);
    (is_type_name && call_lines.is_empty() != has_calls).then(|| CausingException {
        kind: kind.to_owned(),
        message: message.strip_prefix(' ').unwrap_or(message).to_owned(),
        frames: parse_frames(call_lines),
    })
}

/// Parses the lines that are frames, and returns the innermost frame first.
fn parse_frames(lines: &[&str]) -> Vec<Value> {
    let lines = lines.iter().rev();
    lines
        .filter_map(|line| line.strip_prefix(FRAME_PREFIX).and_then(parse_frame))
        .collect()
}

/// Parses `"path", line 12, in function`.
fn parse_frame(text: &str) -> Option<Value> {
    let parts: Vec<&str> = text.split(',').collect();
    let [path, line_number, label] = *parts else {
        return None;
    };
    let path = path.strip_prefix('"')?.strip_suffix('"')?;
    let line_number = line_number.strip_prefix(" line ").unwrap_or_default();
    let label = label.strip_prefix(" in ").unwrap_or_default();
    Some(build_frame(path, line_number, label))
}
