//! Builds the block `sql`, which describes a query of an SQL database.

use opentelemetry_proto::tonic::trace::v1::Span;
use serde_json::Value;

use super::attributes::{Attributes, build_object};

/// Values of `db.system` that name SQL databases. The last three elements of the array are values of
/// `db.system.name`.
const SQL_SYSTEMS: [&str; 14] = [
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

const SYSTEM_KEYS: [&str; 2] = ["db.system.name", "db.system"];
const DATABASE_NAME_KEYS: [&str; 2] = ["db.namespace", "db.name"];
const QUERY_KEYS: [&str; 2] = ["db.query.text", "db.statement"];
const CONNECTION_KEYS: [&str; 1] = ["db.connection_string"];
const USER_KEYS: [&str; 1] = ["db.user"];

/// Builds the block `sql` if the span describes a call to an SQL database. The function removes the
/// attributes that the block contains from `remaining`.
pub fn build_block(
    span: &Span,
    attributes: &Attributes<'_>,
    remaining: &mut Attributes<'_>,
) -> Option<Value> {
    let system = attributes
        .find_text(&SYSTEM_KEYS)
        .filter(|system| SQL_SYSTEMS.contains(system))?;
    let connection = attributes
        .find_text(&CONNECTION_KEYS)
        .unwrap_or("localhost");
    let database = attributes
        .find_text(&DATABASE_NAME_KEYS)
        .unwrap_or_default();
    remaining.remove(&SYSTEM_KEYS);
    remaining.remove(&DATABASE_NAME_KEYS);
    remaining.remove(&QUERY_KEYS);
    remaining.remove(&CONNECTION_KEYS);
    remaining.remove(&USER_KEYS);
    let text = |keys: &[&str]| attributes.find_text(keys).map(Value::from);
    Some(Value::Object(build_object([
        ("url", Some(span.name.as_str().into())),
        (
            "connection_string",
            Some(format!("{connection}/{database}").into()),
        ),
        ("database_type", Some(system.into())),
        ("user", text(&USER_KEYS)),
        ("sanitized_query", text(&QUERY_KEYS)),
    ])))
}
