//! Stack traces, as the languages print them, taken apart into X-Ray's frames: the innermost call first, and
//! the exceptions that caused this one.

use serde_json::{Value, json};

/// An exception of a stack trace.
#[derive(Debug, Default, PartialEq)]
pub struct Thrown {
    /// Type and message of a cause; the first one is the exception itself, which the event names.
    pub title: Option<(String, String)>,
    /// `{path, line, label}` each.
    pub frames: Vec<Value>,
}

/// Takes a stack trace apart. Languages that are not known leave one exception without frames.
pub fn parse(language: Option<&str>, text: &str) -> Vec<Thrown> {
    match language {
        Some("java" | "php") => java(text),
        Some("python") => python(text),
        Some("javascript" | "nodejs" | "webjs") => flat(text, javascript),
        Some("dotnet") => flat(text, dotnet),
        Some("go") => go(text),
        _ => vec![Thrown::default()],
    }
}

fn frame(path: &str, line: &str, label: &str) -> Value {
    json!({ "path": path, "line": line.trim().parse().unwrap_or(0), "label": label })
}

fn flat(text: &str, read: fn(&str) -> Option<Value>) -> Vec<Thrown> {
    vec![Thrown {
        title: None,
        frames: text.lines().filter_map(read).collect(),
    }]
}

fn title(text: &str) -> (String, String) {
    let (kind, message) = text.split_once(':').unwrap_or((text, ""));
    (kind.trim().to_owned(), message.trim().to_owned())
}

/// `at module/package.Class.method(File.java:12)`, and `Caused by: Type: message` before those of a cause.
fn java(text: &str) -> Vec<Thrown> {
    let mut thrown = vec![Thrown::default()];
    for line in text.lines() {
        if let Some(cause) = line.strip_prefix("Caused by: ") {
            thrown.push(Thrown {
                title: Some(title(cause)),
                frames: Vec::new(),
            });
        } else if let Some(call) = line.trim_start().strip_prefix("at ")
            && let Some((label, place)) = call
                .trim_end()
                .strip_suffix(')')
                .and_then(|it| it.split_once('('))
            && let Some(last) = thrown.last_mut()
        {
            let label = label.rsplit_once('/').map_or(label, |(_, label)| label);
            let (path, line) = place.rsplit_once(':').unwrap_or((place, ""));
            last.frames.push(frame(path, line, label));
        }
    }
    thrown
}

/// `File "path", line 12, in function`, the innermost last; what came before is told above.
fn python(text: &str) -> Vec<Thrown> {
    let links = [
        "During handling of the above exception, another exception occurred:",
        "The above exception was the direct cause of the following exception:",
    ];
    let mut blocks = vec![Vec::new()];
    for line in text.lines() {
        match links.contains(&line.trim()) {
            true => blocks.push(Vec::new()),
            false => blocks
                .iter_mut()
                .last()
                .into_iter()
                .for_each(|block| block.push(line)),
        }
    }
    let thrown = blocks.iter().rev().enumerate().map(|(depth, block)| {
        let lines = block.iter().rev();
        let said = lines
            .clone()
            .find(|line| !line.is_empty() && !line.starts_with(' '));
        Thrown {
            title: said.filter(|_| depth > 0).map(|said| title(said)),
            frames: lines.filter_map(|line| python_frame(line)).collect(),
        }
    });
    thrown.collect()
}

fn python_frame(line: &str) -> Option<Value> {
    let (path, rest) = line
        .trim_start()
        .strip_prefix("File \"")?
        .split_once("\", line ")?;
    let (line, label) = rest.split_once(", in ").unwrap_or((rest, ""));
    Some(frame(path, line, label))
}

/// `at function (path:12:3)` or `at path:12:3`.
fn javascript(line: &str) -> Option<Value> {
    let call = line.trim_start().strip_prefix("at ")?;
    let (label, place) = match call
        .strip_suffix(')')
        .and_then(|call| call.rsplit_once(" ("))
    {
        Some(parts) => parts,
        None => ("", call),
    };
    let mut parts = place.rsplitn(3, ':');
    let (_column, line, path) = (parts.next()?, parts.next(), parts.next());
    Some(frame(
        path.unwrap_or(place),
        line.unwrap_or_default(),
        label,
    ))
}

