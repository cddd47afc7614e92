/** Sub-orchestrations: an order is split between warehouses; each part is an orchestration of its own. */

import { App, Failure } from "rondo";

export const app = new App();

interface Line {
  sku: string;
  quantity: number;
  warehouse: string;
}

interface Order {
  id: string;
  lines: Line[];
}

/** The part of an order that one warehouse delivers. */
interface Part {
  warehouse: string;
  lines: Line[];
}

interface Parcel {
  warehouse: string;
  pieces: number;
  weight_g: number;
}

const pick = app.activity(
  "warehouse/pick",
  ({ sku, quantity }: Line) => {
    if (quantity > 100) {
      throw new Failure("out-of-stock", `no ${quantity} times ${sku}`, { nonRetriable: true });
    }
    return quantity;
  },
  { description: "Takes the articles of one line from their shelf." },
);

const pack = app.activity(
  "warehouse/pack",
  ([warehouse, picked]: [warehouse: string, picked: number[]]): Parcel => {
    const pieces = picked.reduce((sum, quantity) => sum + quantity, 0);
    return { warehouse, pieces, weight_g: 200 + 350 * pieces };
  },
  { description: "Puts what was picked into one parcel." },
);

const shipPart = app.orchestration(
  "warehouse/ship_part",
  async (ctx, { warehouse, lines }: Part) => {
    const picked = await ctx.all(lines.map((line) => ctx.activity(pick, line)));
    console.log(`${picked.length} of ${ctx.tags["order"]}'s lines picked in ${warehouse}`);
    return await ctx.activity(pack, [warehouse, picked]);
  },
  { description: "Picks and packs what one warehouse delivers." },
);

app.orchestration(
  "fulfil",
  async (ctx, order: Order) => {
    const warehouses = [...new Set(order.lines.map(({ warehouse }) => warehouse))].sort();
    const children = warehouses.map((warehouse) => {
      const lines = order.lines.filter((line) => line.warehouse === warehouse);
      const options = { instanceId: `${ctx.instanceId}-${warehouse}`, tags: { order: order.id } };
      return ctx.child(shipPart, { warehouse, lines }, options);
    });
    return await ctx.all(children);
  },
  { description: "Has an order delivered by all warehouses it needs." },
);
