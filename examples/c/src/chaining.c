// Function chaining: an order is checked, charged and handed to a carrier, one step after another.
#include <string.h>

#include "examples.h"

struct order {
    rondo_flow flow;
    const char *id;
    int64_t paid_cents;
    const char *label;
    rondo_task task;
};

static bool read_order(rondo_json input, void *state)
{
    struct order *self = state;
    return rondo_read_string(rondo_member(input, "id"), &self->id) && rondo_is_array(rondo_member(input, "items"));
}

static rondo_step order(rondo_context *ctx, void *state)
{
    static const rondo_retry stubborn = {.max_attempts = 5, .backoff = 2};
    struct order *self = state;
    RONDO_BEGIN(ctx, &self->flow);
    self->task = rondo_activity(ctx, "quote", rondo_input(ctx), NULL);
    RONDO_TRY(self->task);
    self->task = rondo_activity(ctx, "charge", rondo_output(ctx, self->task), &stubborn);
    RONDO_TRY(self->task);
    rondo_json payment = rondo_output(ctx, self->task);
    const char *reference;
    if (!rondo_read_i64(rondo_member(payment, "charged_cents"), &self->paid_cents) ||
        !rondo_read_string(rondo_member(payment, "reference"), &reference)) {
        return rondo_invalid_output(ctx);
    }
    rondo_log(ctx, RONDO_INFO, rondo_format("order %s is paid: %s", self->id, reference));
    self->task = rondo_activity(ctx, "ship", rondo_input(ctx), NULL);
    RONDO_TRY(self->task);
    if (!rondo_read_string(rondo_member(rondo_output(ctx, self->task), "label"), &self->label)) {
        return rondo_invalid_output(ctx);
    }
    rondo_writer receipt = rondo_object();
    rondo_put(&receipt, "order_id", rondo_string(self->id));
    rondo_put(&receipt, "paid_cents", rondo_number(self->paid_cents));
    rondo_put(&receipt, "label", rondo_string(self->label));
    return rondo_complete(ctx, rondo_end(&receipt));
    RONDO_END;
}

// How many pieces there are, and what they cost without tax.
static bool add_up(rondo_json items, int64_t *pieces, int64_t *net_cents)
{
    rondo_items left = rondo_items_of(items);
    rondo_json item;
    *pieces = *net_cents = 0;
    while (rondo_next(&left, &item)) {
        int64_t quantity;
        int64_t price_cents;
        if (!rondo_read_i64(rondo_member(item, "quantity"), &quantity) ||
            !rondo_read_i64(rondo_member(item, "price_cents"), &price_cents)) {
            return false;
        }
        *pieces += quantity;
        *net_cents += quantity * price_cents;
    }
    return true;
}

static rondo_result quote(const rondo_call *call, rondo_json input)
{
    (void)call;
    const char *id;
    const char *country;
    int64_t pieces;
    int64_t net;
    if (!rondo_read_string(rondo_member(input, "id"), &id) ||
        !rondo_read_string(rondo_member(input, "country"), &country) ||
        !add_up(rondo_member(input, "items"), &pieces, &net)) {
        return rondo_invalid_input();
    }
    if (pieces == 0) {
        return rondo_failed(rondo_final_error("empty-order", rondo_format("order %s has no items", id)));
    }
    const int64_t tax_percent = strcmp(country, "DE") == 0 ? 19 : strcmp(country, "FR") == 0 ? 20 : 0;
    rondo_writer total = rondo_object();
    rondo_put(&total, "order_id", rondo_string(id));
    rondo_put(&total, "total_cents", rondo_number(net + net * tax_percent / 100));
    return rondo_ok(rondo_end(&total));
}

static rondo_result charge(const rondo_call *call, rondo_json input)
{
    (void)call;
    const char *order_id;
    if (!rondo_read_string(rondo_member(input, "order_id"), &order_id)) {
        return rondo_invalid_input();
    }
    // An activity may run twice. A real provider would be called with this reference and charge once.
    rondo_writer payment = rondo_object();
    rondo_put(&payment, "reference", rondo_string(rondo_format("pay-%s", order_id)));
    rondo_put(&payment, "charged_cents", rondo_member(input, "total_cents"));
    return rondo_ok(rondo_end(&payment));
}

static rondo_result ship(const rondo_call *call, rondo_json input)
{
    (void)call;
    const char *id;
    const char *country;
    int64_t pieces;
    int64_t net;
    if (!rondo_read_string(rondo_member(input, "id"), &id) ||
        !rondo_read_string(rondo_member(input, "country"), &country) ||
        !add_up(rondo_member(input, "items"), &pieces, &net)) {
        return rondo_invalid_input();
    }
    rondo_writer shipment = rondo_object();
    rondo_put(&shipment, "label", rondo_string(rondo_format("%s / %s", country, id)));
    rondo_put(&shipment, "parcels", rondo_number((pieces + 9) / 10));
    return rondo_ok(rondo_end(&shipment));
}

void offer_chaining(void)
{
    rondo_offer_orchestration((rondo_orchestration){
        .name = "order",
        .description = "Takes an order from quote to shipment.",
        .run = order,
        .state_size = sizeof(struct order),
        .read = read_order,
    });
    rondo_offer_activity("quote", "Adds up an order, tax included.", quote);
    rondo_offer_activity("charge", "Charges the customer's card.", charge);
    rondo_offer_activity("ship", "Orders a parcel from the carrier.", ship);
}
