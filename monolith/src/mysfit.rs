//! The domain types: a mysfit, its id, and the filter of a list.

use http_shell::id::{IdError, MAX_ID_BYTES, parse_path_id};
use serde::{Serialize, Serializer};
use thiserror::Error;

/// The id of a mysfit: not empty, without a slash, at most [`MAX_ID_BYTES`] bytes.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct MysfitId(String);

impl MysfitId {
    /// Decodes the id in the segment after `/mysfits/` of a request's path.
    ///
    /// # Errors
    ///
    /// Returns an error when the segment is missing or is not a valid id.
    pub fn from_path(path: &str) -> Result<Self, IdError> {
        parse_path_id(path, 1).map(Self)
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A mysfit with all its attributes. `GET /mysfits/{id}` returns this object.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(proptest_derive::Arbitrary))]
pub struct Mysfit {
    pub mysfit_id: String,
    pub name: String,
    /// The age of the mysfit in years.
    pub age: u64,
    #[serde(rename = "goodevil")]
    pub good_evil: String,
    #[serde(rename = "lawchaos")]
    pub law_chaos: String,
    pub species: String,
    pub description: String,
    pub thumb_image_uri: String,
    pub profile_image_uri: String,
    /// This number is serialised as a string of digits, because clients of the first implementation expect
    /// a string.
    #[serde(serialize_with = "serialize_digits")]
    pub likes: u64,
    pub adopted: bool,
}

fn serialize_digits<S: Serializer>(number: &u64, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(number)
}

/// The attributes of a mysfit that a list shows.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct MysfitSummary<'a> {
    mysfit_id: &'a str,
    name: &'a str,
    goodevil: &'a str,
    lawchaos: &'a str,
    species: &'a str,
    thumb_image_uri: &'a str,
}

impl<'a> From<&'a Mysfit> for MysfitSummary<'a> {
    fn from(mysfit: &'a Mysfit) -> Self {
        Self {
            mysfit_id: &mysfit.mysfit_id,
            name: &mysfit.name,
            goodevil: &mysfit.good_evil,
            lawchaos: &mysfit.law_chaos,
            species: &mysfit.species,
            thumb_image_uri: &mysfit.thumb_image_uri,
        }
    }
}

/// An attribute that has an index in the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IndexedAttribute {
    /// The attribute `GoodEvil`, whose value is Good, Neutral or Evil.
    GoodEvil,
    /// The attribute `LawChaos`, whose value is Lawful, Neutral or Chaotic.
    LawChaos,
}

impl IndexedAttribute {
    /// The name of the attribute in the table.
    pub fn name(self) -> &'static str {
        match self {
            Self::GoodEvil => "GoodEvil",
            Self::LawChaos => "LawChaos",
        }
    }

    /// The name of the attribute's index in the table.
    pub fn index_name(self) -> &'static str {
        match self {
            Self::GoodEvil => "GoodEvilIndex",
            Self::LawChaos => "LawChaosIndex",
        }
    }
}

/// A filter that selects the mysfits whose attribute `attribute` has the value `value`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Filter {
    pub attribute: IndexedAttribute,
    pub value: String,
}

/// The error of an invalid filter.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum FilterError {
    /// The filter has an unknown name.
    #[error("filter must be GoodEvil or LawChaos")]
    UnknownFilter,
    /// The filter has no value.
    #[error(
        "value must not be empty: for GoodEvil it is Good, Neutral or Evil, for LawChaos it is Lawful, Neutral or Chaotic"
    )]
    NoValue,
    /// The filter's value is too long for a key of an index.
    #[error("value must be at most {MAX_ID_BYTES} bytes")]
    ValueTooLong,
    /// The query string cannot be parsed.
    #[error("the query must be filter=GoodEvil|LawChaos&value=…, with each parameter at most once")]
    Query,
}

impl Filter {
    /// Parses the parameters `filter` and `value`. Returns `None` if `filter` is missing or empty.
    ///
    /// # Errors
    ///
    /// Returns an error when the filter is unknown, or its value is missing, empty or too long.
    pub fn parse(filter: Option<&str>, value: Option<&str>) -> Result<Option<Self>, FilterError> {
        let attribute = match filter.unwrap_or_default() {
            "" => return Ok(None),
            "GoodEvil" => IndexedAttribute::GoodEvil,
            "LawChaos" => IndexedAttribute::LawChaos,
            _ => return Err(FilterError::UnknownFilter),
        };
        match value.unwrap_or_default() {
            "" => Err(FilterError::NoValue),
            value if value.len() > MAX_ID_BYTES => Err(FilterError::ValueTooLong),
            value => Ok(Some(Self {
                attribute,
                value: value.to_owned(),
            })),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_missing_or_empty_filter_selects_all_mysfits() {
        assert_eq!(Filter::parse(None, None), Ok(None));
        assert_eq!(Filter::parse(Some(""), Some("Good")), Ok(None));
    }

    #[test]
    fn a_filter_with_an_unknown_name_or_an_invalid_value_is_rejected() {
        let parse = |filter, value| Filter::parse(Some(filter), value);
        assert_eq!(
            parse("Species", Some("Yeti")),
            Err(FilterError::UnknownFilter)
        );
        assert_eq!(
            parse("goodevil", Some("Good")),
            Err(FilterError::UnknownFilter)
        );
        assert_eq!(parse("GoodEvil", None), Err(FilterError::NoValue));
        assert_eq!(parse("GoodEvil", Some("")), Err(FilterError::NoValue));
        let long_value = "x".repeat(MAX_ID_BYTES + 1);
        assert_eq!(
            parse("LawChaos", Some(&long_value)),
            Err(FilterError::ValueTooLong)
        );
        let longest_value = &long_value[1..];
        let filter = parse("LawChaos", Some(longest_value)).unwrap().unwrap();
        assert_eq!(filter.value, longest_value);
    }

    proptest! {
        #[test]
        fn a_parsed_filter_has_the_value_of_the_query(value in "\\PC{1,300}", is_good_evil in any::<bool>()) {
            let (name, attribute) = if is_good_evil {
                ("GoodEvil", IndexedAttribute::GoodEvil)
            } else {
                ("LawChaos", IndexedAttribute::LawChaos)
            };
            let filter = Filter { attribute, value: value.clone() };
            prop_assert_eq!(Filter::parse(Some(name), Some(&value)), Ok(Some(filter)));
        }
    }
}
