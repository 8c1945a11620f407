//! Property selectors: `$.user.id`, `$.users[0].email`, `$.items[*]`, `$.['cluster.name']`.

use std::fmt::{self, Display, Formatter};

use super::cursor::{Cursor, PatternError};

/// Maximum number of wildcards in a selector.
const MAX_WILDCARDS: usize = 1;

/// Which values of a JSON document a condition is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Selector {
    steps: Vec<Step>,
    text: String,
}

/// A step from a value to values in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
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

    /// The steps from the document to the value.
    pub fn steps(&self) -> &[Step] {
        &self.steps
    }
}

impl Step {
    pub fn selects_property(&self, property: &str) -> bool {
        match self {
            Self::Property(name) => name == property,
            Self::Element(_) => false,
            Self::Any => true,
        }
    }

    pub fn selects_element(&self, element: usize) -> bool {
        match self {
            Self::Property(_) => false,
            Self::Element(index) => *index == element,
            Self::Any => true,
        }
    }
}

impl Display for Selector {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.text)
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
