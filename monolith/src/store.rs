//! The table of mysfits. Everything that talks to DynamoDB is here.

use std::cell::Cell;
use std::time::Duration;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::Config;
use aws_sdk_dynamodb::config::retry::RetryConfig;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::AttributeValue;
use tokio::time::{sleep, timeout};

use crate::error::Error;
use crate::mysfit::{Filter, Mysfit, MysfitId};

mod backoff;
mod failure;
mod item;
mod observed;

pub use observed::Observed;

use backoff::Backoff;
use failure::{database, surely_not_written};
use item::Item;

/// The table, and the deadline of all that one request does in it.
#[derive(Clone, Debug)]
pub struct Store {
    client: Client,
    table: String,
    deadline: Duration,
}

impl Store {
    /// A store over `table`; nothing is sent yet.
    pub fn new(client: Client, table: String, deadline: Duration) -> Self {
        Self {
            client,
            table,
            deadline,
        }
    }

    /// All mysfits, from every page of the scan.
    pub async fn list(&self) -> Result<Vec<Mysfit>, Error> {
        let scan = self.client.scan().table_name(&self.table);
        let pages = scan.into_paginator().items().send();
        self.within_deadline(async { whole(pages.collect::<Result<Vec<_>, _>>().await) })
            .await
    }

    /// The mysfits that `filter` lets through, from every page of the index.
    pub async fn filter(&self, filter: Filter) -> Result<Vec<Mysfit>, Error> {
        let query = self
            .client
            .query()
            .table_name(&self.table)
            .index_name(filter.by.index())
            .key_condition_expression("#trait = :value")
            .expression_attribute_names("#trait", filter.by.attribute())
            .expression_attribute_values(":value", AttributeValue::S(filter.value));
        let pages = query.into_paginator().items().send();
        self.within_deadline(async { whole(pages.collect::<Result<Vec<_>, _>>().await) })
            .await
    }

    /// One mysfit, as it is after every like that was answered before.
    pub async fn find(&self, id: &MysfitId) -> Result<Mysfit, Error> {
        let get = self.client.get_item().table_name(&self.table);
        let get = get.key("MysfitId", key(id)).consistent_read(true).send();
        let found = self
            .within_deadline(async { get.await.map_err(database) })
            .await?;
        let item = found.item.ok_or(Error::NoSuchMysfit)?;
        parsed(&item).ok_or(Error::NoSuchMysfit)
    }

    /// Counts one like.
    ///
    /// It is sent again only while it surely was not written: DynamoDB has no way to tell a second
    /// like from the first one sent twice.
    pub async fn like(&self, id: &MysfitId) -> Result<(), Error> {
        let update = self
            .client
            .update_item()
            .table_name(&self.table)
            .key("MysfitId", key(id))
            .update_expression("ADD Likes :one")
            .condition_expression("attribute_type(Likes, :number)")
            .expression_attribute_values(":one", AttributeValue::N("1".to_owned()))
            .expression_attribute_values(":number", AttributeValue::S("N".to_owned()));
        let once = || {
            let no_retries = Config::builder().retry_config(RetryConfig::disabled());
            let update = update.clone().customize().config_override(no_retries);
            update.send()
        };
        // Why the last attempt surely did not write, while none is under way.
        let not_written = Cell::new(None);
        let liked = self.within_deadline(async {
            let mut backoff = Backoff::new();
            loop {
                not_written.take();
                match once().await {
                    Ok(_) => return Ok(()),
                    Err(error) if surely_not_written(&error) => {
                        let pause = backoff.next_pause(rand::random());
                        let pause_ms = pause.as_secs_f64() * 1000.0;
                        tracing::debug!(pause_ms, "like was not written, trying again");
                        not_written.set(Some(error));
                        sleep(pause).await;
                    }
                    Err(error) => return Err(refused(error)),
                }
            }
        });
        match (liked.await, not_written.take()) {
            (Err(Error::DatabaseTimeout), Some(known)) => Err(database(known)),
            (liked, _) => liked,
        }
    }

    /// Marks a mysfit as adopted. Doing so twice is the same as once, so the SDK may retry.
    pub async fn adopt(&self, id: &MysfitId) -> Result<(), Error> {
        let update = self
            .client
            .update_item()
            .table_name(&self.table)
            .key("MysfitId", key(id))
            .update_expression("SET Adopted = :adopted")
            .condition_expression("attribute_exists(MysfitId)")
            .expression_attribute_values(":adopted", AttributeValue::Bool(true))
            .send();
        self.within_deadline(async { update.await.map(drop).map_err(refused) })
            .await
    }

    /// Whether the table answers; reads a key that no mysfit has.
    pub async fn ready(&self) -> Result<(), Error> {
        let get = self.client.get_item().table_name(&self.table);
        let get = get.key("MysfitId", AttributeValue::S("health check".to_owned()));
        self.within_deadline(async { get.send().await.map(drop).map_err(database) })
            .await
    }

    async fn within_deadline<T>(
        &self,
        work: impl Future<Output = Result<T, Error>>,
    ) -> Result<T, Error> {
        timeout(self.deadline, work)
            .await
            .unwrap_or(Err(Error::DatabaseTimeout))
    }
}

fn key(id: &MysfitId) -> AttributeValue {
    AttributeValue::S(id.as_str().to_owned())
}

/// The mysfits of a list; what is odd is left out, so that one bad item does not cost the list.
fn whole<E>(items: Result<Vec<Item>, E>) -> Result<Vec<Mysfit>, Error>
where
    E: std::error::Error + Send + Sync + 'static,
{
    let items = items.map_err(database)?;
    Ok(items.iter().filter_map(parsed).collect())
}

fn parsed(item: &Item) -> Option<Mysfit> {
    Mysfit::try_from(item)
        .inspect_err(|odd| {
            let id = item.get("MysfitId").and_then(|id| id.as_s().ok());
            tracing::warn!(mysfit.id = id, cause = %odd, "item is not a mysfit, left out");
        })
        .ok()
}

fn refused(error: aws_sdk_dynamodb::error::SdkError<UpdateItemError>) -> Error {
    let condition_failed = error
        .as_service_error()
        .is_some_and(UpdateItemError::is_conditional_check_failed_exception);
    if condition_failed {
        Error::NoSuchMysfit
    } else {
        database(error)
    }
}
