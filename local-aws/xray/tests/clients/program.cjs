// A program that the X-Ray SDK for Node traces. The program calls a bank, and the call fails.
const xray = require("aws-xray-sdk-core");

xray.enableManualMode();
const segment = new xray.Segment("node shop");
segment.addAnnotation("language", "node");
segment.setUser("alice");
const work = segment.addNewSubsegment("work");
const call = work.addNewSubsegment("bank.example.com");
call.namespace = "remote";
call.http = {
  request: { method: "GET", url: "http://bank.example.com/" },
  response: { status: 503 },
};
call.addFaultFlag();
call.close(new Error("the bank is closed"));
work.close();
segment.close();
process.stdout.write(segment.trace_id);
