//! Property selectors: `$.user.id`, `$.users[0].email`, `$.items[*]`, `$.['cluster.name']`.

use std::fmt::{self, Display, Formatter};

use serde_json::Value;

use super::cursor::{Cursor, PatternError};

/// Maximum number of wildcards in a selector.
const MAX_WILDCARDS: usize = 1;

/// Which values of a JSON document a condition is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Selector {
    steps: Vec<Step>,
    text: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Step {
    Property(String),
    Element(usize),
    /// Each element of an array, or each property of an object.
    Any,
}

impl Selector {
    /// Parses a selector that is a text of its own.
    pub fn parse(text: &str) -> Result<Self, PatternError> {
        let mut cursor = Cursor::new(text);
        let selector = Self::take(&mut cursor)?;
        match cursor.is_at_end() {
            true => Ok(selector),
            false => Err(cursor.unexpected("the end")),
        }
    }

    /// Parses the selector at the cursor.
    pub fn take(cursor: &mut Cursor<'_>) -> Result<Self, PatternError> {
        let start = cursor.position();
        if !cursor.eat("$") {
            return Err(cursor.unexpected("a property selector"));
        }
        let mut selector = Self {
            steps: Vec::new(),
            text: "$".to_owned(),
        };
        loop {
            let step = match cursor.peek() {
                Some('.') => take_property(cursor)?,
                Some('[') if !selector.steps.is_empty() => take_element(cursor)?,
                _ if selector.steps.is_empty() => {
                    return Err(cursor.unexpected("the name of a property"));
                }
                _ => break,
            };
            selector.push(step);
        }
        if selector.wildcards() > MAX_WILDCARDS {
            let message =
                format!("A property selector cannot have more than {MAX_WILDCARDS} wildcard");
            return Err(PatternError::new(message, start));
        }
        Ok(selector)
    }

    fn push(&mut self, step: Step) {
        self.text += &match &step {
            Step::Property(name) if name.chars().all(is_part_of_name) => format!(".{name}"),
            Step::Property(name) => format!(".['{name}']"),
            Step::Element(index) => format!("[{index}]"),
            Step::Any => "[*]".to_owned(),
        };
        self.steps.push(step);
    }

    /// The number of wildcards in the selector.
    pub fn wildcards(&self) -> usize {
        self.steps.iter().filter(|step| **step == Step::Any).count()
    }

    /// Whether the condition is true for one of the selected values.
    pub fn any<'a>(
        &self,
        document: &'a Value,
        mut condition: impl FnMut(&'a Value) -> bool,
    ) -> bool {
        any(document, &self.steps, &mut condition)
    }

    /// The first selected text or number, as a text.
    pub fn text_in(&self, document: &Value) -> Option<String> {
        let mut text = None;
        self.any(document, |value| {
            text = match value {
                Value::String(string) => Some(string.clone()),
                Value::Number(number) => Some(number.to_string()),
                _ => None,
            };
            text.is_some()
        });
        text
    }
}

impl Display for Selector {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.text)
    }
}

fn any<'a>(
    value: &'a Value,
    steps: &[Step],
    condition: &mut impl FnMut(&'a Value) -> bool,
) -> bool {
    let Some((step, steps)) = steps.split_first() else {
        return condition(value);
    };
    match (step, value) {
        (Step::Property(name), Value::Object(object)) => object
            .get(name)
            .is_some_and(|value| any(value, steps, condition)),
        (Step::Element(index), Value::Array(array)) => array
            .get(*index)
            .is_some_and(|value| any(value, steps, condition)),
        (Step::Any, Value::Array(array)) => array.iter().any(|value| any(value, steps, condition)),
        (Step::Any, Value::Object(object)) => {
            object.values().any(|value| any(value, steps, condition))
        }
        _ => false,
    }
}

fn is_part_of_name(character: char) -> bool {
    character.is_ascii_alphanumeric() || "_-".contains(character)
}

/// Parses `.name`, `.*` or `.['name']`. A name in brackets can have every character.
fn take_property(cursor: &mut Cursor<'_>) -> Result<Step, PatternError> {
    cursor.eat(".");
    if cursor.eat("*") {
        return Ok(Step::Any);
    }
    if cursor.eat("['") {
        let name = cursor.take_while(|it| it != '\'');
        return match !name.is_empty() && cursor.eat("']") {
            true => Ok(Step::Property(name.to_owned())),
            false => Err(cursor.unexpected("']")),
        };
    }
    let name = cursor.take_while(is_part_of_name);
    match name.is_empty() {
        true => Err(cursor.unexpected("the name of a property")),
        false => Ok(Step::Property(name.to_owned())),
    }
}

/// Parses `[0]` or `[*]`.
fn take_element(cursor: &mut Cursor<'_>) -> Result<Step, PatternError> {
    cursor.eat("[");
    let step = if cursor.eat("*") {
        Step::Any
    } else {
        let digits = cursor.take_while(|it| it.is_ascii_digit());
        let index = digits.parse();
        Step::Element(index.map_err(|_| cursor.unexpected("the number of an element"))?)
    };
    match cursor.eat("]") {
        true => Ok(step),
        false => Err(cursor.unexpected("]")),
    }
}
