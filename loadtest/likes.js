// Likes for k6, through the load balancer. README.md describes the runs.
//
//   k6 run loadtest/likes.js
//   k6 run -e RUN=long -e ALB="$ALB" loadtest/likes.js

import http from 'k6/http';
import { fail, sleep } from 'k6';
import exec from 'k6/execution';

const ALB = __ENV.ALB || 'http://127.0.0.1:8080';

// A virtual user waits this number of seconds after each like.
const PAUSE = Number(__ENV.PAUSE || 1);

const RUNS = {
  short: { executor: 'constant-vus', vus: 10, duration: '30s' },
  long: { executor: 'constant-vus', vus: 10, duration: '10m' },
  // The rate of likes per second changes on straight lines, and does not depend on how fast the service answers.
  ramp: {
    executor: 'ramping-arrival-rate',
    exec: 'like',
    preAllocatedVUs: 50,
    maxVUs: 500,
    startRate: 0,
    timeUnit: '1s',
    stages: [
      { target: 10, duration: '30s' },
      { target: 50, duration: '2m' },
      { target: 0, duration: '30s' },
    ],
  },
};

const run = RUNS[__ENV.RUN || 'short'];
if (!run) {
  throw new Error(`RUN must be one of ${Object.keys(RUNS).join(', ')}`);
}
if (__ENV.DURATION && run.duration) {
  run.duration = __ENV.DURATION;
}

export const options = {
  scenarios: { likes: run },
  // k6 exits with code 99 if a threshold fails. With faults (CHAOSMODE=on) both fail.
  thresholds: {
    'http_req_failed{scenario:likes}': ['rate<0.01'],
    'http_req_duration{scenario:likes}': ['p(95)<500'],
  },
};

export function setup() {
  const list = http.get(`${ALB}/mysfits`);
  if (list.status !== 200) {
    fail(`GET ${ALB}/mysfits answered ${list.status}`);
  }
  return list.json('mysfits').map((mysfit) => mysfit.mysfitId);
}

export function like(ids) {
  const id = ids[exec.scenario.iterationInTest % ids.length];
  // One name for all ids, so that k6 has one set of metrics.
  http.post(`${ALB}/mysfits/${id}/like`, null, { tags: { name: '/mysfits/{id}/like' } });
}

export default function (ids) {
  like(ids);
  sleep(PAUSE);
}
