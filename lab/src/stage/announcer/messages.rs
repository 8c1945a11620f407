//! The messages of ECS in the form in which the terminal shows them. Pure.

/// Beginnings of messages that accompany other lines about the same change.
const ACCOMPANYING: [&str; 7] = [
    "deregistered ",
    "has begun draining connections ",
    "has reached a steady state",
    "has started ",
    "has stopped ",
    "registered ",
    "stopped ",
];

/// What a message is about.
#[derive(Debug, PartialEq, Eq)]
pub enum Subject<'a> {
    Service,
    /// The task with this id.
    Task(&'a str),
}

/// The subject and the text of a message. `None` if other lines say the same.
pub fn shorten(message: &str) -> Option<(Subject<'_>, String)> {
    // The message begins with `(service <name>) ` or `(service <name>, taskSet <id>) `.
    let (_, message) = message.split_once(") ")?;
    if ACCOMPANYING.iter().any(|it| message.starts_with(it)) {
        return None;
    }
    let message = message.trim_end_matches('.');
    if let Some((id, text)) = parenthesis(message, "(deployment ") {
        let text = text.strip_prefix("deployment ").unwrap_or(text);
        return Some((Subject::Service, format!("deployment {id} {text}")));
    }
    let Some((id, text)) = parenthesis(message, "(task ") else {
        return Some((Subject::Service, message.to_owned()));
    };
    let text = match text.split_once(" due to (reason ") {
        Some((_, reason)) => format!("is unhealthy: {}", reason.trim_end_matches(')')),
        None => text.to_owned(),
    };
    Some((Subject::Task(id), text))
}

/// The text in a parenthesis at the beginning of a message, and what follows it.
fn parenthesis<'a>(message: &'a str, opening: &str) -> Option<(&'a str, &'a str)> {
    message.strip_prefix(opening)?.split_once(") ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_short_and_those_that_say_nothing_new_are_left_out() {
        let service = |text: &str| Some((Subject::Service, text.to_owned()));
        let task = |text: &str| Some((Subject::Task("0a"), text.to_owned()));
        for (message, expected) in [
            (
                "(deployment ecs-svc/1) deployment completed.",
                service("deployment ecs-svc/1 completed"),
            ),
            (
                "(deployment ecs-svc/1) deployment failed: tasks failed to start.",
                service("deployment ecs-svc/1 failed: tasks failed to start"),
            ),
            (
                "rolling back to deployment ecs-svc/1.",
                service("rolling back to deployment ecs-svc/1"),
            ),
            (
                "(task 0a) (port 8080) is unhealthy in (target-group arn:x) due to (reason Health checks failed with these codes: [503]).",
                task("is unhealthy: Health checks failed with these codes: [503]"),
            ),
            (
                "(task 0a) failed container health checks.",
                task("failed container health checks"),
            ),
            (
                "is unable to consistently start tasks successfully.",
                service("is unable to consistently start tasks successfully"),
            ),
            ("has stopped 1 running tasks: (task 0a).", None),
            ("registered 1 targets in (target-group arn:x)", None),
        ] {
            let message = format!("(service like) {message}");
            assert_eq!(shorten(&message), expected, "{message}");
        }
        let draining =
            "(service like, taskSet ecs-svc/1) has begun draining connections on 1 tasks.";
        assert_eq!(shorten(draining), None);
    }
}
