//! The table of the mysfits, and the twelve mysfits of a new table.

use serde::Deserialize;
use serde_json::{Value, json};

use super::super::{Item, Table};

/// The name of the table.
pub const NAME: &str = "MysfitsTable";

/// The table.
pub const TABLE: Table = Table {
    name: NAME,
    definition,
    items,
};

/// The mysfits as people edit them.
const MYSFITS: &str = include_str!("../../../seed/mysfits.json");

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Mysfit {
    mysfit_id: String,
    name: String,
    species: String,
    age: u64,
    #[serde(rename = "goodevil")]
    good_evil: String,
    #[serde(rename = "lawchaos")]
    law_chaos: String,
    description: String,
    thumb_image_uri: String,
    profile_image_uri: String,
    likes: u64,
    adopted: bool,
}

fn definition() -> Value {
    let key = |name: &str, kind: &str| json!({"AttributeName": name, "KeyType": kind});
    let text = |name: &str| json!({"AttributeName": name, "AttributeType": "S"});
    let index = |name: &str| {
        json!({
            "IndexName": format!("{name}Index"),
            "KeySchema": [key(name, "HASH"), key("MysfitId", "RANGE")],
            "Projection": {"ProjectionType": "ALL"},
        })
    };
    json!({
        "TableName": NAME,
        "BillingMode": "PAY_PER_REQUEST",
        "KeySchema": [key("MysfitId", "HASH")],
        "AttributeDefinitions": [text("MysfitId"), text("LawChaos"), text("GoodEvil")],
        "GlobalSecondaryIndexes": [index("LawChaos"), index("GoodEvil")],
    })
}

/// The items. A test keeps the seed file valid.
fn items() -> Result<Vec<Item>, serde_json::Error> {
    let mysfits: Vec<Mysfit> = serde_json::from_str(MYSFITS)?;
    Ok(mysfits.into_iter().map(item).collect())
}

fn item(mysfit: Mysfit) -> Item {
    let text = |value: String| json!({ "S": value });
    let number = |value: u64| json!({ "N": value.to_string() });
    Item::from([
        ("MysfitId", text(mysfit.mysfit_id)),
        ("Name", text(mysfit.name)),
        ("Species", text(mysfit.species)),
        ("Age", number(mysfit.age)),
        ("GoodEvil", text(mysfit.good_evil)),
        ("LawChaos", text(mysfit.law_chaos)),
        ("Description", text(mysfit.description)),
        ("ThumbImageUri", text(mysfit.thumb_image_uri)),
        ("ProfileImageUri", text(mysfit.profile_image_uri)),
        ("Likes", number(mysfit.likes)),
        ("Adopted", json!({ "BOOL": mysfit.adopted })),
    ])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_are_twelve_mysfits_with_ids_of_their_own() {
        let items = items().unwrap();
        assert_eq!(items.len(), 12);
        let mut ids: Vec<_> = items.iter().map(|item| &item["MysfitId"]["S"]).collect();
        ids.sort_by_key(|id| id.to_string());
        ids.dedup();
        assert_eq!(ids.len(), 12);
    }

    #[test]
    fn every_picture_is_part_of_the_site() {
        for item in items().unwrap() {
            for uri in ["ThumbImageUri", "ProfileImageUri"] {
                let uri = item[uri]["S"].as_str().unwrap();
                // What follows `#` is a part of the picture.
                let (file, _) = uri.split_once('#').unwrap_or((uri, ""));
                let file = file.strip_prefix('/').unwrap();
                assert!(crate::site::has_file(file), "{uri}");
            }
        }
    }
}
