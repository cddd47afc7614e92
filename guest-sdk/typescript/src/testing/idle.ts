import { hasReady, runHesitant, runReady } from "../loop.js";

/**
 * Waits until nothing can go on any more.
 *
 * In a component, async functions are generators over promises of the SDK's. Here they are the engine's own, so its
 * microtasks have to run as well: they all have when a new task begins.
 */
export async function idle(): Promise<void> {
  do {
    do {
      runReady();
      await nextTask();
    } while (hasReady());
  } while (runHesitant());
}

function nextTask(): Promise<void> {
  const { setImmediate } = globalThis as unknown as { setImmediate: (job: () => void) => void };
  return new Promise((resolve) => setImmediate(resolve));
}
