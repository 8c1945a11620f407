//! The words of the domain: a mysfit, its id, and the filters that a list takes.

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest};
use http_shell::annotate;
use http_shell::id::{MAX_ID_BYTES, parse_path_id};
use serde::{Serialize, Serializer};
use std::future::{Ready, ready};
use thiserror::Error as ThisError;

use crate::error::Error;

/// The id of a mysfit: opaque, not empty, at most [`MAX_ID_BYTES`] bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MysfitId(String);

impl MysfitId {
    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromRequest for MysfitId {
    type Error = Error;
    type Future = Ready<Result<Self, Error>>;

    /// Takes the segment after `/mysfits/`.
    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(
            parse_path_id(request.uri().path(), 1)
                .inspect(|id| annotate("mysfit.id", || id.clone()))
                .map(Self)
                .map_err(Error::Id),
        )
    }
}

/// A mysfit, whole, as the profile shows it.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(proptest_derive::Arbitrary))]
pub struct Mysfit {
    pub mysfit_id: String,
    pub name: String,
    /// In years.
    pub age: u64,
    #[serde(rename = "goodevil")]
    pub good_evil: String,
    #[serde(rename = "lawchaos")]
    pub law_chaos: String,
    pub species: String,
    pub description: String,
    pub thumb_image_uri: String,
    pub profile_image_uri: String,
    /// A number here, a string of digits on the wire: clients of the first implementation depend on it.
    #[serde(serialize_with = "digits")]
    pub likes: u64,
    pub adopted: bool,
}

fn digits<S: Serializer>(number: &u64, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(number)
}

/// What a list shows of a mysfit.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Summary<'a> {
    mysfit_id: &'a str,
    name: &'a str,
    goodevil: &'a str,
    lawchaos: &'a str,
    species: &'a str,
    thumb_image_uri: &'a str,
}

impl<'a> From<&'a Mysfit> for Summary<'a> {
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

/// A trait that the table has an index for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trait {
    /// Good, Neutral or Evil.
    GoodEvil,
    /// Lawful, Neutral or Chaotic.
    LawChaos,
}

impl Trait {
    /// The attribute's name in the table.
    pub fn attribute(self) -> &'static str {
        match self {
            Self::GoodEvil => "GoodEvil",
            Self::LawChaos => "LawChaos",
        }
    }

    /// The name of the index over it.
    pub fn index(self) -> &'static str {
        match self {
            Self::GoodEvil => "GoodEvilIndex",
            Self::LawChaos => "LawChaosIndex",
        }
    }
}

/// Which mysfits a list is to hold: those whose trait has this value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Filter {
    pub by: Trait,
    pub value: String,
}

/// A query that is no filter.
#[derive(Debug, ThisError, PartialEq, Eq)]
pub enum FilterError {
    /// There is no such filter.
    #[error("filter must be GoodEvil or LawChaos")]
    UnknownFilter,
    /// The filter has no value.
    #[error(
        "value must not be empty: for GoodEvil it is Good, Neutral or Evil, for LawChaos it is Lawful, Neutral or Chaotic"
    )]
    NoValue,
    /// The value could not be an index key.
    #[error("value must be at most {MAX_ID_BYTES} bytes")]
    ValueTooLong,
    /// The query could not be read at all.
    #[error("the query must be filter=GoodEvil|LawChaos&value=…, each once")]
    Query,
}

impl Filter {
    /// Reads the two parameters; without a filter, or with an empty one, there is none to apply.
    ///
    /// # Errors
    ///
    /// When the filter is not known, or its value is missing, empty or too long.
    pub fn parse(filter: Option<&str>, value: Option<&str>) -> Result<Option<Self>, FilterError> {
        let by = match filter.unwrap_or_default() {
            "" => return Ok(None),
            "GoodEvil" => Trait::GoodEvil,
            "LawChaos" => Trait::LawChaos,
            _ => return Err(FilterError::UnknownFilter),
        };
        match value.unwrap_or_default() {
            "" => Err(FilterError::NoValue),
            value if value.len() > MAX_ID_BYTES => Err(FilterError::ValueTooLong),
            value => Ok(Some(Self {
                by,
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
    fn no_filter_lists_all_whatever_the_value() {
        assert_eq!(Filter::parse(None, None), Ok(None));
        assert_eq!(Filter::parse(Some(""), Some("Good")), Ok(None));
    }

    #[test]
    fn a_filter_needs_a_name_and_a_value_that_an_index_knows() {
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
        let long = "x".repeat(MAX_ID_BYTES + 1);
        assert_eq!(
            parse("LawChaos", Some(&long)),
            Err(FilterError::ValueTooLong)
        );
        let longest = &long[1..];
        let filter = parse("LawChaos", Some(longest)).unwrap().unwrap();
        assert_eq!(filter.value, longest);
    }

    proptest! {
        #[test]
        fn every_value_that_fits_is_kept_as_it_is(value in "\\PC{1,300}", good in any::<bool>()) {
            let (name, by) = if good {
                ("GoodEvil", Trait::GoodEvil)
            } else {
                ("LawChaos", Trait::LawChaos)
            };
            let filter = Filter { by, value: value.clone() };
            prop_assert_eq!(Filter::parse(Some(name), Some(&value)), Ok(Some(filter)));
        }
    }
}
