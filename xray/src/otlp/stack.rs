//! Parses the stack traces of several languages into X-Ray's frames, the innermost call first, and into the chain
//! of exceptions that caused this one.

mod java;
mod python;

use serde_json::{Value, json};

/// A stack trace.
#[derive(Debug, Default, PartialEq)]
pub struct Trace {
    /// Frames of the exception itself: `{path, line, label}`. Its type and message are in the event.
    pub frames: Vec<Value>,
    /// The exceptions that caused it. Each was caused by the next.
    pub causes: Vec<Cause>,
}

/// An exception that caused another.
#[derive(Debug, PartialEq)]
pub struct Cause {
    pub kind: String,
    pub message: String,
    pub frames: Vec<Value>,
}

impl Trace {
    /// The frames of the exception that was read last.
    fn last_frames(&mut self) -> &mut Vec<Value> {
        match self.causes.last_mut() {
            Some(cause) => &mut cause.frames,
            None => &mut self.frames,
        }
    }
}

/// Parses a stack trace of the language in `telemetry.sdk.language`. Of an unknown language, the result is empty.
pub fn parse(language: Option<&str>, text: &str) -> Trace {
    match language {
        // OpenTelemetry's SDK for PHP writes stack traces in Java's format.
        Some("java" | "php") => java::parse(text),
        Some("python") => python::parse(text),
        Some("javascript" | "nodejs" | "webjs") => flat(text, javascript),
        Some("dotnet") => flat(text, dotnet),
        Some("go") => go(text),
        _ => Trace::default(),
    }
}

fn frame(path: &str, line: &str, label: &str) -> Value {
    json!({ "path": path, "line": line.parse().unwrap_or(0), "label": label })
}

/// A message, then one frame a line. The frames of inner exceptions are not separated from the others.
fn flat(text: &str, read: fn(&str) -> Option<Value>) -> Trace {
    Trace {
        frames: text.lines().skip(1).filter_map(read).collect(),
        causes: Vec::new(),
    }
}

/// `    at function (path:12:3)` or `    at path:12:3`. The label ends with the space before the bracket.
fn javascript(line: &str) -> Option<Value> {
    let call = line.strip_prefix("    at ")?;
    let (label, place) = match call.split_once('(') {
        Some((label, place)) => (label, place.strip_suffix(')')?),
        None => ("", call),
    };
    let mut parts = place.rsplitn(3, ':');
    if let (Some(column), Some(line), Some(path)) = (parts.next(), parts.next(), parts.next())
        && [column, line].iter().all(|it| it.parse::<u32>().is_ok())
    {
        return Some(frame(path, line, label));
    }
    let is_native = place.contains("native") && !place.contains(':');
    let path = if is_native { "native" } else { place };
    Some(frame(path, "", label)).filter(|_| !(path.is_empty() && label.is_empty()))
}

/// `at Label(arguments) in path:line 12`, or without a path.
fn dotnet(line: &str) -> Option<Value> {
    let call = line.trim().strip_prefix("at ")?;
    let Some((label, rest)) = call.split_once(" in ") else {
        let end = call.rfind(')')?;
        return Some(frame("", "", &call[..=end]));
    };
    let place = rest.split(" in ").next().unwrap_or(rest);
    let (path, line) = place.rsplit_once(':').unwrap_or((place, ""));
    let number = line.strip_prefix("line ").unwrap_or(line);
    Some(frame(path, number, label))
}

/// A line with the call, then one with `path:12 +0x…`. `goroutine 1 [running]:` stands between stacks.
fn go(text: &str) -> Trace {
    let mut lines = text.lines().skip(1);
    let mut frames = Vec::new();
    let mut place = ("", "");
    while let Some(line) = lines.next() {
        let label = match is_goroutine(line) {
            true => lines.next().unwrap_or_default(),
            false => line,
        };
        if let Some(found) = lines.next().and_then(path_and_line) {
            place = found;
        }
        frames.push(frame(place.0, place.1, label));
    }
    Trace {
        frames,
        causes: Vec::new(),
    }
}

fn is_goroutine(line: &str) -> bool {
    let is_letter = |c: char| c.is_ascii_alphanumeric() || c == '_';
    line.starts_with("goroutine")
        && line.ends_with(':')
        && line.split(|c| !is_letter(c)).any(|word| word == "running")
}

