// Names for ids in paths: the items of the DynamoDB tables that have a `Name`. DynamoDB is asked, and not the application, so that the console causes no
// requests, log lines and traces of its own in what it observes.

import { dynamodb } from "../aws.js";

/** More items are not read. Their ids are then shown as they are. */
const MAX_ITEMS = 1000;

/** Returns a map from keys to names. A table that cannot be read has no names. */
export async function loadNames() {
  const { TableNames } = await dynamodb("ListTables");
  const tables = await Promise.allSettled(TableNames.map(loadNamesOfTable));
  return new Map(tables.flatMap(({ value }) => value ?? []));
}

async function loadNamesOfTable(TableName) {
  const { Table } = await dynamodb("DescribeTable", { TableName });
  const key = Table.KeySchema.find(({ KeyType }) => KeyType === "HASH").AttributeName;
  const attributes = { ProjectionExpression: "#key, #name", ExpressionAttributeNames: { "#key": key, "#name": "Name" } };
  const { Items } = await dynamodb("Scan", { TableName, Limit: MAX_ITEMS, ...attributes });
  return Items.filter((item) => item.Name?.S).map((item) => [item[key].S, item.Name.S]);
}
