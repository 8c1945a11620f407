//! Block `sql`: a call to a database that understands SQL.

use opentelemetry_proto::tonic::trace::v1::Span;
use serde_json::Value;

use super::attributes::{Attributes, object};

/// SQL databases: values of `db.system`. The last three are values of `db.system.name`.
const SQL: [&str; 14] = [
    "db2",
    "derby",
    "hive",
    "mariadb",
    "mssql",
    "mysql",
    "oracle",
    "postgresql",
    "sqlite",
    "teradata",
    "other_sql",
    "microsoft.sql_server",
    "oracle.db",
    "ibm.db2",
];

/// Name of the database.
const NAME: [&str; 2] = ["db.namespace", "db.name"];

const SYSTEM: [&str; 2] = ["db.system.name", "db.system"];
const QUERY: [&str; 2] = ["db.query.text", "db.statement"];
const CONNECTION: [&str; 1] = ["db.connection_string"];
const USER: [&str; 1] = ["db.user"];

/// Builds the block if the database understands SQL, and removes its attributes from `rest`.
pub fn block(span: &Span, attributes: &Attributes<'_>, rest: &mut Attributes<'_>) -> Option<Value> {
    let system = attributes
        .text(&SYSTEM)
        .filter(|system| SQL.contains(system))?;
    let connection = attributes.text(&CONNECTION).unwrap_or("localhost");
    let name = attributes.text(&NAME).unwrap_or_default();
    for keys in [&SYSTEM[..], &NAME, &QUERY, &CONNECTION, &USER] {
        rest.remove(keys);
    }
    let text = |keys: &[&str]| attributes.text(keys).map(Value::from);
    Some(Value::Object(object([
        ("url", Some(span.name.as_str().into())),
        (
            "connection_string",
            Some(format!("{connection}/{name}").into()),
        ),
        ("database_type", Some(system.into())),
        ("user", text(&USER)),
        ("sanitized_query", text(&QUERY)),
    ])))
}
