// Human interaction: an expense report waits for somebody's decision, but not forever.
#include <string.h>

#include "examples.h"

struct expense {
    rondo_flow flow;
    const char *employee;
    // How long the first approver has, and then their manager.
    int64_t timeout_ms;
    size_t asked;
    bool is_approved;
    const char *by;
    rondo_task task;
};

static const char *const approvers[] = {"approver", "manager"};

static bool read_expense(rondo_json input, void *state)
{
    struct expense *self = state;
    int64_t amount_cents;
    return rondo_read_string(rondo_member(input, "employee"), &self->employee) &&
           rondo_read_i64(rondo_member(input, "timeout_ms"), &self->timeout_ms) &&
           rondo_read_i64(rondo_member(input, "amount_cents"), &amount_cents);
}

static bool is_timeout(const rondo_failure *failure)
{
    return failure && strcmp(failure->kind, RONDO_KIND_TIMEOUT) == 0;
}

static rondo_step end(rondo_context *ctx, const struct expense *self, rondo_json booking)
{
    rondo_writer outcome = rondo_object();
    rondo_put(&outcome, "approved", rondo_bool(self->is_approved));
    rondo_put(&outcome, "by", rondo_string(self->by));
    rondo_put(&outcome, "booking", booking);
    rondo_set_custom_status(ctx, rondo_string(self->is_approved ? "approved" : "rejected"));
    return rondo_complete(ctx, rondo_end(&outcome));
}

static rondo_step expense(rondo_context *ctx, void *state)
{
    struct expense *self = state;
    RONDO_BEGIN(ctx, &self->flow);
    self->task = rondo_activity(ctx, "classify", rondo_input(ctx), NULL);
    RONDO_TRY_READ(self->task, rondo_read_string, &self->by);
    if (strcmp(self->by, "needs-decision") != 0) {
        self->is_approved = true;
        self->by = "policy";
    } else {
        // When both stay silent, the answer is no.
        self->by = "timeout";
        for (; self->asked < 2; self->asked++) {
            const char *const status = rondo_format("waiting for the %s", approvers[self->asked]);
            rondo_set_custom_status(ctx, rondo_string(status));
            self->task = rondo_limit(ctx, rondo_event(ctx, "decision"), (uint64_t)self->timeout_ms);
            RONDO_AWAIT(self->task);
            if (!is_timeout(rondo_failure_of(ctx, self->task))) {
                break;
            }
            rondo_log(ctx, RONDO_WARN,
                      rondo_format("no decision by the %s for %s", approvers[self->asked], self->employee));
        }
        if (self->asked < 2) {
            RONDO_TRY(self->task);
            const rondo_json decision = rondo_output(ctx, self->task);
            if (!rondo_read_bool(rondo_member(decision, "approved"), &self->is_approved) ||
                !rondo_read_string(rondo_member(decision, "by"), &self->by)) {
                return rondo_invalid_output(ctx);
            }
        }
    }
    if (!self->is_approved) {
        return end(ctx, self, rondo_none());
    }
    self->task = rondo_activity(ctx, "reimburse", rondo_input(ctx), NULL);
    RONDO_TRY(self->task);
    return end(ctx, self, rondo_output(ctx, self->task));
    RONDO_END;
}

static rondo_result classify(const rondo_call *call, rondo_json input)
{
    (void)call;
    int64_t amount_cents;
    if (!rondo_read_i64(rondo_member(input, "amount_cents"), &amount_cents)) {
        return rondo_invalid_input();
    }
    if (amount_cents == 0) {
        return rondo_failed(rondo_final_error("empty-expense", "there is nothing to pay back"));
    }
    return rondo_ok(rondo_string(amount_cents <= 5000 ? "automatic" : "needs-decision"));
}

static rondo_result reimburse(const rondo_call *call, rondo_json input)
{
    (void)call;
    const char *employee;
    int64_t amount_cents;
    if (!rondo_read_string(rondo_member(input, "employee"), &employee) ||
        !rondo_read_i64(rondo_member(input, "amount_cents"), &amount_cents)) {
        return rondo_invalid_input();
    }
    const long long whole = amount_cents / 100;
    const long long cents = amount_cents % 100;
    return rondo_ok(rondo_string(rondo_format("%s gets %lld.%02lld", employee, whole, cents)));
}

void offer_approval(void)
{
    rondo_offer_orchestration((rondo_orchestration){
        .name = "expense",
        .description = "Takes an expense to its approval or rejection.",
        .run = expense,
        .state_size = sizeof(struct expense),
        .read = read_expense,
    });
    rondo_offer_activity("classify", "Says whether an expense needs a decision.", classify);
    rondo_offer_activity("reimburse", "Pays an expense back.", reimburse);
}
