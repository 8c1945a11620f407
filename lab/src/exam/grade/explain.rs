//! What was expected, beside what the answer has. It is shown after the end of an exam.

use std::fmt::Write as _;

use super::{Truth, quantity};
use crate::exam::answer::Answer;
use crate::exam::times::{counted, rfc3339};

/// Lists the causes, and the root causes of the answer. `answer` is `None` if none was given.
pub fn explain(truth: &Truth, answer: Option<&Answer>) -> String {
    let mut text = String::from("Expected:\n");
    if truth.causes.is_empty() {
        text.push_str("  no fault\n");
    }
    for cause in &truth.causes {
        let (low, high) = quantity::interval(cause.touched, cause.likes);
        let (mechanism, component) = (&cause.mechanism, &cause.component);
        let (touched, likes) = (cause.touched, cause.likes);
        let percent = touched as f64 * 100.0 / likes.max(1) as f64;
        // Writing into a string cannot fail.
        let _ = writeln!(
            text,
            "  {mechanism} in {component}, since {}",
            rfc3339(cause.occurred_at)
        );
        let _ = writeln!(
            text,
            "    {touched} of {likes} likes were touched: {percent:.1} % ({low:.1} to {high:.1} % are accepted)"
        );
    }
    text.push_str("Given:\n");
    match answer {
        None => text.push_str("  no answer\n"),
        Some(answer) if !answer.detected => text.push_str("  no fault\n"),
        Some(answer) => given(&mut text, answer),
    }
    text
}

fn given(text: &mut String, answer: &Answer) {
    if answer.root_causes.is_empty() {
        text.push_str("  a fault without a root cause\n");
    }
    for cause in &answer.root_causes {
        let (mechanism, component) = (cause.mechanism.name, &cause.component);
        let time = &cause.occurrence_datetime;
        let items = counted(cause.evidence.len() as u64, "item", "items");
        let _ = writeln!(
            text,
            "  {mechanism} in {component}, since {time}, with {items} of evidence"
        );
    }
    if let Some(percent) = answer.affected_percent {
        let _ = writeln!(text, "    {percent:.1} % of the likes");
    }
}
