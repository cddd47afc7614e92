/** Monitor: looks at a certificate once a day until it is about to expire. In JavaScript, as a generator. */

import { App, Failure } from "rondo";

export const app = new App();

/**
 * What to watch, and how far the watch has come.
 *
 * @typedef {{ host: string, valid_days: number, warn_days: number, day_ms: number, checks?: number }} Watch
 * @typedef {{ host: string, days_left: number }} Finding
 */

/** After so many looks the history is thrown away and a new execution goes on. */
const CHECKS_PER_EXECUTION = 3;

app.orchestration(
  "watch",
  /**
   * @param {import("rondo").Context} ctx
   * @param {Watch} watch
   * @returns {Generator<unknown, unknown, any>}
   */
  function* (ctx, { checks = 0, ...watch }) {
    for (let check = 0; check < CHECKS_PER_EXECUTION; check++) {
      const retry = { attempts: 10, backoff: 2 };
      const finding = yield ctx.activity(look, { ...watch, checks }, { retry });
      checks += 1;
      ctx.setCustomStatus(finding);
      if (finding.days_left <= watch.warn_days) {
        const message = yield ctx.activity(notify, finding);
        return { message, checks };
      }
      yield ctx.timer(watch.day_ms);
    }
    ctx.continueAsNew({ ...watch, checks });
  },
  { description: "Watches a certificate until it is about to expire." },
);

const look = app.activity(
  "look",
  /** @param {Watch} watch @returns {Finding} */
  ({ host, valid_days, checks = 0 }) => {
    // A real one would connect to the host and read its certificate.
    if (host === "") {
      throw new Failure("no-host", "there is nothing to look at", { nonRetriable: true });
    }
    return { host, days_left: Math.max(valid_days - checks, 0) };
  },
  { description: "Looks at a certificate." },
);

const notify = app.activity(
  "notify",
  /** @param {Finding} finding */
  ({ host, days_left }) => `the certificate of ${host} expires in ${days_left} days`,
  { description: "Tells its owner." },
);
