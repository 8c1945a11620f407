//! DynamoDB: an emulator inside this process, with the tables of a scenario and their items.

use std::error::Error as StdError;
use std::path::{Path, PathBuf};
use std::{env, fs};

use axum::Router;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::error::Error;
use crate::scenario::Table;

pub mod faults;
mod front;

use faults::DatabaseFaults;

/// The file in `--data-dir`.
const FILE: &str = "dynamodb.sqlite";

/// The emulator with the tables of a scenario. Clones share it.
#[derive(Clone)]
pub struct Database {
    dynamodb: dynoxide::Database,
    tables: Vec<Table>,
}

impl Database {
    /// Opens the database of `data_dir`, or one in memory, and fills the tables that are empty.
    ///
    /// # Errors
    ///
    /// When the directory cannot be used, or the emulator refuses a table.
    pub fn open(data_dir: Option<&Path>, tables: Vec<Table>) -> Result<Self, Error> {
        let dynamodb = match data_dir {
            None => dynoxide::Database::memory().map_err(refused)?,
            Some(path) => on_disk(path).map_err(|source| Error::DataDir {
                path: path.to_owned(),
                source,
            })?,
        };
        let database = Self { dynamodb, tables };
        database.create_and_fill()?;
        Ok(database)
    }

    /// Replaces all tables with the tables and the items of a new database, in one step: no request finds a table without items.
    ///
    /// # Errors
    ///
    /// When a temporary file cannot be written, or the emulator refuses it.
    pub fn reset(&self) -> Result<(), Error> {
        let directory = TemporaryDirectory::new()?;
        let file = directory.0.join(FILE);
        let file = file
            .to_str()
            .ok_or("the path of temporary files is not UTF-8");
        let file = file.map_err(|error| Error::Database(error.into()))?;
        let new = Self {
            dynamodb: dynoxide::Database::memory().map_err(refused)?,
            tables: self.tables.clone(),
        };
        new.create_and_fill()?;
        // The emulator can copy only from a file.
        new.dynamodb.vacuum_into(file).map_err(refused)?;
        self.dynamodb.restore_from(file).map_err(refused)
    }

    /// DynamoDB's protocol as something that [`serve`](fn@wire::serve) can serve.
    ///
    /// Requests that `faults` disturb are late or do not reach the emulator.
    pub fn into_router(self, faults: DatabaseFaults) -> Router {
        front::router(self.dynamodb, faults)
    }

    fn create_and_fill(&self) -> Result<(), Error> {
        for table in &self.tables {
            self.create(table)?;
            if self.is_empty(table)? {
                self.fill(table)?;
            }
        }
        Ok(())
    }

    fn create(&self, table: &Table) -> Result<(), Error> {
        let known = self
            .dynamodb
            .get_table_metadata(table.name)
            .map_err(refused)?;
        if known.is_none() {
            self.dynamodb
                .create_table(request((table.definition)())?)
                .map_err(refused)?;
        }
        Ok(())
    }

    fn is_empty(&self, table: &Table) -> Result<bool, Error> {
        let scan = json!({"TableName": table.name, "Limit": 1, "Select": "COUNT"});
        let found = self.dynamodb.scan(request(scan)?).map_err(refused)?;
        Ok(found.count == 0)
    }

    /// All items or none: a lab that dies meanwhile leaves no half table behind.
    fn fill(&self, table: &Table) -> Result<(), Error> {
        let puts: Vec<Value> = (table.items)()
            .map_err(refused)?
            .into_iter()
            .map(|item| json!({"Put": {"TableName": table.name, "Item": item}}))
            .collect();
        let write = request(json!({ "TransactItems": puts }))?;
        self.dynamodb.transact_write_items(write).map_err(refused)?;
        Ok(())
    }
}

/// A directory that only this user can open. Dropping it removes it.
struct TemporaryDirectory(PathBuf);

impl TemporaryDirectory {
    fn new() -> Result<Self, Error> {
        let path = env::temp_dir().join(format!("lab-reset-{:032x}", rand::random::<u128>()));
        let mut builder = fs::DirBuilder::new();
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(&path)?;
        Ok(Self(path))
    }
}

impl Drop for TemporaryDirectory {
    fn drop(&mut self) {
        // A file that stays is as large as the table at the start.
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn on_disk(path: &Path) -> Result<dynoxide::Database, Box<dyn StdError + Send + Sync>> {
    fs::create_dir_all(path)?;
    let file = path.join(FILE);
    let file = file.to_str().ok_or("its name is not UTF-8")?;
    Ok(dynoxide::Database::new(file)?)
}

/// The emulator's requests are DynamoDB's own JSON.
fn request<T: DeserializeOwned>(json: Value) -> Result<T, Error> {
    serde_json::from_value(json).map_err(refused)
}

fn refused(error: impl StdError + Send + Sync + 'static) -> Error {
    Error::Database(Box::new(error))
}
