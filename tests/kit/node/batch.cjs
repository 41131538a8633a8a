// Prints a batch as a platform makes it that already speaks CloudEvents: node batch.cjs SOURCE
const { CloudEvent } = require("cloudevents");

const events = [1, 2].map(
  (number) =>
    new CloudEvent({
      id: `npm-${number}`,
      source: process.argv[2],
      type: "task.completed.v1",
      time: "2026-03-04T09:00:00.000Z",
      data: { task: `npm-${number}`, worker: "w-7f3a", seconds: 60 },
    }),
);
console.log(JSON.stringify(events));
