"""All examples as one component."""

import rondo

from examples import approval, chaining, fan_out, monitor, saga, sub_orchestrations

app = rondo.App(chaining.app, fan_out.app, approval.app, saga.app, monitor.app, sub_orchestrations.app)

Orchestrator, Activity = app.export()
