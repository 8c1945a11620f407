//! Parses stack traces of several languages into X-Ray's stack frames, innermost call first, and into the chain of
//! causing exceptions.

mod java;
mod python;

use serde_json::{Value, json};

/// A parsed stack trace of an exception.
#[derive(Debug, Default, PartialEq)]
pub struct StackTrace {
    /// Frames of the exception as `{path, line, label}`.
    pub frames: Vec<Value>,
    /// The chain of causing exceptions. The first element caused the exception, and each further element
    /// caused the previous element.
    pub causes: Vec<CausingException>,
}

/// An exception that caused another exception.
#[derive(Debug, PartialEq)]
pub struct CausingException {
    pub kind: String,
    pub message: String,
    pub frames: Vec<Value>,
}

/// Parses the value of `exception.stacktrace`. `language` is the value of `telemetry.sdk.language`. For an
/// unknown language, the function returns an empty stack trace.
pub fn parse_stack_trace(language: Option<&str>, text: &str) -> StackTrace {
    match language {
        // OpenTelemetry's SDK for PHP writes stack traces in Java's format.
        Some("java" | "php") => java::parse_stack_trace(text),
        Some("python") => python::parse_stack_trace(text),
        Some("javascript" | "nodejs" | "webjs") => parse_lines(text, parse_javascript_frame),
        Some("dotnet") => parse_lines(text, parse_dotnet_frame),
        Some("go") => parse_go(text),
        _ => StackTrace::default(),
    }
}

fn build_frame(path: &str, line: &str, label: &str) -> Value {
    json!({ "path": path, "line": line.parse().unwrap_or(0), "label": label })
}

/// Parses a message line followed by one frame per line. The returned list of frames includes the frames of
/// inner exceptions.
fn parse_lines(text: &str, parse_frame: fn(&str) -> Option<Value>) -> StackTrace {
    StackTrace {
        frames: text.lines().skip(1).filter_map(parse_frame).collect(),
        causes: Vec::new(),
    }
}

/// Parses `    at function (path:12:3)` or `    at path:12:3`. The label includes the space before the
/// parenthesis, like the exporter's labels.
fn parse_javascript_frame(line: &str) -> Option<Value> {
    let call = line.strip_prefix("    at ")?;
    let (label, location) = match call.split_once('(') {
        Some((label, location)) => (label, location.strip_suffix(')')?),
        None => ("", call),
    };
    let mut parts = location.rsplitn(3, ':');
    if let (Some(column), Some(line), Some(path)) = (parts.next(), parts.next(), parts.next())
        && [column, line]
            .iter()
            .all(|number| number.parse::<u32>().is_ok())
    {
        return Some(build_frame(path, line, label));
    }
    let is_native = location.contains("native") && !location.contains(':');
    let path = if is_native { "native" } else { location };
    if path.is_empty() && label.is_empty() {
        return None;
    }
    Some(build_frame(path, "", label))
}

/// Parses `at Label(arguments) in path:line 12`, or `at Label(arguments)`.
fn parse_dotnet_frame(line: &str) -> Option<Value> {
    let call = line.trim().strip_prefix("at ")?;
    let Some((label, after_label)) = call.split_once(" in ") else {
        let end = call.rfind(')')?;
        return Some(build_frame("", "", &call[..=end]));
    };
    let location = after_label.split(" in ").next().unwrap_or(after_label);
    let (path, line) = location.rsplit_once(':').unwrap_or((location, ""));
    let line_number = line.strip_prefix("line ").unwrap_or(line);
    Some(build_frame(path, line_number, label))
}

/// Parses pairs of lines. The first line of a pair contains a call, and the second line contains the location
/// of the call, such as `path:12 +0x…`. A line such as `goroutine 1 [running]:` precedes the stack of each
/// goroutine.
fn parse_go(text: &str) -> StackTrace {
    let mut lines = text.lines().skip(1);
    let mut frames = Vec::new();
    let mut location = ("", "");
    while let Some(line) = lines.next() {
        let label = if is_goroutine_header(line) {
            lines.next().unwrap_or_default()
        } else {
            line
        };
        // If the second line of a pair has no location, the frame gets the location of the previous frame, as
        // in the collector's exporter.
        if let Some(next_location) = lines.next().and_then(find_path_and_line) {
            location = next_location;
        }
        frames.push(build_frame(location.0, location.1, label));
    }
    StackTrace {
        frames,
        causes: Vec::new(),
    }
}

fn is_goroutine_header(line: &str) -> bool {
    let is_word_character = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let mut words = line.split(|c| !is_word_character(c));
    line.starts_with("goroutine") && line.ends_with(':') && words.any(|word| word == "running")
}

