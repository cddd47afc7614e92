/** The scenarios that every SDK must act out, in TypeScript. What each one does is said in `../../README.md`. */

import { App } from "rondo";

import * as activities from "./activities.js";
import * as calls from "./calls.js";
import * as children from "./children.js";
import * as failures from "./failures.js";
import * as instance from "./instance.js";
import * as relay from "./relay.js";
import * as values from "./values.js";
import * as waits from "./waits.js";

const parts = [activities, values, calls, failures, waits, children, instance, relay];

export default new App(...parts.map(({ app }) => app));
