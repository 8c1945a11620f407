//! The steps of a guide, as a checker sees them: through the operations of AWS that a reader also has. The scenario contains the
//! steps, and the verb `check` shows them.

mod aws;
mod cli;
mod json;

pub use aws::Aws;
pub use cli::{Cli, is_installed, lab_cli};
pub use json::{list, number, text, time};

/// A step of a guide.
#[derive(Debug)]
pub struct Step {
    /// The number of the lab and the number of the step in it, for example `1.2`.
    pub id: &'static str,
    pub title: &'static str,
    /// Looks at the running system.
    pub look: fn(&Aws) -> Looked,
}

/// What a check found about one requirement of a step. `Ok` says what was seen. `Err` says what was seen and what the step
/// wants.
pub type Finding = Result<String, String>;

/// The findings about all requirements of a step.
pub type Looked = Result<Vec<Finding>, Failure>;

/// Why a step could not be checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure(pub String);

/// A finding about a requirement whose sentence is the same in both cases.
pub fn expect(is_met: bool, saw: String, wanted: &str) -> Finding {
    match is_met {
        true => Ok(format!("{saw}.")),
        false => Err(format!("{saw}; this step wants {wanted}.")),
    }
}

/// A number and its noun, for example `1 like` or `12 likes`.
pub fn count(number: usize, noun: &str) -> String {
    match number {
        1 => format!("1 {noun}"),
        _ => format!("{number} {noun}s"),
    }
}

/// The time of day of a minute, in UTC. `time` is a number of seconds since the Unix epoch.
pub fn minute(time: i64) -> String {
    let minutes = time.div_euclid(60);
    format!(
        "{:02}:{:02} UTC",
        minutes.div_euclid(60).rem_euclid(24),
        minutes.rem_euclid(60)
    )
}

/// Joins words with commas and `and`. No words are `nothing`.
pub fn join<T: AsRef<str>>(words: &[T]) -> String {
    let words: Vec<_> = words.iter().map(AsRef::as_ref).collect();
    match &words[..] {
        [] => "nothing".to_owned(),
        [word] => (*word).to_owned(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_minute_is_the_time_of_day_in_utc() {
        assert_eq!(minute(1_795_762_199), "06:49 UTC");
        assert_eq!(minute(0), "00:00 UTC");
    }

    #[test]
    fn words_are_joined_as_in_a_sentence() {
        assert_eq!(join::<&str>(&[]), "nothing");
        assert_eq!(join(&["a"]), "a");
        assert_eq!(join(&["a", "b", "c"]), "a, b and c");
    }
}