/// Returns the path and the line number of the first location such as `path:12` in `line`.
fn find_path_and_line(line: &str) -> Option<(&str, &str)> {
    line.match_indices(':').find_map(|(colon, _)| {
        let start = line[..colon].rfind(|c: char| c == ':' || c.is_ascii_whitespace());
        let path = &line[start.map_or(0, |start| start + 1)..colon];
        let after_colon = &line[colon + 1..];
        let digits_end = after_colon.find(|c: char| !c.is_ascii_digit());
        let line_number = &after_colon[..digits_end.unwrap_or(after_colon.len())];
        (!path.is_empty() && !line_number.is_empty()).then_some((path, line_number))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Parses `text` and formats each exception as `type|message` (empty for the first exception) and its
    /// frames as `path|line|label`.
    fn parse_and_format(language: &str, text: &str) -> Vec<(String, Vec<String>)> {
        let format_frame = |frame: &Value| {
            let text = |key: &str| frame[key].as_str().unwrap_or_default().to_owned();
            format!("{}|{}|{}", text("path"), frame["line"], text("label"))
        };
        let format_frames = |frames: &[Value]| frames.iter().map(format_frame).collect::<Vec<_>>();
        let trace = parse_stack_trace(Some(language), text);
        let mut exceptions = vec![(String::new(), format_frames(&trace.frames))];
        exceptions.extend(trace.causes.iter().map(|cause| {
            let title = format!("{}|{}", cause.kind, cause.message);
            (title, format_frames(&cause.frames))
        }));
        exceptions
    }

    fn exception(title: &str, frames: &[&str]) -> (String, Vec<String>) {
        (
            title.to_owned(),
            frames.iter().map(|frame| (*frame).to_owned()).collect(),
        )
    }

    #[test]
    fn the_message_of_a_java_cause_ends_before_the_next_line_of_the_stack_trace() {
        // Java prints no frames for a causing exception if the previously printed exception contains all
        // frames of the causing exception.
        let text = "shop.Failed: no order\n\tat shop.Till.pay(Till.java:12)\n\
                    Caused by: shop.Refused: the bank\nsays no\n\t... 14 more\n\
                    Caused by: java.net.SocketException:\n\tSuppressed: shop.Other: x\n\t\tat shop.A.b(A.java:1)\n\
                    Caused by: java.io.IOException: gone\n\tat shop.Bank.call(Bank.java:7)\n\t... 2 more\n";
        assert_eq!(
            parse_and_format("java", text),
            [
                exception("", &["Till.java|12|shop.Till.pay"]),
                exception("shop.Refused|the banksays no", &[]),
                exception("java.net.SocketException|", &[]),
                exception("java.io.IOException|gone", &["Bank.java|7|shop.Bank.call"]),
            ]
        );
    }

    #[test]
    fn the_cause_of_a_python_exception_is_the_exception_from_which_or_during_which_it_was_raised() {
        for separator in [
            "The above exception was the direct cause of the following exception:",
            "During handling of the above exception, another exception occurred:",
        ] {
            // Python 3.11 and later may print carets below the line of code.
            let text = format!(
                "Traceback (most recent call last):\n  File \"bank.py\", line 3, in call\n    connect(host)\n    ~~~~~~~^^^^^^\n\
                 net.Refused: no answer: tried twice\n\tIs it running?\n\nAsk the bank.\n\n{separator}\n\n\
                 Traceback (most recent call last):\n  File \"main.py\", line 9, in <module>\n    pay()\n\
                 shop.Failed: no order\n"
            );
            assert_eq!(
                parse_and_format("python", &text),
                [
                    exception("", &["main.py|9|<module>"]),
                    exception(
                        "net.Refused|no answer: tried twice\n\tIs it running?\n\nAsk the bank.",
                        &["bank.py|3|call"]
                    ),
                ]
            );
        }
    }

    #[test]
    fn a_python_cause_without_a_message_or_without_a_traceback_is_parsed() {
        // The Python module asyncio raises exceptions without a message. For `raise B from A()`, Python
        // prints no traceback for the exception A.
        let text = "Traceback (most recent call last):\n  File \"a.py\", line 2, in sleep\n    return await future\n\
                    asyncio.exceptions.CancelledError\n\n\
                    During handling of the above exception, another exception occurred:\n\n\
                    shop.Refused: the bank:\n  File \"x\", line 1, in y\nsays no\n\n\
                    The above exception was the direct cause of the following exception:\n\n\
                    Traceback (most recent call last):\n  File \"b.py\", line 5, in pay\n    raise Failed from Refused(answer)\n\
                    Failed\n  File \"not a frame.py\", line 7, in z\n";
        assert_eq!(
            parse_and_format("python", text),
            [
                exception("", &["b.py|5|pay"]),
                exception(
                    "shop.Refused|the bank:\n  File \"x\", line 1, in y\nsays no",
                    &[]
                ),
                exception("asyncio.exceptions.CancelledError|", &["a.py|2|sleep"]),
            ]
        );
    }

    #[test]
    fn a_javascript_frame_may_have_a_path_with_colons() {
        let text = "Error: bad\n    at pay (file:///app/till.mjs:12:3)\n    at async C:\\app\\main.js:4:1\n\
                    \x20   at node:internal/main:28:49\n    at new Promise (<anonymous>)\n    at https://a.example/b.js:1:2";
        assert_eq!(
            parse_and_format("nodejs", text),
            [exception(
                "",
                &[
                    "file:///app/till.mjs|12|pay ",
                    "async C:\\app\\main.js|4|",
                    "node:internal/main|28|",
                    "<anonymous>|0|new Promise ",
                    "https://a.example/b.js|1|",
                ]
            )]
        );
        assert_eq!(parse_and_format("rust", text), [exception("", &[])]);
    }

    proptest! {
        #[test]
        fn parsing_a_stack_trace_of_any_text_does_not_panic(
            lines in proptest::collection::vec(
                prop_oneof![
                    "[ -~é\t:()\",]{0,40}",
                    proptest::sample::select(&[
                        "\tat a/b.C.d(E.java:1)", "Caused by: A:", "Caused by: A: b", "\t... 1 more",
                        "  File \"a.py\", line 1, in b", "  File ", "  File é", "During handling of the above exception, another exception occurred:",
                        "    at a (b:1:2)", "   at A.B() in c:line", "goroutine 1 [running]:", "a.go:1 +0x1", "é:1",
                    ][..]).prop_map(str::to_owned),
                ],
                0..12,
            ),
            language in proptest::sample::select(&["java", "python", "nodejs", "dotnet", "go"][..]),
        ) {
            parse_stack_trace(Some(language), &lines.join("\n"));
        }
    }
}