/// The first `path:12` in the line.
fn path_and_line(line: &str) -> Option<(&str, &str)> {
    line.match_indices(':').find_map(|(colon, _)| {
        let start = line[..colon].rfind(|c: char| c == ':' || c.is_ascii_whitespace());
        let path = &line[start.map_or(0, |start| start + 1)..colon];
        let rest = &line[colon + 1..];
        let end = rest.find(|c: char| !c.is_ascii_digit());
        let number = &rest[..end.unwrap_or(rest.len())];
        (!path.is_empty() && !number.is_empty()).then_some((path, number))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn parsed(language: &str, text: &str) -> Vec<(String, Vec<String>)> {
        let frame = |frame: &Value| {
            let text = |key: &str| frame[key].as_str().unwrap_or_default().to_owned();
            format!("{}|{}|{}", text("path"), frame["line"], text("label"))
        };
        let frames = |frames: &[Value]| frames.iter().map(frame).collect::<Vec<_>>();
        let trace = parse(Some(language), text);
        let mut parsed = vec![(String::new(), frames(&trace.frames))];
        parsed.extend(trace.causes.iter().map(|cause| {
            let title = format!("{}|{}", cause.kind, cause.message);
            (title, frames(&cause.frames))
        }));
        parsed
    }

    fn one(title: &str, frames: &[&str]) -> (String, Vec<String>) {
        (
            title.to_owned(),
            frames.iter().map(|frame| (*frame).to_owned()).collect(),
        )
    }

    #[test]
    fn the_message_of_a_java_cause_ends_before_the_next_cause() {
        // Java prints no frames for a cause if all of them are frames of the exception above.
        let text = "shop.Failed: no order\n\tat shop.Till.pay(Till.java:12)\n\
                    Caused by: shop.Refused: the bank\nsays no\n\t... 14 more\n\
                    Caused by: java.net.SocketException:\n\tSuppressed: shop.Other: x\n\t\tat shop.A.b(A.java:1)\n\
                    Caused by: java.io.IOException: gone\n\tat shop.Bank.call(Bank.java:7)\n\t... 2 more\n";
        assert_eq!(
            parsed("java", text),
            [
                one("", &["Till.java|12|shop.Till.pay"]),
                one("shop.Refused|the banksays no", &[]),
                one("java.net.SocketException|", &[]),
                one("java.io.IOException|gone", &["Bank.java|7|shop.Bank.call"]),
            ]
        );
    }

    #[test]
    fn both_kinds_of_python_causes_are_parsed_with_messages_of_several_lines() {
        for said in [
            "The above exception was the direct cause of the following exception:",
            "During handling of the above exception, another exception occurred:",
        ] {
            // From Python 3.11 on, carets may stand below the line of code.
            let text = format!(
                "Traceback (most recent call last):\n  File \"bank.py\", line 3, in call\n    connect(host)\n    ~~~~~~~^^^^^^\n\
                 net.Refused: no answer: tried twice\n\tIs it running?\n\nAsk the bank.\n\n{said}\n\n\
                 Traceback (most recent call last):\n  File \"main.py\", line 9, in <module>\n    pay()\n\
                 shop.Failed: no order\n"
            );
            assert_eq!(
                parsed("python", &text),
                [
                    one("", &["main.py|9|<module>"]),
                    one(
                        "net.Refused|no answer: tried twice\n\tIs it running?\n\nAsk the bank.",
                        &["bank.py|3|call"]
                    ),
                ]
            );
        }
    }

    #[test]
    fn python_causes_without_a_message_or_a_traceback_are_parsed() {
        // asyncio raises exceptions without a message. `raise B from A()` never raised A.
        let text = "Traceback (most recent call last):\n  File \"a.py\", line 2, in sleep\n    return await future\n\
                    asyncio.exceptions.CancelledError\n\n\
                    During handling of the above exception, another exception occurred:\n\n\
                    shop.Refused: the bank:\n  File \"x\", line 1, in y\nsays no\n\n\
                    The above exception was the direct cause of the following exception:\n\n\
                    Traceback (most recent call last):\n  File \"b.py\", line 5, in pay\n    raise Failed from Refused(answer)\n\
                    Failed\n  File \"not a frame.py\", line 7, in z\n";
        assert_eq!(
            parsed("python", text),
            [
                one("", &["b.py|5|pay"]),
                one(
                    "shop.Refused|the bank:\n  File \"x\", line 1, in y\nsays no",
                    &[]
                ),
                one("asyncio.exceptions.CancelledError|", &["a.py|2|sleep"]),
            ]
        );
    }

    #[test]
    fn javascript_paths_with_colons_are_parsed() {
        let text = "Error: bad\n    at pay (file:///app/till.mjs:12:3)\n    at async C:\\app\\main.js:4:1\n\
                    \x20   at node:internal/main:28:49\n    at new Promise (<anonymous>)\n    at https://a.example/b.js:1:2";
        assert_eq!(
            parsed("nodejs", text),
            [one(
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
        assert_eq!(parsed("rust", text), [one("", &[])]);
    }

    proptest! {
        #[test]
        fn any_text_is_parsed_without_a_panic(
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
            parse(Some(language), &lines.join("\n"));
        }
    }
}
