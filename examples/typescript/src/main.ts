/** All examples as one component. */

import { App } from "rondo";

import { app as approval } from "./approval.js";
import { app as chaining } from "./chaining.js";
import { app as fanOut } from "./fan_out.js";
import { app as monitor } from "./monitor.js";
import { app as saga } from "./saga.js";
import { app as subOrchestrations } from "./sub_orchestrations.js";

export default new App(chaining, fanOut, approval, saga, monitor, subOrchestrations);
