"""Drives a server through the client of Durable Functions for Python, as an app does that gets it from its host.

    python check.py SERVER KEY

The package speaks to the base address for out-of-process workers only, so there is one mode. It encodes inputs and the
data of events twice: an orchestration gets a text that holds JSON.
"""

import asyncio
import json
import sys
from datetime import datetime, timedelta, timezone
from urllib.parse import quote, urlsplit

import azure.durable_functions as df
from azure.durable_functions import OrchestrationRuntimeStatus as Status

SERVER, KEY = sys.argv[1:]
PREFIX = "python"


def binding() -> str:
    """What a host of Durable Functions gives its functions."""
    server, password = urlsplit(SERVER), quote(KEY, safe="")
    base = f"{server.scheme}://rondo:{password}@{server.netloc}/durabletask/"
    instance = f"{SERVER}/runtime/webhooks/durabletask/instances/INSTANCEID"
    urls = {"id": "INSTANCEID", "statusQueryGetUri": f"{instance}?code={quote(KEY)}"}
    return json.dumps({"taskHubName": "rondo", "creationUrls": {}, "managementUrls": urls, "rpcBaseUrl": base})


async def status(client, instance):
    return await client.get_status(instance, show_history=True, show_history_output=True, show_input=True)


async def until(client, instance, wanted, kind=None):
    for _ in range(1000):
        seen = await status(client, instance)
        types = [event["EventType"] for event in seen.historyEvents or []]
        if seen.runtime_status == wanted and (kind is None or kind in types):
            return seen
        await asyncio.sleep(0.025)
    raise AssertionError(f"{instance} is not {wanted}: {seen.to_json()}")


async def refused(call, text):
    try:
        await call
    except Exception as error:  # The package raises nothing more special.
        assert text in str(error), error
    else:
        raise AssertionError(f"not refused: {text}")


async def starts_and_ends(client):
    instance = await client.start_new("wait_event", f"{PREFIX}-a", "go")
    assert instance == f"{PREFIX}-a"
    begun = await status(client, instance)
    assert (begun.name, begun.instance_id, begun.input_) == ("wait_event", instance, '"go"'), begun.to_json()
    await client.raise_event(instance, "%22go%22", {"ok": [1, "ä"]})
    ended = await until(client, instance, Status.Completed)
    assert json.loads(ended.output) == {"ok": [1, "ä"]}, ended.output
    types = [event["EventType"] for event in ended.historyEvents]
    assert types == ["ExecutionStarted", "EventRaised", "ExecutionCompleted"], types
    answer = await client.wait_for_completion_or_create_check_status_response(None, instance)
    assert answer.status_code == 200
    await refused(client.raise_event(instance, "go", 1), "is gone")
    await refused(client.raise_event(f"{PREFIX}-none", "go", 1), "No instance")
    await refused(client.start_new("no-such-orchestration"), "no deployed component offers")
    assert not await client.get_status(f"{PREFIX}-none")
    assert await client.start_new("wait_event", client_input="go")


async def suspends_and_resumes(client):
    instance = await client.start_new("wait_event", f"{PREFIX}-s", "go", version="2 & more")
    await client.suspend(instance, "lunch & more")
    await until(client, instance, Status.Suspended)
    await client.resume(instance, "back & well")
    await until(client, instance, Status.Running)


async def rewinds(client):
    # Its input is no object, so it fails at once.
    instance = await client.start_new("call_fail", f"{PREFIX}-f", 1)
    await until(client, instance, Status.Failed)
    await client.rewind(instance, "fixed & tested")
    await until(client, instance, Status.Failed, "ExecutionRewound")
    running = await client.start_new("wait_event", f"{PREFIX}-r", "go")
    await refused(client.rewind(running, "why"), "only a failed one can be rewound")
    await refused(client.rewind(f"{PREFIX}-none", "why"), "No instance")


async def refuses_another_task_hub_and_entities(client):
    await refused(client.raise_event(f"{PREFIX}-r", "go", 1, task_hub_name="Elsewhere"), "421")
    entity = df.EntityId("counter", "a")
    await refused(client.read_entity_state(entity), "501")
    await refused(client.signal_entity(entity, "add", 1), "501")


async def terminates_lists_and_purges(client, since):
    ended = [f"{PREFIX}-t{number}" for number in range(3)]
    for instance in ended:
        await client.start_new("wait_event", instance, "go")
        await client.terminate(instance, "R&D said so")
        seen = await until(client, instance, Status.Terminated)
        assert seen.output == "R&D said so", seen.output
    soon = datetime.now(timezone.utc) + timedelta(minutes=1)

    async def listed(statuses, prefix=None):
        return sorted(status.instance_id for status in await client.get_status_by(since, soon, statuses, prefix))

    assert await listed([Status.Terminated, Status.Canceled]) == ended
    assert await listed([Status.Terminated], f"{PREFIX}-t1") == ended[1:2]
    assert await listed([Status.Canceled]) == []
    assert f"{PREFIX}-a" in [status.instance_id for status in await client.get_status_all()]

    assert (await client.purge_instance_history(ended[0])).instances_deleted == 1
    assert (await client.purge_instance_history(ended[0])).instances_deleted == 0
    assert (await client.purge_instance_history_by(since, soon, [Status.Terminated])).instances_deleted == 2
    assert (await client.purge_instance_history_by(since, soon, [Status.Terminated])).instances_deleted == 0


async def everything():
    since = datetime.now(timezone.utc) - timedelta(milliseconds=1)
    client = df.DurableOrchestrationClient(binding())
    await starts_and_ends(client)
    await suspends_and_resumes(client)
    await rewinds(client)
    await refuses_another_task_hub_and_entities(client)
    await terminates_lists_and_purges(client, since)


asyncio.run(everything())
