//! What people read about exams. The lab sends the same as JSON.

use std::fmt::Write as _;

use serde_json::Value;

const NOT_GRADED: &str =
    "Mitigation is not graded in this exam: no AWS operation of the lab ends the trouble.";

/// Columns of a paragraph.
const WIDTH: usize = 100;

/// The answer of `list`.
pub fn list(listing: &Value) -> String {
    let mut text = String::new();
    for exam in items(&listing["exams"]) {
        let minutes = &exam["time_limit_minutes"];
        line(
            &mut text,
            &format!("{} (at most {minutes} minutes)", str(&exam["id"])),
        );
        paragraph(&mut text, "    ", str(&exam["statement"]));
    }
    line(
        &mut text,
        "\nThe vocabulary of answers: each fault_mechanism, its component in parentheses, and its definition",
    );
    for term in items(&listing["mechanisms"]) {
        line(
            &mut text,
            &format!("{} ({})", str(&term["name"]), str(&term["component"])),
        );
        paragraph(&mut text, "    ", str(&term["definition"]));
    }
    line(
        &mut text,
        "\n`exam start ID` starts one. docs/exams.md describes exams and answers.",
    );
    text
}

/// The answer of `start`.
pub fn started(status: &Value) -> String {
    let mut text = self::status(status);
    line(
        &mut text,
        "\nThe lab was reset, and its tasks are replaced. Then customers come. Look around with the AWS CLI or the console.\n\
         `exam status` says when answers are accepted, `exam submit FILE` hands one in, `exam hint` helps, `exam stop` ends the exam.",
    );
    text
}

/// The answer of `status`.
pub fn status(status: &Value) -> String {
    let mut text = String::new();
    match str(&status["state"]) {
        "running" => running(&mut text, status),
        "ended" => {
            line(&mut text, "No exam runs. The last one:");
            text += &result(status);
        }
        _ => line(&mut text, "No exam runs. `exam list` shows the exams."),
    }
    text
}

fn running(text: &mut String, status: &Value) {
    let minutes = status["seconds_left"].as_f64().unwrap_or_default() / 60.0;
    let exam = str(&status["exam"]);
    let started = str(&status["started"]);
    line(
        text,
        &format!("Exam {exam}, started {started}, {minutes:.0} minutes left"),
    );
    paragraph(text, "    ", str(&status["statement"]));
    let customers = &status["customers"];
    if let Some(likes) = customers["likes"].as_u64() {
        let succeeded = &customers["succeeded"];
        let p95 = customers["p95_ms"].as_f64().unwrap_or_default();
        line(
            text,
            &format!(
                "Customers, from 12 to 2 seconds ago: {succeeded} of {likes} likes succeeded, 95 % were answered within {p95:.0} ms"
            ),
        );
    }
    if let Some(warning) = status["warning"].as_str() {
        line(text, warning);
    }
    let answers = match (status["answers_from"].as_str(), &status["accepts_answers"]) {
        (None, _) => {
            let minutes = status["answers_after_seconds"].as_f64().unwrap_or_default() / 60.0;
            format!(
                "The exam is being prepared: its tasks start. Answers are accepted about {minutes:.0} minutes after that."
            )
        }
        (Some(_), Value::Bool(true)) => "Answers are accepted.".to_owned(),
        (Some(from), _) => format!("Answers are accepted from {from}."),
    };
    line(text, &answers);
    line(
        text,
        &format!("Hints: {} of {}", status["hints_used"], status["hints"]),
    );
    if let Some(failure) = status["failure"].as_str() {
        line(text, &format!("The exam cannot go on: {failure}"));
    }
    section(text, "Grade", &status["grade"], "categories");
    if !status["grade"].is_null() && status["mitigation"].is_null() {
        line(text, NOT_GRADED);
    }
    section(text, "Mitigation so far", &status["mitigation"], "checks");
}

/// The answer of `hint`.
pub fn hint(hint: &Value) -> String {
    let mut text = String::new();
    line(
        &mut text,
        &format!("Hint {} of {}:", hint["number"], hint["hints"]),
    );
    paragraph(&mut text, "    ", str(&hint["hint"]));
    if hint["number"] == hint["hints"] {
        line(&mut text, "There are no more hints.");
    }
    text
}

