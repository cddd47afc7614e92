// Sub-orchestrations: an order is split between warehouses; each part is an orchestration of its own.
#include <stdlib.h>
#include <string.h>

#include "examples.h"

// An order, or the part of one warehouse.
struct fulfil {
    rondo_flow flow;
    const char *id;
    rondo_json lines;
    const char **warehouses;
    size_t count;
    rondo_task *tasks;
};

static bool read_basket(rondo_json input, void *state)
{
    struct fulfil *self = state;
    self->lines = rondo_member(input, "lines");
    return rondo_read_string(rondo_member(input, "id"), &self->id) && rondo_is_array(self->lines);
}

static int by_name(const void *left, const void *right)
{
    return strcmp(*(const char *const *)left, *(const char *const *)right);
}

// Sorted, each of them once; false if a line has none.
static bool find_warehouses(struct fulfil *self)
{
    rondo_items lines = rondo_items_of(self->lines);
    rondo_json line;
    self->warehouses = rondo_alloc_array(rondo_length(self->lines), sizeof *self->warehouses);
    size_t count = 0;
    while (rondo_next(&lines, &line)) {
        if (!rondo_read_string(rondo_member(line, "warehouse"), &self->warehouses[count++])) {
            return false;
        }
    }
    qsort(self->warehouses, count, sizeof *self->warehouses, by_name);
    self->count = 0;
    for (size_t index = 0; index < count; index++) {
        if (self->count == 0 || strcmp(self->warehouses[self->count - 1], self->warehouses[index]) != 0) {
            self->warehouses[self->count++] = self->warehouses[index];
        }
    }
    return true;
}

static rondo_task begin_part(rondo_context *ctx, const struct fulfil *self, const char *warehouse)
{
    rondo_writer chosen = rondo_array();
    rondo_items lines = rondo_items_of(self->lines);
    rondo_json line;
    while (rondo_next(&lines, &line)) {
        const char *name;
        if (rondo_read_string(rondo_member(line, "warehouse"), &name) && strcmp(name, warehouse) == 0) {
            rondo_push(&chosen, line);
        }
    }
    rondo_writer part = rondo_object();
    rondo_put(&part, "warehouse", rondo_string(warehouse));
    rondo_put(&part, "lines", rondo_end(&chosen));
    const rondo_tag tags[] = {{"order", self->id}, {NULL, NULL}};
    const rondo_child_options options = {
        .instance_id = rondo_format("%s-%s", rondo_instance_id(ctx), warehouse),
        .tags = tags,
    };
    return rondo_child(ctx, "warehouse/ship_part", rondo_end(&part), &options);
}

static rondo_json outputs(const rondo_context *ctx, const struct fulfil *self)
{
    rondo_writer array = rondo_array();
    for (size_t index = 0; index < self->count; index++) {
        rondo_push(&array, rondo_output(ctx, self->tasks[index]));
    }
    return rondo_end(&array);
}

static rondo_step fulfil(rondo_context *ctx, void *state)
{
    struct fulfil *self = state;
    RONDO_BEGIN(ctx, &self->flow);
    if (!find_warehouses(self)) {
        return rondo_fail(ctx, rondo_final_error(RONDO_KIND_INVALID_INPUT, "a line has no warehouse"));
    }
    self->tasks = rondo_alloc_array(self->count, sizeof *self->tasks);
    for (size_t index = 0; index < self->count; index++) {
        self->tasks[index] = begin_part(ctx, self, self->warehouses[index]);
    }
    RONDO_TRY_ALL(self->tasks, self->count);
    return rondo_complete(ctx, outputs(ctx, self));
    RONDO_END;
}

struct part {
    struct fulfil all;
    const char *warehouse;
    rondo_task pack;
};

static bool read_part(rondo_json input, void *state)
{
    struct part *self = state;
    self->all.lines = rondo_member(input, "lines");
    self->all.count = rondo_length(self->all.lines);
    return rondo_read_string(rondo_member(input, "warehouse"), &self->warehouse) && rondo_is_array(self->all.lines);
}

static rondo_step ship_part(rondo_context *ctx, void *state)
{
    struct part *self = state;
    RONDO_BEGIN(ctx, &self->all.flow);
    self->all.tasks = rondo_alloc_array(self->all.count, sizeof *self->all.tasks);
    rondo_items lines = rondo_items_of(self->all.lines);
    rondo_json line;
    for (size_t index = 0; rondo_next(&lines, &line); index++) {
        self->all.tasks[index] = rondo_activity(ctx, "warehouse/pick", line, NULL);
    }
    RONDO_TRY_ALL(self->all.tasks, self->all.count);
    const char *const order = rondo_tag_of(ctx, "order");
    const int count = (int)self->all.count;
    rondo_log(ctx, RONDO_INFO,
              rondo_format("%d of %s's lines picked in %s", count, order ? order : "nobody", self->warehouse));
    rondo_writer picked = rondo_object();
    rondo_put(&picked, "warehouse", rondo_string(self->warehouse));
    rondo_put(&picked, "pieces", outputs(ctx, &self->all));
    self->pack = rondo_activity(ctx, "warehouse/pack", rondo_end(&picked), NULL);
    RONDO_TRY(self->pack);
    return rondo_complete(ctx, rondo_output(ctx, self->pack));
    RONDO_END;
}

static rondo_result pick(const rondo_call *call, rondo_json input)
{
    (void)call;
    const char *sku;
    int64_t quantity;
    if (!rondo_read_string(rondo_member(input, "sku"), &sku) ||
        !rondo_read_i64(rondo_member(input, "quantity"), &quantity)) {
        return rondo_invalid_input();
    }
    if (quantity > 100) {
        const char *const message = rondo_format("no %lld times %s", (long long)quantity, sku);
        return rondo_failed(rondo_final_error("out-of-stock", message));
    }
    return rondo_ok(rondo_number(quantity));
}

static rondo_result pack(const rondo_call *call, rondo_json input)
{
    (void)call;
    rondo_items left = rondo_items_of(rondo_member(input, "pieces"));
    rondo_json item;
    int64_t pieces = 0;
    while (rondo_next(&left, &item)) {
        int64_t count;
        if (!rondo_read_i64(item, &count)) {
            return rondo_invalid_input();
        }
        pieces += count;
    }
    rondo_writer parcel = rondo_object();
    rondo_put(&parcel, "warehouse", rondo_member(input, "warehouse"));
    rondo_put(&parcel, "pieces", rondo_number(pieces));
    rondo_put(&parcel, "weight_g", rondo_number(200 + 350 * pieces));
    return rondo_ok(rondo_end(&parcel));
}

void offer_sub_orchestrations(void)
{
    rondo_offer_orchestration((rondo_orchestration){
        .name = "fulfil",
        .description = "Has an order delivered by all warehouses it needs.",
        .run = fulfil,
        .state_size = sizeof(struct fulfil),
        .read = read_basket,
    });
    rondo_offer_orchestration((rondo_orchestration){
        .name = "warehouse/ship_part",
        .description = "Picks and packs what one warehouse delivers.",
        .run = ship_part,
        .state_size = sizeof(struct part),
        .read = read_part,
    });
    rondo_offer_activity("warehouse/pick", "Takes the articles of one line from their shelf.", pick);
    rondo_offer_activity("warehouse/pack", "Puts what was picked into one parcel.", pack);
}
