//! The twin of the monolith: the routes of the monolith with the AWS SDK and actix, and nothing else.

use std::collections::HashMap;
use std::error::Error;

use actix_web::error::ErrorServiceUnavailable;
use actix_web::http::StatusCode;
use actix_web::web::{self, Data, Path, Query, ServiceConfig};
use actix_web::{HttpResponse, Result};
use aws_config::BehaviorVersion;
use aws_config::retry::RetryConfig;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::AttributeValue;
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};
use serde::{Deserialize, Serialize};
use twins::{Message, Update, fail, health, read_variable, respond, serve, unknown_id};

type Item = HashMap<String, AttributeValue>;

struct Table {
    client: Client,
    name: String,
}

#[derive(Deserialize)]
struct ListQuery {
    #[serde(default)]
    filter: String,
    #[serde(default)]
    value: String,
}

#[derive(Serialize)]
struct List<'a> {
    mysfits: Vec<Summary<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Summary<'a> {
    mysfit_id: &'a str,
    name: &'a str,
    goodevil: &'a str,
    lawchaos: &'a str,
    species: &'a str,
    thumb_image_uri: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Mysfit<'a> {
    #[serde(flatten)]
    summary: Summary<'a>,
    age: u64,
    description: &'a str,
    profile_image_uri: &'a str,
    likes: &'a str,
    adopted: bool,
}

fn main() -> Result<(), Box<dyn Error>> {
    actix_web::rt::System::new().block_on(async {
        let table = Data::new(Table {
            client: build_client().await,
            name: read_variable("DDB_TABLE_NAME")?,
        });
        serve(move |config| add_routes(config, &table)).await
    })
}

/// Builds a client that never repeats a call, because a like must not be written twice.
async fn build_client() -> Client {
    let http = aws_smithy_http_client::Builder::new()
        .tls_provider(Provider::Rustls(CryptoMode::Ring))
        .build_https();
    let config = aws_config::defaults(BehaviorVersion::latest())
        .http_client(http)
        .retry_config(RetryConfig::disabled())
        .load()
        .await;
    Client::new(&config)
}

fn add_routes(config: &mut ServiceConfig, table: &Data<Table>) {
    config
        .app_data(table.clone())
        .route("/", web::get().to(check_health))
        .route("/health/ready", web::get().to(check_table))
        .route("/mysfits", web::get().to(list))
        .route("/mysfits/{id}", web::get().to(show))
        .route("/mysfits/{id}/fulfill-like", web::post().to(add_like))
        .route("/mysfits/{id}/adopt", web::post().to(adopt));
}

async fn check_health() -> HttpResponse {
    let message = "Nothing here, used for health check. Try /mysfits instead.";
    respond(StatusCode::OK, Message { message })
}

async fn check_table(table: Data<Table>) -> Result<HttpResponse> {
    let get = table.client.get_item().table_name(&table.name);
    let get = get.key("MysfitId", AttributeValue::S("health check".to_owned()));
    get.send().await.map_err(ErrorServiceUnavailable)?;
    Ok(health("ready"))
}

async fn list(table: Data<Table>, query: Query<ListQuery>) -> Result<HttpResponse> {
    let Query(ListQuery { filter, value }) = query;
    let items: Vec<Item> = match &*filter {
        "" => {
            let scan = table.client.scan().table_name(&table.name);
            let pages = scan.into_paginator().items().send();
            let items = pages.collect::<Result<Vec<_>, _>>().await;
            items.map_err(ErrorServiceUnavailable)?
        }
        "GoodEvil" | "LawChaos" if !value.is_empty() => {
            let query = table.client.query().table_name(&table.name);
            let query = query
                .index_name(format!("{filter}Index"))
                .key_condition_expression("#attribute = :value")
                .expression_attribute_names("#attribute", filter)
                .expression_attribute_values(":value", AttributeValue::S(value));
            let pages = query.into_paginator().items().send();
            let items = pages.collect::<Result<Vec<_>, _>>().await;
            items.map_err(ErrorServiceUnavailable)?
        }
        _ => {
            let message = "filter must be GoodEvil or LawChaos";
            return Ok(fail(StatusCode::BAD_REQUEST, "bad_request", message));
        }
    };
    let mysfits = items.iter().filter_map(summarize).collect();
    Ok(respond(StatusCode::OK, List { mysfits }))
}

async fn show(table: Data<Table>, id: Path<String>) -> Result<HttpResponse> {
    let get = table.client.get_item().table_name(&table.name);
    let get = get.key("MysfitId", AttributeValue::S(id.into_inner()));
    let output = get.consistent_read(true).send().await;
    let item = output.map_err(ErrorServiceUnavailable)?.item;
    Ok(match item.as_ref().and_then(describe) {
        Some(mysfit) => respond(StatusCode::OK, mysfit),
        None => unknown_id(),
    })
}

async fn add_like(table: Data<Table>, id: Path<String>) -> Result<HttpResponse> {
    let update = table.client.update_item().table_name(&table.name);
    let update = update
        .key("MysfitId", AttributeValue::S(id.into_inner()))
        .update_expression("ADD Likes :one")
        .condition_expression("attribute_type(Likes, :number)")
        .expression_attribute_values(":one", AttributeValue::N("1".to_owned()))
        .expression_attribute_values(":number", AttributeValue::S("N".to_owned()));
    respond_to_update(update.send().await)
}

async fn adopt(table: Data<Table>, id: Path<String>) -> Result<HttpResponse> {
    let update = table.client.update_item().table_name(&table.name);
    let update = update
        .key("MysfitId", AttributeValue::S(id.into_inner()))
        .update_expression("SET Adopted = :adopted")
        .condition_expression("attribute_exists(MysfitId)")
        .expression_attribute_values(":adopted", AttributeValue::Bool(true));
    respond_to_update(update.send().await)
}

fn respond_to_update<T>(result: Result<T, SdkError<UpdateItemError>>) -> Result<HttpResponse> {
    match result {
        Ok(_) => Ok(respond(StatusCode::OK, Update { update: "Success" })),
        Err(SdkError::ServiceError(error))
            if error.err().is_conditional_check_failed_exception() =>
        {
            Ok(unknown_id())
        }
        Err(error) => Err(ErrorServiceUnavailable(error)),
    }
}

fn summarize(item: &Item) -> Option<Summary<'_>> {
    Some(Summary {
        mysfit_id: text(item, "MysfitId")?,
        name: text(item, "Name")?,
        goodevil: text(item, "GoodEvil")?,
        lawchaos: text(item, "LawChaos")?,
        species: text(item, "Species")?,
        thumb_image_uri: text(item, "ThumbImageUri")?,
    })
}

fn describe(item: &Item) -> Option<Mysfit<'_>> {
    Some(Mysfit {
        summary: summarize(item)?,
        age: item.get("Age")?.as_n().ok()?.parse().ok()?,
        description: text(item, "Description")?,
        profile_image_uri: text(item, "ProfileImageUri")?,
        likes: item.get("Likes")?.as_n().ok()?,
        adopted: *item.get("Adopted")?.as_bool().ok()?,
    })
}

fn text<'a>(item: &'a Item, name: &str) -> Option<&'a str> {
    item.get(name)?.as_s().ok().map(String::as_str)
}
