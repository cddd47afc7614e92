/** Function chaining: an order is checked, charged and handed to a carrier, one step after another. */

import { App, Failure } from "rondo";

export const app = new App();

interface Item {
  sku: string;
  quantity: number;
  price_cents: number;
}

interface Order {
  id: string;
  items: Item[];
  country: string;
}

interface Quote {
  order_id: string;
  total_cents: number;
}

const TAX_PERCENT: Record<string, number> = { DE: 19, FR: 20 };

const quote = app.activity(
  "quote",
  ({ id, items, country }: Order): Quote => {
    if (items.every(({ quantity }) => quantity === 0)) {
      throw new Failure("empty-order", `order ${id} has no items`, { nonRetriable: true });
    }
    const net = items.reduce((sum, item) => sum + item.price_cents * item.quantity, 0);
    return { order_id: id, total_cents: net + Math.trunc((net * (TAX_PERCENT[country] ?? 0)) / 100) };
  },
  { description: "Adds up an order, tax included." },
);

const charge = app.activity(
  "charge",
  // An activity may run twice. A real provider would be called with this reference and charge once.
  ({ order_id, total_cents }: Quote) => ({ reference: `pay-${order_id}`, charged_cents: total_cents }),
  { description: "Charges the customer's card." },
);

const ship = app.activity(
  "ship",
  ({ id, items, country }: Order) => {
    const pieces = items.reduce((sum, { quantity }) => sum + quantity, 0);
    return { label: `${country} / ${id}`, parcels: Math.ceil(pieces / 10) };
  },
  { description: "Orders a parcel from the carrier." },
);

app.orchestration(
  "order",
  async (ctx, order: Order) => {
    const quoted = await ctx.activity(quote, order);
    const payment = await ctx.activity(charge, quoted, { retry: { attempts: 5, backoff: 2 } });
    console.log(`order ${order.id} is paid: ${payment.reference}`);
    const shipment = await ctx.activity(ship, order);
    return { order_id: order.id, paid_cents: payment.charged_cents, label: shipment.label };
  },
  { description: "Takes an order from quote to shipment." },
);
