// Drives a server through a client of Durable Functions for JavaScript, as an app does that gets it from its host.
//
//   node check.js PACKAGE webhooks|rpc SERVER KEY      in the folder where the package is installed
//
// The orchestrations are those of the guest `scenarios`. Every wait ends by itself: the test that runs this kills nothing.

import assert from "node:assert/strict";
import { createRequire } from "node:module";

const [library, mode, server, key] = process.argv.slice(2);
const isNew = library === "durable-functions";
const prefix = `${library}-${mode}`;
const webhooks = `${server}/runtime/webhooks/durabletask`;
const code = `code=${encodeURIComponent(key)}`;
const since = new Date(Date.now() - 1);

// Else the packages would look for the host at its usual port of a developer's machine.
process.env.WEBSITE_HOSTNAME = new URL(server).host;
const { getClient } = createRequire(`${process.cwd()}/`)(library);
const bound = await binding();
const client = getClient(context(bound));

await startsAndEnds();
await suspendsAndResumes();
await rewinds();
await restarts();
await refusesAnotherTaskHub();
await refusesEntities();
await terminatesListsAndPurges();

/** What a host of Durable Functions gives its functions: addresses with a word where an instance's id belongs. */
async function binding() {
  const templates = await fetch(`${webhooks}/orchestrators/wait_event/INSTANCEID-${prefix}?${code}`, { method: "POST", body: '"go"' });
  assert.equal(templates.status, 202);
  const managementUrls = await templates.json();
  delete managementUrls.executionId;
  const withPassword = Object.assign(new URL("/durabletask/", server), { username: "rondo", password: key });
  return {
    taskHubName: new URL(managementUrls.statusQueryGetUri).searchParams.get("taskHub"),
    creationUrls: { createNewInstancePostUri: `${webhooks}/orchestrators/{functionName}[/{instanceId}]?${code}` },
    managementUrls,
    baseUrl: webhooks,
    requiredQueryStringParameters: code,
    rpcBaseUrl: mode === "rpc" ? withPassword.href : undefined,
  };
}

/** Where a function finds that. */
function context(data) {
  const input = { type: "durableClient", name: "client" };
  return isNew ? { options: { extraInputs: [input] }, extraInputs: { get: () => data } } : { bindings: { client: data } };
}

async function start(name, instanceId, input) {
  const id = await (isNew ? client.startNew(name, { instanceId, input }) : client.startNew(name, instanceId, input));
  if (instanceId) {
    assert.equal(id, instanceId);
  }
  return id;
}

async function status(id) {
  const options = { showHistory: true, showHistoryOutput: true, showInput: true };
  return await (isNew ? client.getStatus(id, options) : client.getStatus(id, true, true, true));
}

