"""Sub-orchestrations: an order is split between warehouses; each part is an orchestration of its own."""

from dataclasses import dataclass

import rondo
from rondo import ActivityContext, Context

app = rondo.App()


@dataclass
class Line:
    sku: str
    quantity: int
    warehouse: str


@dataclass
class Order:
    id: str
    lines: list[Line]


@dataclass
class Part:
    warehouse: str
    lines: list[Line]


@dataclass
class Parcel:
    warehouse: str
    pieces: int
    weight_g: int


@app.orchestration
async def fulfil(ctx: Context, order: Order) -> list[Parcel]:
    """Has an order delivered by all warehouses it needs."""
    # Sorted, because the order of a set is not the same in every build.
    warehouses = sorted({line.warehouse for line in order.lines})
    children = [
        ctx.child(
            ship_part,
            Part(warehouse, [line for line in order.lines if line.warehouse == warehouse]),
            instance_id=f"{ctx.instance_id}-{warehouse}",
            tags={"order": order.id},
        )
        for warehouse in warehouses
    ]
    return await rondo.gather(*children)


@app.orchestration(name="warehouse/ship_part")
async def ship_part(ctx: Context, part: Part) -> Parcel:
    """Picks and packs what one warehouse delivers."""
    picked = await rondo.gather(*(ctx.activity(pick, line) for line in part.lines))
    ctx.log("info", f"{len(picked)} of {ctx.tags.get('order')}'s lines picked in {part.warehouse}")
    return await ctx.activity(pack, (part.warehouse, picked))


@app.activity(name="warehouse/pick")
def pick(ctx: ActivityContext, line: Line) -> int:
    """Takes the articles of one line from their shelf."""
    if line.quantity > 100:
        raise rondo.Failure("out-of-stock", f"no {line.quantity} times {line.sku}", non_retriable=True)
    return line.quantity


@app.activity(name="warehouse/pack")
def pack(ctx: ActivityContext, packing: tuple[str, list[int]]) -> Parcel:
    """Puts what was picked into one parcel."""
    warehouse, picked = packing
    pieces = sum(picked)
    return Parcel(warehouse, pieces, 200 + 350 * pieces)
