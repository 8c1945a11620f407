// A program whose HTTP calls the X-Ray SDK for Node traces. The program calls the URL in its first argument.
const xray = require("aws-xray-sdk-core");

const http = xray.captureHTTPs(require("http"));
const segment = new xray.Segment("gate");
xray.getNamespace().run(() => {
  xray.setSegment(segment);
  http.get(process.argv[2], (response) => {
    response.on("end", () => segment.close()).resume();
  });
});
process.stdout.write(segment.trace_id);
