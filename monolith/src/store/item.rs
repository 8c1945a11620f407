//! A mysfit as DynamoDB keeps it. Pure: nothing here talks to the database.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use thiserror::Error;

use crate::mysfit::Mysfit;

/// Attributes by name.
pub type Item = HashMap<String, AttributeValue>;

/// An item that is not a mysfit: the attribute that is missing or has an odd type or value.
#[derive(Debug, Error, PartialEq, Eq)]
#[error("the attribute {0} is missing or odd")]
pub struct OddItem(&'static str);

impl TryFrom<&Item> for Mysfit {
    type Error = OddItem;

    fn try_from(item: &Item) -> Result<Self, OddItem> {
        Ok(Self {
            mysfit_id: text(item, "MysfitId")?,
            name: text(item, "Name")?,
            age: number(item, "Age")?,
            good_evil: text(item, "GoodEvil")?,
            law_chaos: text(item, "LawChaos")?,
            species: text(item, "Species")?,
            description: text(item, "Description")?,
            thumb_image_uri: text(item, "ThumbImageUri")?,
            profile_image_uri: text(item, "ProfileImageUri")?,
            likes: number(item, "Likes")?,
            adopted: flag(item, "Adopted")?,
        })
    }
}

fn text(item: &Item, name: &'static str) -> Result<String, OddItem> {
    let value = item.get(name).and_then(|value| value.as_s().ok());
    value.cloned().ok_or(OddItem(name))
}

fn number(item: &Item, name: &'static str) -> Result<u64, OddItem> {
    let value = item.get(name).and_then(|value| value.as_n().ok());
    value.and_then(|n| n.parse().ok()).ok_or(OddItem(name))
}

fn flag(item: &Item, name: &'static str) -> Result<bool, OddItem> {
    let value = item.get(name).and_then(|value| value.as_bool().ok());
    value.copied().ok_or(OddItem(name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn item(mysfit: &Mysfit) -> Item {
        let text = |value: &String| AttributeValue::S(value.clone());
        let number = |value: u64| AttributeValue::N(value.to_string());
        let attributes = [
            ("MysfitId", text(&mysfit.mysfit_id)),
            ("Name", text(&mysfit.name)),
            ("Age", number(mysfit.age)),
            ("GoodEvil", text(&mysfit.good_evil)),
            ("LawChaos", text(&mysfit.law_chaos)),
            ("Species", text(&mysfit.species)),
            ("Description", text(&mysfit.description)),
            ("ThumbImageUri", text(&mysfit.thumb_image_uri)),
            ("ProfileImageUri", text(&mysfit.profile_image_uri)),
            ("Likes", number(mysfit.likes)),
            ("Adopted", AttributeValue::Bool(mysfit.adopted)),
        ];
        attributes
            .map(|(name, value)| (name.to_owned(), value))
            .into()
    }

    fn odd_values() -> impl Strategy<Value = AttributeValue> {
        prop_oneof![
            Just(AttributeValue::Null(true)),
            Just(AttributeValue::L(Vec::new())),
            "-[0-9]{1,5}|[0-9]{1,5}\\.[0-9]|[0-9]{21,38}|1e3".prop_map(AttributeValue::N),
        ]
    }

    const ATTRIBUTES: [&str; 11] = [
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
        fn every_mysfit_survives_the_table(mysfit: Mysfit) {
            prop_assert_eq!(Mysfit::try_from(&item(&mysfit)), Ok(mysfit));
        }

        #[test]
        fn an_item_without_one_attribute_is_odd(mysfit: Mysfit, missing in 0..ATTRIBUTES.len()) {
            let mut item = item(&mysfit);
            item.remove(ATTRIBUTES[missing]);
            prop_assert_eq!(Mysfit::try_from(&item), Err(OddItem(ATTRIBUTES[missing])));
        }

        #[test]
        fn an_item_with_one_odd_attribute_is_odd(
            mysfit: Mysfit, odd in 0..ATTRIBUTES.len(), value in odd_values()
        ) {
            let mut item = item(&mysfit);
            item.insert(ATTRIBUTES[odd].to_owned(), value);
            prop_assert_eq!(Mysfit::try_from(&item), Err(OddItem(ATTRIBUTES[odd])));
        }
    }
}
