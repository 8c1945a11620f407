"""Tests of the lab's AWS endpoint with AWS clients: STS, DynamoDB, X-Ray, and what the endpoint refuses."""

import json
import time
import unittest
import urllib.error
import urllib.request

from botocore.exceptions import ClientError
from botocore.parsers import create_parser

from clients import Boto3, Refused, TestCase, lab, with_each_cli, with_each_client

MYSFIT = "4e53920c-505a-4a90-a694-b9300791f0ae"

CALLER = {"Account": "000000000000", "Arn": "arn:aws:iam::000000000000:root", "UserId": "000000000000"}

SERVICES = "Services of this endpoint: dynamodb, "


class AwsEndpoint(TestCase):
    @with_each_client
    def test_sts_knows_the_caller(self, client):
        self.assertEqual(client.call("sts", "GetCallerIdentity"), CALLER)

    @with_each_client
    def test_dynamodb_answers_at_the_endpoint(self, client):
        table = lab()["table"]
        self.assertEqual(client.call("dynamodb", "ListTables")["TableNames"], [table])
        item = client.call("dynamodb", "GetItem", TableName=table, Key={"MysfitId": {"S": MYSFIT}})["Item"]
        self.assertEqual(item["MysfitId"], {"S": MYSFIT})
        self.assertEqual(len(client.pages("dynamodb", "Scan", "Items", 5, TableName=table)), 12)
        self.assert_refused("ResourceNotFoundException", "Unknown", client.call, "dynamodb", "DescribeTable", TableName="Unknown")

    @with_each_client
    def test_x_ray_answers_at_the_endpoint(self, client):
        now = time.time()
        summaries = client.call("xray", "GetTraceSummaries", StartTime=now - 300, EndTime=now + 60)
        self.assertIsInstance(summaries["TraceSummaries"], list)
        name = f"slow-{client.name}".replace(" ", "-")
        group = {"GroupName": name, "FilterExpression": "responsetime > 1"}
        self.assertEqual(client.call("xray", "CreateGroup", **group)["Group"]["GroupName"], name)
        self.assertEqual([it["GroupName"] for it in client.call("xray", "GetGroups")["Groups"]], [name])
        client.call("xray", "DeleteGroup", GroupName=name)
        self.assertEqual(client.call("xray", "GetGroups")["Groups"], [])
        self.assert_refused("InvalidRequestException", "", client.call, "xray", "GetGroup", GroupName=name)

    @with_each_cli
    def test_commands_are_the_same_as_on_aws(self, cli):
        self.assertEqual(cli.aws("sts", "get-caller-identity"), CALLER)
        key = json.dumps({"MysfitId": {"S": MYSFIT}})
        item = cli.aws("dynamodb", "get-item", "--table-name", lab()["table"], "--key", key)["Item"]
        self.assertEqual(item["MysfitId"]["S"], MYSFIT)
        now = time.time()
        summaries = cli.aws("xray", "get-trace-summaries", "--start-time", str(now - 300), "--end-time", str(now + 60))
        self.assertIsInstance(summaries["TraceSummaries"], list)

    @with_each_cli
    def test_the_name_of_an_operation_that_is_not_implemented_is_shown(self, cli):
        for arguments, code, operation in [
            (["elbv2", "describe-ssl-policies"], "InvalidAction", "DescribeSSLPolicies"),
            (["ec2", "describe-vpcs"], "InvalidAction", "DescribeVpcs"),
            (["sts", "get-session-token"], "InvalidAction", "GetSessionToken of the service sts"),
            (["lambda", "list-functions"], "UnknownOperationException", "of the service lambda"),
            (["s3api", "list-buckets"], "UnknownOperationException", "of the service s3"),
        ]:
            with self.subTest(arguments):
                self.assert_refused(code, operation, cli.aws, *arguments)
                self.assert_refused(code, SERVICES, cli.aws, *arguments)
        self.assert_refused("UnknownOperationException", "ListAccountSettings", cli.aws, "ecs", "list-account-settings")
        # Version 2 calls CloudWatch with the query protocol before 2.32.14, and then with AWS JSON.
        with self.assertRaisesRegex(Refused, "ListMetricStreams of the service monitoring"):
            cli.aws("cloudwatch", "list-metric-streams")
        insights = ["xray", "get-insight-summaries", "--start-time", "0", "--end-time", "1"]
        self.assert_refused("InvalidRequestException", "/InsightSummaries", cli.aws, *insights)
        backups = "The operation DynamoDB_20120810.ListBackups is not implemented"
        self.assert_refused("UnknownOperationException", backups, cli.aws, "dynamodb", "list-backups")

    def test_boto3_reads_the_request_id(self):
        metadata = Boto3.client("sts").get_caller_identity()["ResponseMetadata"]
        self.assertEqual(metadata["RequestId"], metadata["HTTPHeaders"]["x-amzn-requestid"])

    def test_boto3_raises_the_error_of_each_protocol(self):
        dynamodb = Boto3.client("dynamodb")
        with self.assertRaises(dynamodb.exceptions.ResourceNotFoundException):
            dynamodb.describe_table(TableName="Unknown")
        xray = Boto3.client("xray")
        with self.assertRaises(xray.exceptions.InvalidRequestException):
            xray.get_group(GroupName="unknown")
        with self.assertRaises(ClientError) as refused:
            Boto3.client("sts").get_session_token()
        response = refused.exception.response
        self.assertEqual(response["Error"]["Code"], "InvalidAction")
        self.assertEqual(response["Error"]["Type"], "Sender")
        self.assertEqual(response["ResponseMetadata"]["HTTPStatusCode"], 400)

    def test_botocore_reads_an_error_in_cbor(self):
        path = "/service/GraniteServiceVersion20100801/operation/ListMetricStreams"
        request = urllib.request.Request(lab()["aws"] + path, b"\xa0", {"smithy-protocol": "rpc-v2-cbor"})
        with self.assertRaises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(request)
        with refused.exception as error:
            headers = {name.lower(): value for name, value in error.headers.items()}
            response = {"status_code": error.code, "headers": headers, "body": error.read()}
        self.assertEqual(headers["smithy-protocol"], "rpc-v2-cbor")
        parsed = create_parser("smithy-rpc-v2-cbor").parse(response, None)
        self.assertEqual(parsed["Error"]["Code"], "UnknownOperationException")
        self.assertIn(path, parsed["Error"]["Message"])


if __name__ == "__main__":
    unittest.main()
