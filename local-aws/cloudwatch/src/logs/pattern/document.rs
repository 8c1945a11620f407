//! Reads the selected values out of a JSON document. The rest of the document is checked but not stored, which makes a
//! search several times faster.

use std::borrow::Cow;
use std::fmt::{self, Formatter};

use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::Number;

use super::selector::{Selector, Step};

/// A selected value.
#[derive(Clone, Debug, PartialEq)]
pub enum Leaf<'a> {
    Null,
    Bool(bool),
    Number(Number),
    Text(Cow<'a, str>),
    /// An array or an object.
    Other,
}

impl Leaf<'_> {
    /// The text of a text or a number.
    pub fn text(&self) -> Option<String> {
        match self {
            Self::Text(text) => Some(text.to_string()),
            Self::Number(number) => Some(number.to_string()),
            Self::Null | Self::Bool(_) | Self::Other => None,
        }
    }
}

/// The selected values of a document, each with the index of its selector.
pub type Selected<'a> = Vec<(usize, Leaf<'a>)>;

/// Returns the values that the selectors select, or `None` if the message is not a JSON object.
pub fn select<'a>(message: &'a str, selectors: &[Selector]) -> Option<Selected<'a>> {
    // Most messages that are no JSON are refused without a parser.
    if !message.trim_ascii_start().starts_with('{') {
        return None;
    }
    let mut selected = Vec::with_capacity(selectors.len());
    let steps = selectors.iter().map(Selector::steps);
    let walk = Walk {
        active: steps.enumerate().collect(),
        selected: &mut selected,
    };
    let mut deserializer = serde_json::Deserializer::from_str(message);
    walk.deserialize(&mut deserializer).ok()?;
    deserializer.end().ok()?;
    Some(selected)
}

/// Visits a value of the document.
struct Walk<'w, 'a> {
    /// The selectors that select this value or a value in it, with the steps from here.
    active: Vec<(usize, &'w [Step])>,
    selected: &'w mut Selected<'a>,
}

impl<'a> Walk<'_, 'a> {
    fn visit(self, leaf: &Leaf<'a>) {
        for (index, steps) in &self.active {
            if steps.is_empty() {
                self.selected.push((*index, leaf.clone()));
            }
        }
    }

    /// The walk to a value in this one, or `None` if no selector selects anything there.
    fn descend(&mut self, is_next: impl Fn(&Step) -> bool) -> Option<Walk<'_, 'a>> {
        let active = self.active.iter().filter_map(|(index, steps)| {
            let (step, rest) = steps.split_first()?;
            is_next(step).then_some((*index, rest))
        });
        let active: Vec<_> = active.collect();
        (!active.is_empty()).then_some(Walk {
            active,
            selected: self.selected,
        })
    }
}

impl<'de> DeserializeSeed<'de> for Walk<'_, 'de> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

/// The name of a property.
#[derive(Deserialize)]
struct Key<'a>(#[serde(borrow)] Cow<'a, str>);

impl<'de> Visitor<'de> for Walk<'_, 'de> {
    type Value = ();

    fn expecting(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        formatter.write_str("a JSON value")
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut map: A) -> Result<(), A::Error> {
        while let Some(Key(key)) = map.next_key()? {
            match self.descend(|step| step.selects_property(&key)) {
                Some(walk) => map.next_value_seed(walk)?,
                None => map.next_value::<IgnoredAny>().map(drop)?,
            }
        }
        self.visit(&Leaf::Other);
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut elements: A) -> Result<(), A::Error> {
        for index in 0.. {
            let element = match self.descend(|step| step.selects_element(index)) {
                Some(walk) => elements.next_element_seed(walk)?,
                None => elements.next_element::<IgnoredAny>()?.map(drop),
            };
            if element.is_none() {
                break;
            }
        }
        self.visit(&Leaf::Other);
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        self.visit(&Leaf::Null);
        Ok(())
    }

    fn visit_bool<E>(self, value: bool) -> Result<(), E> {
        self.visit(&Leaf::Bool(value));
        Ok(())
    }

    fn visit_u64<E>(self, value: u64) -> Result<(), E> {
        self.visit(&Leaf::Number(value.into()));
        Ok(())
    }

    fn visit_i64<E>(self, value: i64) -> Result<(), E> {
        self.visit(&Leaf::Number(value.into()));
        Ok(())
    }

    fn visit_f64<E>(self, value: f64) -> Result<(), E> {
        let number = Number::from_f64(value);
        self.visit(&number.map_or(Leaf::Null, Leaf::Number));
        Ok(())
    }

    fn visit_borrowed_str<E>(self, value: &'de str) -> Result<(), E> {
        self.visit(&Leaf::Text(Cow::Borrowed(value)));
        Ok(())
    }

    fn visit_str<E>(self, value: &str) -> Result<(), E> {
        self.visit(&Leaf::Text(Cow::Owned(value.to_owned())));
        Ok(())
    }
}
