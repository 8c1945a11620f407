//! Patterns for space-delimited log events: `[ip, user, ..., status = 4* || status = 5*, bytes > 1000]`.

use super::comparison::Comparison;
use super::cursor::{Cursor, PatternError};
use super::{Extracted, RegexCount};

/// The fields of an event from left to right.
#[derive(Clone, Debug)]
pub struct FieldPattern {
    before: Vec<Field>,
    /// The fields behind an ellipsis, or `None` if the pattern has no ellipsis.
    after: Option<Vec<Field>>,
}

#[derive(Clone, Debug, Default)]
struct Field {
    /// The name is empty if the field has none.
    name: String,
    /// The field matches if all conditions of one list are true. Without a list, each field matches.
    any_of: Vec<Vec<Comparison>>,
}

impl FieldPattern {
    pub fn parse(text: &str, regexes: &mut RegexCount) -> Result<Self, PatternError> {
        if !text.ends_with(']') {
            let message = "If a filter pattern starts with '[' it must end with ']'";
            return Err(PatternError::new(message, text.chars().count()));
        }
        let mut cursor = Cursor::new(text);
        cursor.eat("[");
        let mut before = Vec::new();
        let mut after = None;
        loop {
            cursor.skip_blanks();
            let position = cursor.position();
            if cursor.eat("...") {
                if after.replace(Vec::new()).is_some() {
                    let message = "A filter pattern cannot have more than one ellipsis";
                    return Err(PatternError::new(message, position));
                }
            } else {
                let field = Field::parse(&mut cursor, regexes)?;
                after.as_mut().unwrap_or(&mut before).push(field);
            }
            cursor.skip_blanks();
            if !cursor.eat(",") {
                break;
            }
        }
        let names_nothing = after.is_none() && before.iter().all(Field::is_empty);
        match cursor.eat("]") && cursor.is_at_end() {
            true if names_nothing => Err(PatternError::new("The filter pattern has no fields", 1)),
            true => Ok(Self { before, after }),
            false => Err(cursor.unexpected(", or ]")),
        }
    }

    pub fn matches(&self, message: &str) -> bool {
        self.assign(message).is_some()
    }

    pub fn extract(&self, message: &str) -> Option<Extracted> {
        let values = self.assign(message)?.into_iter().enumerate();
        let named = values.map(|(index, (field, value))| {
            let name = match field {
                Some(field) if !field.is_empty() => format!("${}", field.name),
                _ => format!("${}", index + 1),
            };
            (name, value.to_owned())
        });
        Some(named.collect())
    }

    /// Assigns the fields of the pattern to the fields of an event. A field of the event that the ellipsis stands for has
    /// no field of the pattern. Returns `None` if the event has too few fields, or if a condition is false.
    fn assign<'a>(&self, message: &'a str) -> Option<Vec<(Option<&Field>, &'a str)>> {
        let after = self.after.as_deref().unwrap_or_default();
        // Without an ellipsis, the last field of the pattern gets the rest of the event.
        let most = match self.after {
            None => self.before.len(),
            Some(_) => usize::MAX,
        };
        let values = split(message, most);
        let skipped = values.len().checked_sub(self.before.len() + after.len())?;
        let fields = self.before.iter().map(Some);
        let fields = fields.chain((0..skipped).map(|_| None));
        let fields = fields.chain(after.iter().map(Some));
        let pairs: Vec<_> = fields.zip(values).collect();
        let is_match = |(field, value): &(Option<&Field>, &str)| {
            field.is_none_or(|field| field.matches(value))
        };
        pairs.iter().all(is_match).then_some(pairs)
    }
}

impl Field {
    /// Parses `name`, `name = value`, or such conditions with `&&` and `||` between them. All conditions must have the
    /// same name. The text can be empty.
    fn parse(cursor: &mut Cursor<'_>, regexes: &mut RegexCount) -> Result<Self, PatternError> {
        let mut field = Self {
            name: cursor.take_while(is_part_of_name).to_owned(),
            any_of: Vec::new(),
        };
        cursor.skip_blanks();
        if !Comparison::follows(cursor) {
            return Ok(field);
        }
        if field.is_empty() {
            return Err(cursor.unexpected("the name of a field"));
        }
        let mut all_of = vec![Comparison::parse(cursor, regexes)?];
        loop {
            cursor.skip_blanks();
            let is_and = cursor.eat("&&");
            if !is_and {
                field.any_of.push(std::mem::take(&mut all_of));
                if !cursor.eat("||") {
                    return Ok(field);
                }
            }
            cursor.skip_blanks();
            let before_name = *cursor;
            if cursor.take_while(is_part_of_name) != field.name {
                return Err(before_name.unexpected("the name of the field"));
            }
            cursor.skip_blanks();
            all_of.push(Comparison::parse(cursor, regexes)?);
        }
    }

    fn is_empty(&self) -> bool {
        self.name.is_empty()
    }

    fn matches(&self, value: &str) -> bool {
        let is_true = |all_of: &Vec<Comparison>| all_of.iter().all(|it| it.matches_field(value));
        self.any_of.is_empty() || self.any_of.iter().any(is_true)
    }
}

fn is_part_of_name(character: char) -> bool {
    character.is_ascii_alphanumeric() || "_-".contains(character)
}

/// Splits an event at blanks, into at most `most` fields. The text between brackets or quotation marks is one field.
fn split(message: &str, most: usize) -> Vec<&str> {
    let mut fields = Vec::new();
    let mut rest = message.trim_ascii();
    while !rest.is_empty() {
        let (field, after) = split_first(rest);
        if fields.len() + 1 == most && !after.is_empty() {
            fields.push(rest);
            break;
        }
        fields.push(field);
        rest = after;
    }
    fields
}

/// The first field, and the text behind it.
fn split_first(text: &str) -> (&str, &str) {
    for (open, close) in [('[', ']'), ('"', '"')] {
        let inner = text.strip_prefix(open);
        if let Some((field, after)) = inner.and_then(|inner| inner.split_once(close))
            && (after.is_empty() || after.starts_with(|it: char| it.is_ascii_whitespace()))
        {
            return (field, after.trim_ascii_start());
        }
    }
    match text.split_once(|it: char| it.is_ascii_whitespace()) {
        Some((field, after)) => (field, after.trim_ascii_start()),
        None => (text, ""),
    }
}
