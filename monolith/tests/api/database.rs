//! A DynamoDB emulator for one test, with the table and its two indexes.

use std::net::SocketAddr;

use dynoxide::server::serve_on;
use serde_json::{Value, json};
use tokio::net::TcpListener;

/// An emulator of DynamoDB that runs until the tokio runtime of the test ends.
pub struct Database {
    pub address: SocketAddr,
    db: dynoxide::Database,
}

impl Database {
    /// Starts an emulator with an empty table.
    pub async fn start() -> Self {
        let db = dynoxide::Database::memory().unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(serve_on(listener, db.clone()));
        let key = |name: &str, kind: &str| json!({"AttributeName": name, "KeyType": kind});
        let string_attribute = |name: &str| json!({"AttributeName": name, "AttributeType": "S"});
        let index = |name: &str| {
            json!({
                "IndexName": format!("{name}Index"),
                "KeySchema": [key(name, "HASH"), key("MysfitId", "RANGE")],
                "Projection": {"ProjectionType": "ALL"},
            })
        };
        let attribute_definitions = ["MysfitId", "GoodEvil", "LawChaos"].map(string_attribute);
        let table = json!({
            "TableName": "MysfitsTable",
            "BillingMode": "PAY_PER_REQUEST",
            "KeySchema": [key("MysfitId", "HASH")],
            "AttributeDefinitions": attribute_definitions,
            "GlobalSecondaryIndexes": [index("GoodEvil"), index("LawChaos")],
        });
        db.create_table(serde_json::from_value(table).unwrap())
            .unwrap();
        Self { address, db }
    }

    /// Writes an item, given in DynamoDB's JSON.
    pub fn put_item(&self, item: Value) {
        let put = json!({"TableName": "MysfitsTable", "Item": item});
        self.db
            .put_item(serde_json::from_value(put).unwrap())
            .unwrap();
    }

    /// Reads an item. Returns the item in DynamoDB's JSON, or null if the table has no item with this id.
    pub fn get_item(&self, id: &str) -> Value {
        let get = json!({"TableName": "MysfitsTable", "Key": {"MysfitId": {"S": id}}});
        let output = self
            .db
            .get_item(serde_json::from_value(get).unwrap())
            .unwrap();
        serde_json::to_value(output).unwrap()["Item"].take()
    }

    /// Reads the number of likes of a mysfit. The returned number of likes is a string of digits.
    pub fn like_count(&self, id: &str) -> Value {
        self.get_item(id)["Likes"]["N"].take()
    }

    /// Writes a valid mysfit.
    pub fn put_mysfit(&self, id: &str, good_evil: &str, law_chaos: &str) {
        self.put_item(mysfit_item(id, good_evil, law_chaos));
    }
}

/// A valid mysfit in DynamoDB's JSON.
pub fn mysfit_item(id: &str, good_evil: &str, law_chaos: &str) -> Value {
    json!({
        "MysfitId": {"S": id},
        "Name": {"S": "Hasla"},
        "Species": {"S": "Haetae"},
        "Age": {"N": "2000000000"},
        "GoodEvil": {"S": good_evil},
        "LawChaos": {"S": law_chaos},
        "Description": {"S": "Keeps fires in order."},
        "ThumbImageUri": {"S": "/images/haetae.svg"},
        "ProfileImageUri": {"S": "/images/haetae-large.svg"},
        "Likes": {"N": "0"},
        "Adopted": {"BOOL": false},
    })
}
