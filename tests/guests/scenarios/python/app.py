"""The scenarios that every SDK must act out, in Python. What each one does is said in `../README.md`."""

import rondo

from scenarios import activities, calls, children, failures, instance, relay, values, waits

Orchestrator, Activity = rondo.App(
    activities.app, values.app, calls.app, failures.app, waits.app, children.app, instance.app, relay.app
).export()