async function until(id, wanted) {
  for (let left = 1_000; left > 0; left -= 1) {
    const seen = await status(id);
    if (seen.runtimeStatus === wanted) {
      return seen;
    }
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  assert.fail(`${id} is not ${wanted}: ${JSON.stringify(await status(id))}`);
}

async function startsAndEnds() {
  const id = await start("wait_event", `${prefix}-a`, "go");
  const begun = await status(id);
  assert.deepEqual([begun.name, begun.instanceId, begun.input], ["wait_event", id, "go"]);
  assert.ok(new Date(begun.createdTime) <= new Date());
  await client.raiseEvent(id, "go", { ok: [1, "ä"] });
  const ended = await until(id, "Completed");
  assert.deepEqual(ended.output, { ok: [1, "ä"] });
  if (!isNew) {
    const types = ended.historyEvents.map((event) => event.EventType);
    assert.deepEqual(types, ["ExecutionStarted", "EventRaised", "ExecutionCompleted"]);
  }
  const answer = await client.waitForCompletionOrCreateCheckStatusResponse({ url: `${server}/api/start` }, id);
  assert.equal(answer.status, 200);
  // One that has ended takes no events, which is no error.
  await client.raiseEvent(id, "go", 1);
  await assert.rejects(client.raiseEvent(`${prefix}-none`, "go", 1), /No instance/);
  const missing = status(`${prefix}-none`);
  await (isNew ? assert.rejects(missing, /404/) : missing.then((nothing) => assert.ok(!nothing)));
  assert.ok(await start("wait_event", undefined, "go"));
  await assert.rejects(start("no-such-orchestration", undefined, 1), /no deployed component offers/);
}

async function suspendsAndResumes() {
  if (!isNew) {
    return;
  }
  const id = await start("wait_event", `${prefix}-s`, "go");
  await client.suspend(id, "lunch & more");
  await until(id, "Suspended");
  await client.resume(id, "back & well");
  await until(id, "Running");
  const answer = await client.waitForCompletionOrCreateCheckStatusResponse({ url: `${server}/api/start` }, id, {
    timeoutInMilliseconds: 2,
    retryIntervalInMilliseconds: 1,
  });
  assert.equal(answer.status, 202);
}

async function rewinds() {
  const id = await start("call_fail", `${prefix}-f`, { details: null, kind: "k", message: "m", non_retriable: true });
  const failed = await until(id, "Failed");
  await client.rewind(id, "fixed & tested");
  for (let left = 1_000; (await status(id)).historyEvents?.length === failed.historyEvents?.length; left -= 1) {
    // The newer package leaves the history out.
    if (isNew) {
      break;
    }
    assert.ok(left > 0, "it was not rewound");
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  const running = await start("wait_event", `${prefix}-r`, "go");
  await assert.rejects(client.rewind(running, "why"), isNew ? /only a failed one can be rewound/ : /412/);
  await assert.rejects(client.rewind(`${prefix}-none`, "why"), /o instance/);
  // Nothing else in it may wait for the end of this one.
  await until(id, "Failed");
}

async function restarts() {
  const { restartPostUri } = client.createHttpManagementPayload(`${prefix}-a`);
  const again = await fetch(restartPostUri, { method: "POST" });
  assert.equal(again.status, 202);
  const { id } = await again.json();
  assert.notEqual(id, `${prefix}-a`);
  assert.equal((await status(id)).input, "go");
}

async function refusesAnotherTaskHub() {
  const id = `${prefix}-r`;
  const elsewhere = { taskHubName: "Elsewhere" };
  const raised = isNew ? client.raiseEvent(id, "go", 1, elsewhere) : client.raiseEvent(id, "go", 1, "Elsewhere");
  await assert.rejects(raised, /421.*other-task-hub/);
  await until(id, "Running");
  const purge = await fetch(bound.managementUrls.purgeHistoryDeleteUri.replace(bound.taskHubName, "Elsewhere"), { method: "DELETE" });
  assert.equal(purge.status, 421);
}

async function refusesEntities() {
  const entity = { name: "counter", key: "a" };
  await assert.rejects(client.readEntityState(entity), /501/);
  await assert.rejects(client.signalEntity(entity, "add", 1), /501/);
}

async function terminatesListsAndPurges() {
  const ended = [`${prefix}-t1`, `${prefix}-t2`, `${prefix}-t3`];
  for (const id of ended) {
    await start("wait_event", id, "go");
    await client.terminate(id, "R&D said so");
    const { output } = await until(id, "Terminated");
    assert.ok(output.startsWith("R"), output);
  }
  const until_ = new Date(Date.now() + 60_000);
  const by = (what, statuses) =>
    isNew
      ? client[what]({ createdTimeFrom: since, createdTimeTo: until_, runtimeStatus: statuses })
      : client[what](since, until_, statuses);
  const ids = (listed) => listed.map(({ instanceId }) => instanceId).sort();
  assert.deepEqual(ids(await by("getStatusBy", ["Terminated", "Canceled"])), ended);
  assert.deepEqual(ids(await by("getStatusBy", ["Canceled"])), []);
  assert.ok(ids(await client.getStatusAll()).includes(`${prefix}-a`));

  assert.deepEqual(await client.purgeInstanceHistory(ended[0]), { instancesDeleted: 1 });
  assert.equal((await client.purgeInstanceHistory(ended[0])).instancesDeleted, 0);
  assert.deepEqual(await by("purgeInstanceHistoryBy", ["Terminated"]), { instancesDeleted: 2 });
  assert.equal((await by("purgeInstanceHistoryBy", ["Terminated"])).instancesDeleted, 0);
  assert.deepEqual(ids(await by("getStatusBy", ["Terminated"])), []);
}