/// `at Label(arguments) in path:line 12`.
fn dotnet(line: &str) -> Option<Value> {
    let call = line.trim_start().strip_prefix("at ")?;
    let Some((label, place)) = call.split_once(" in ") else {
        return Some(frame("", "", call));
    };
    let (path, line) = place.rsplit_once(":line ").unwrap_or((place, ""));
    Some(frame(path, line, label))
}

/// A line with the call, and one with `path:12 +0x…`.
fn go(text: &str) -> Vec<Thrown> {
    let mut frames = Vec::new();
    let mut label = "";
    for line in text.lines() {
        match line.strip_prefix('\t') {
            None => label = line,
            Some(place) => {
                let place = place.split(' ').next().unwrap_or_default();
                let (path, line) = place.rsplit_once(':').unwrap_or((place, ""));
                frames.push(frame(path, line, label));
            }
        }
    }
    vec![Thrown {
        title: None,
        frames,
    }]
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn told(language: &str, text: &str) -> Vec<(String, Vec<String>)> {
        let thrown = parse(Some(language), text).into_iter().map(|thrown| {
            let frame = |frame: &Value| {
                let text = |key: &str| frame[key].as_str().unwrap_or_default().to_owned();
                format!("{}|{}|{}", text("path"), frame["line"], text("label"))
            };
            let title = thrown
                .title
                .map(|(kind, message)| format!("{kind}|{message}"));
            (
                title.unwrap_or_default(),
                thrown.frames.iter().map(frame).collect(),
            )
        });
        thrown.collect()
    }

    fn one(title: &str, frames: &[&str]) -> (String, Vec<String>) {
        (
            title.to_owned(),
            frames.iter().map(|frame| (*frame).to_owned()).collect(),
        )
    }

    #[test]
    fn each_language_is_taken_apart() {
        let java = "java.lang.IllegalState: bad\n\tat app//shop.Till.pay(Till.java:12)\n\tat shop.Main.main(Main.java)\n\
                    Caused by: java.io.IOException: gone\n\tat shop.Bank.call(Bank.java:7)\n\t... 2 more\n";
        assert_eq!(
            told("java", java),
            [
                one(
                    "",
                    &["Till.java|12|shop.Till.pay", "Main.java|0|shop.Main.main"]
                ),
                one("java.io.IOException|gone", &["Bank.java|7|shop.Bank.call"]),
            ]
        );
        let python = "Traceback (most recent call last):\n  File \"bank.py\", line 3, in call\n    raise KeyError(1)\nKeyError: 1\n\n\
                      During handling of the above exception, another exception occurred:\n\n\
                      Traceback (most recent call last):\n  File \"main.py\", line 9, in <module>\n    pay()\n  File \"till.py\", line 5, in pay\n    call()\nValueError: bad\n";
        assert_eq!(
            told("python", python),
            [
                one("", &["till.py|5|pay", "main.py|9|<module>"]),
                one("KeyError|1", &["bank.py|3|call"]),
            ]
        );
        let node = "Error: bad\n    at pay (/app/till.js:12:3)\n    at /app/main.js:4:1\n    at new Promise (<anonymous>)";
        assert_eq!(
            told("nodejs", node),
            [one(
                "",
                &[
                    "/app/till.js|12|pay",
                    "/app/main.js|4|",
                    "<anonymous>|0|new Promise"
                ]
            )]
        );
        let dotnet = "System.Exception: bad\n   at Shop.Till.Pay(Int32 sum) in /app/Till.cs:line 12\n   at Shop.Main()";
        assert_eq!(
            told("dotnet", dotnet),
            [one(
                "",
                &["/app/Till.cs|12|Shop.Till.Pay(Int32 sum)", "|0|Shop.Main()"]
            )]
        );
        let go = "goroutine 1 [running]:\nmain.pay(0x1)\n\t/app/till.go:12 +0x1d\nmain.main()\n\t/app/main.go:4 +0x2";
        assert_eq!(
            told("go", go),
            [one(
                "",
                &[
                    "/app/till.go|12|main.pay(0x1)",
                    "/app/main.go|4|main.main()"
                ]
            )]
        );
        assert_eq!(told("rust", "anything"), [one("", &[])]);
    }

    proptest! {
        #[test]
        fn any_text_is_taken_apart(text in "[ -~\n\t:()\"]{0,200}", language in 0_usize..5) {
            let language = ["java", "python", "nodejs", "dotnet", "go"][language];
            prop_assert!(!parse(Some(language), &text).is_empty());
        }
    }
}