/// The answer of `submit`.
pub fn graded(grade: &Value) -> String {
    let mut text = String::new();
    section(&mut text, "Grade", grade, "categories");
    line(
        &mut text,
        "\nThe customers still come. If something is wrong, end it if you can: `exam status` shows the points of the mitigation so far. `exam stop` ends the exam.",
    );
    text
}

/// The answer of `stop`.
pub fn result(result: &Value) -> String {
    let mut text = String::new();
    line(
        &mut text,
        &format!(
            "Exam {}, hints before the answer: {}",
            str(&result["exam"]),
            result["hints_used"]
        ),
    );
    if let Some(failure) = result["failure"].as_str() {
        line(&mut text, &format!("The exam could not go on: {failure}"));
    }
    match result["grade"].is_null() {
        true => line(&mut text, "No answer was handed in."),
        false => section(&mut text, "Grade", &result["grade"], "categories"),
    }
    match result["mitigation"].is_null() {
        true if result["accepted_answers"] == false => {
            line(&mut text, "The exam ended before answers were accepted.");
        }
        true => line(&mut text, NOT_GRADED),
        false => section(&mut text, "Mitigation", &result["mitigation"], "checks"),
    }
    if result["kept"] == true {
        line(
            &mut text,
            "The lab stays as it is, so that you can try the commands of `exam explain`. `reset` brings it back to its start.",
        );
    } else if result["accepted_answers"] == true {
        line(&mut text, "`exam explain` shows what was expected.");
    }
    text
}

/// The answer of `explain`.
pub fn explanation(explanation: &Value) -> String {
    let mut text = format!(
        "Exam {}, seed {}\n\n",
        str(&explanation["exam"]),
        explanation["seed"]
    );
    text += str(&explanation["comparison"]);
    if !explanation["parameters"].is_null() {
        line(
            &mut text,
            &format!("What was changed: {}", explanation["parameters"]),
        );
    }
    section(&mut text, "\nGrade", &explanation["grade"], "categories");
    section(
        &mut text,
        "\nMitigation",
        &explanation["mitigation"],
        "checks",
    );
    for (title, member) in [
        ("How to find it", "how_to_find"),
        ("What ends it", "how_to_mitigate"),
    ] {
        if let Some(words) = explanation[member].as_str() {
            line(&mut text, &format!("\n{title}:\n\n{}", words.trim()));
        }
    }
    let has_commands = explanation["expected"]["detected"] == true;
    if has_commands && explanation["kept"] == false {
        line(
            &mut text,
            "\nThe lab is back at its start. To try these commands, end an exam with `exam stop --keep`.",
        );
    }
    text
}

/// Points with their reasons.
fn section(text: &mut String, title: &str, graded: &Value, list: &str) {
    if graded.is_null() {
        return;
    }
    if let Some(error) = graded["harness_error"].as_str() {
        line(
            text,
            &format!("{title}: could not be graded; this is neither a pass nor a failure: {error}"),
        );
        return;
    }
    line(text, &format!("{title}: {} of 100", graded["total"]));
    if let Some(why) = graded["disqualified"].as_str() {
        line(text, &format!("  {why}"));
    }
    for category in items(&graded[list]) {
        let points = format!("{} of {}", category["points"], category["maximum"]);
        line(
            text,
            &format!(
                "  {:<14} {points:>12}  {}",
                str(&category["name"]),
                str(&category["reason"])
            ),
        );
    }
}

fn line(text: &mut String, line: &str) {
    // Writing into a string cannot fail.
    let _ = writeln!(text, "{line}");
}

/// Breaks lines between words.
fn paragraph(text: &mut String, indent: &str, words: &str) {
    let mut row = String::new();
    for word in words.split_whitespace() {
        if !row.is_empty() && row.len() + 1 + word.len() > WIDTH - indent.len() {
            line(text, &format!("{indent}{row}"));
            row.clear();
        }
        if !row.is_empty() {
            row.push(' ');
        }
        row.push_str(word);
    }
    line(text, &format!("{indent}{row}"));
}

fn items(list: &Value) -> impl Iterator<Item = &Value> {
    list.as_array().into_iter().flatten()
}

fn str(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}
