//! Converts a DynamoDB item into a mysfit.

use std::collections::HashMap;
use std::mem;

use aws_sdk_dynamodb::types::AttributeValue;
use thiserror::Error;

use crate::mysfit::Mysfit;

/// The attributes of a DynamoDB item by attribute name.
pub type Item = HashMap<String, AttributeValue>;

/// The error of an item that is not a valid mysfit: the name of the missing or invalid attribute.
#[derive(Debug, Error, PartialEq, Eq)]
#[error("the attribute {0} is missing or invalid")]
pub struct InvalidItem(&'static str);

impl TryFrom<&mut Item> for Mysfit {
    type Error = InvalidItem;

    /// Moves the texts out of `item`. The id is moved last, so that an invalid item keeps its id.
    fn try_from(item: &mut Item) -> Result<Self, InvalidItem> {
        Ok(Self {
            name: take_text(item, "Name")?,
            age: number_attribute(item, "Age")?,
            good_evil: take_text(item, "GoodEvil")?,
            law_chaos: take_text(item, "LawChaos")?,
            species: take_text(item, "Species")?,
            description: take_text(item, "Description")?,
            thumb_image_uri: take_text(item, "ThumbImageUri")?,
            profile_image_uri: take_text(item, "ProfileImageUri")?,
            likes: number_attribute(item, "Likes")?,
            adopted: flag_attribute(item, "Adopted")?,
            mysfit_id: take_text(item, "MysfitId")?,
        })
    }
}

fn take_text(item: &mut Item, name: &'static str) -> Result<String, InvalidItem> {
    match item.get_mut(name) {
        Some(AttributeValue::S(text)) => Ok(mem::take(text)),
        _ => Err(InvalidItem(name)),
    }
}

fn number_attribute(item: &Item, name: &'static str) -> Result<u64, InvalidItem> {
    let value = item.get(name).and_then(|value| value.as_n().ok());
    value.and_then(|n| n.parse().ok()).ok_or(InvalidItem(name))
}

fn flag_attribute(item: &Item, name: &'static str) -> Result<bool, InvalidItem> {
    let value = item.get(name).and_then(|value| value.as_bool().ok());
    value.copied().ok_or(InvalidItem(name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn build_item(mysfit: &Mysfit) -> Item {
        let text_value = |value: &String| AttributeValue::S(value.clone());
        let number_value = |value: u64| AttributeValue::N(value.to_string());
        let attributes = [
            ("MysfitId", text_value(&mysfit.mysfit_id)),
            ("Name", text_value(&mysfit.name)),
            ("Age", number_value(mysfit.age)),
            ("GoodEvil", text_value(&mysfit.good_evil)),
            ("LawChaos", text_value(&mysfit.law_chaos)),
            ("Species", text_value(&mysfit.species)),
            ("Description", text_value(&mysfit.description)),
            ("ThumbImageUri", text_value(&mysfit.thumb_image_uri)),
            ("ProfileImageUri", text_value(&mysfit.profile_image_uri)),
            ("Likes", number_value(mysfit.likes)),
            ("Adopted", AttributeValue::Bool(mysfit.adopted)),
        ];
        attributes
            .map(|(name, value)| (name.to_owned(), value))
            .into()
    }

    fn invalid_values() -> impl Strategy<Value = AttributeValue> {
        prop_oneof![
            Just(AttributeValue::Null(true)),
            Just(AttributeValue::L(Vec::new())),
            "-[0-9]{1,5}|[0-9]{1,5}\\.[0-9]|[0-9]{21,38}|1e3".prop_map(AttributeValue::N),
        ]
    }

    const ATTRIBUTE_NAMES: [&str; 11] = [
        "MysfitId",
        "Name",
        "Age",
        "GoodEvil",
        "LawChaos",
        "Species",
        "Description",
        "ThumbImageUri",
        "ProfileImageUri",
        "Likes",
        "Adopted",
    ];

    proptest! {
        #[test]
        fn a_mysfit_is_the_same_after_conversion_to_an_item_and_back(mysfit: Mysfit) {
            prop_assert_eq!(Mysfit::try_from(&mut build_item(&mysfit)), Ok(mysfit));
        }

        #[test]
        fn an_item_without_one_of_the_attributes_is_invalid(mysfit: Mysfit, missing in 0..ATTRIBUTE_NAMES.len()) {
            let mut item = build_item(&mysfit);
            item.remove(ATTRIBUTE_NAMES[missing]);
            prop_assert_eq!(Mysfit::try_from(&mut item), Err(InvalidItem(ATTRIBUTE_NAMES[missing])));
        }

        #[test]
        fn an_item_with_one_invalid_attribute_is_invalid(
            mysfit: Mysfit, invalid in 0..ATTRIBUTE_NAMES.len(), value in invalid_values()
        ) {
            let mut item = build_item(&mysfit);
            item.insert(ATTRIBUTE_NAMES[invalid].to_owned(), value);
            prop_assert_eq!(Mysfit::try_from(&mut item), Err(InvalidItem(ATTRIBUTE_NAMES[invalid])));
        }
    }
}
