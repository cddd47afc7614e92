// Orchestrations as C++20 coroutines, on top of rondo.h: local variables survive waits, and there are no macros.
//
//     rondo::flow<rondo_json> order(rondo_context *ctx)
//     {
//         const rondo_json receipt = co_await rondo_activity(ctx, "charge", rondo_input(ctx), nullptr);
//         co_await rondo_timer(ctx, 60000);
//         co_return receipt;
//     }
//
//     rondo_offer_orchestration(rondo::orchestration<order>("order", "Sells something."));
//
// To await a task that has failed ends the orchestration with that failure; `rondo::settled` is for those that do not
// want that. Nothing after the end is run. A flow begins when it is called, up to its first wait, so flows that are
// called one after the other go on side by side until they are awaited. One that is destroyed before does not go on,
// though what it has begun is not canceled.
//
// What is made (`rondo_string`, `rondo_object`, ...) lives until the next wait, in variables as well: `rondo_keep` it.
// It needs no exceptions, no run-time type information, and no C++ library beyond <coroutine>.
#ifndef RONDO_HPP
#define RONDO_HPP

#include <coroutine>
#include <cstddef>
#include <type_traits>

#include "rondo.h"

namespace rondo {

template <class Value = void> class flow;

namespace detail {

// Something that a coroutine waits for. It is part of the coroutine's frame.
struct waiter {
    // The list of those that wait, in the order in which they began to.
    waiter *before;
    waiter *next;
    std::coroutine_handle<> waiting;
    bool (*is_over)(rondo_context *ctx, waiter *self);
    bool is_linked;
};

// The state of an orchestration; all zero at first.
struct root {
    struct frame {
        frame *next;
    };

    static constexpr std::size_t step = 64;
    static constexpr std::size_t most = 64;

    rondo_context *ctx;
    // The address of the coroutine.
    void *main;
    waiter *first;
    waiter *last;
    // Whom to look at next.
    waiter *cursor;
    // Frames that have ended, by their size in steps. Larger ones are given back with the execution.
    frame *frames[most];

    void link(waiter *one)
    {
        one->before = last;
        one->next = nullptr;
        (last ? last->next : first) = one;
        last = one;
        one->is_linked = true;
    }

    void unlink(waiter *one)
    {
        (one->before ? one->before->next : first) = one->next;
        (one->next ? one->next->before : last) = one->before;
        cursor = cursor == one ? one->next : cursor;
        one->is_linked = false;
    }

    // Resumes what need not wait any longer, until all that is left has to.
    void go_on()
    {
        bool has_moved = true;
        while (has_moved) {
            has_moved = false;
            cursor = first;
            while (waiter *const one = cursor) {
                cursor = one->next;
                const bool is_over = !rondo_has_ended(ctx) && one->is_over(ctx, one);
                if (rondo_has_ended(ctx)) {
                    return;
                }
                if (is_over) {
                    unlink(one);
                    one->waiting.resume();
                    has_moved = true;
                }
            }
        }
    }

    void *take(std::size_t size)
    {
        const std::size_t steps = (size + step - 1) / step;
        if (steps < most && frames[steps]) {
            frame *const taken = frames[steps];
            frames[steps] = taken->next;
            return taken;
        }
        return rondo_alloc(steps * step);
    }

    void give(void *block, std::size_t size)
    {
        const std::size_t steps = (size + step - 1) / step;
        if (steps < most) {
            frame *const given = static_cast<frame *>(block);
            given->next = frames[steps];
            frames[steps] = given;
        }
    }
};

// A guest has one thread and serves one execution.
inline root *current = nullptr;

// What can be awaited: `is_over` is asked until it says yes, `result` is what comes of it.
struct condition {};

// Awaits a condition.
template <class Condition> class wait final : waiter {
public:
    explicit wait(Condition what) : waiter{}, awaited(what) { is_over = ask; }
    wait(const wait &) = delete;
    wait &operator=(const wait &) = delete;

    ~wait()
    {
        if (is_linked) {
            current->unlink(this);
        }
    }

    // After the end, which the condition may bring about, nothing goes on.
    bool await_ready()
    {
        return !rondo_has_ended(current->ctx) && awaited.is_over(current->ctx) && !rondo_has_ended(current->ctx);
    }

    void await_suspend(std::coroutine_handle<> handle)
    {
        waiting = handle;
        current->link(this);
    }

    auto await_resume() { return awaited.result(current->ctx); }

private:
    static bool ask(rondo_context *ctx, waiter *self) { return static_cast<wait *>(self)->awaited.is_over(ctx); }

    Condition awaited;
};

struct settling : condition {
    rondo_task task;

    bool is_over(rondo_context *ctx) { return rondo_is_settled(ctx, task); }
    const rondo_failure *result(rondo_context *ctx) { return rondo_failure_of(ctx, task); }
};

struct succeeding : condition {
    rondo_task task;

    bool is_over(rondo_context *ctx)
    {
        if (rondo_failure_of(ctx, task)) {
            rondo_fail_as(ctx, task);
        }
        return rondo_is_settled(ctx, task);
    }

    rondo_json result(rondo_context *ctx) { return rondo_output(ctx, task); }
};

struct all_succeeding : condition {
    const rondo_task *tasks;
    std::size_t count;

    bool is_over(rondo_context *ctx)
    {
        const bool is_over = rondo_all(ctx, tasks, count);
        const rondo_task failed = rondo_first_failed(ctx, tasks, count);
        if (failed.number) {
            rondo_fail_as(ctx, failed);
        }
        return is_over;
    }

    void result(rondo_context *) {}
};

struct all_settling : condition {
    const rondo_task *tasks;
    std::size_t count;

    bool is_over(rondo_context *ctx) { return rondo_all_settled(ctx, tasks, count); }
    void result(rondo_context *) {}
};

struct racing : condition {
    const rondo_task *tasks;
    std::size_t count;
    std::size_t winner;

    bool is_over(rondo_context *ctx) { return rondo_race(ctx, tasks, count, &winner); }
    std::size_t result(rondo_context *) { return winner; }
};

template <class Predicate> struct holding : condition {
    Predicate predicate;

    bool is_over(rondo_context *) { return predicate(); }
    void result(rondo_context *) {}
};

struct access;

struct promise_base {
    std::suspend_never initial_suspend() noexcept { return {}; }
    std::suspend_always final_suspend() noexcept { return {}; }
    void unhandled_exception() noexcept { __builtin_trap(); }

    static auto await_transform(rondo_task task) { return wait<succeeding>(succeeding{{}, task}); }

    template <class Value> static auto await_transform(const flow<Value> &other)
    {
        using ending = typename flow<Value>::ending;
        return wait<ending>(ending{{}, other.handle});
    }

    template <class Condition>
        requires std::is_base_of_v<condition, Condition>
    static auto await_transform(Condition awaited)
    {
        return wait<Condition>(awaited);
    }

    static void *operator new(std::size_t size) { return current->take(size); }
    static void operator delete(void *block, std::size_t size) { current->give(block, size); }
};

template <class Value> struct promise_of : promise_base {
    Value value{};

    void return_value(Value returned) { value = static_cast<Value &&>(returned); }
};

template <> struct promise_of<void> : promise_base {
    void return_void() {}
};

} // namespace detail

// A function that waits. Its value needs a default.
template <class Value> class [[nodiscard]] flow {
public:
    struct promise_type : detail::promise_of<Value> {
        flow get_return_object() { return flow(std::coroutine_handle<promise_type>::from_promise(*this)); }
    };

    flow(flow &&other) noexcept : handle(other.handle) { other.handle = nullptr; }
    flow &operator=(flow &&) = delete;

    ~flow()
    {
        if (handle) {
            handle.destroy();
        }
    }

private:
    struct ending : detail::condition {
        std::coroutine_handle<promise_type> handle;

        bool is_over(rondo_context *) { return handle.done(); }

        Value result(rondo_context *)
        {
            if constexpr (!std::is_void_v<Value>) {
                return static_cast<Value &&>(handle.promise().value);
            }
        }
    };

    friend detail::access;
    friend detail::promise_base;

    explicit flow(std::coroutine_handle<promise_type> of) : handle(of) {}

    std::coroutine_handle<promise_type> handle;
};

namespace detail {

struct access {
    // The flow goes on without its owner.
    template <class Value> static void *release(flow<Value> owned)
    {
        void *const address = owned.handle.address();
        owned.handle = nullptr;
        return address;
    }
};

template <auto function> rondo_step run(rondo_context *ctx, void *state)
{
    using promise = typename decltype(function(ctx))::promise_type;
    root *const self = static_cast<root *>(state);
    self->ctx = ctx;
    current = self;
    if (!self->main) {
        self->main = access::release(function(ctx));
    }
    self->go_on();
    const auto main = std::coroutine_handle<promise>::from_address(self->main);
    if (rondo_has_ended(ctx)) {
        return RONDO_ENDED;
    }
    if (!main.done()) {
        return RONDO_WAITING;
    }
    if constexpr (std::is_base_of_v<promise_of<void>, promise>) {
        return RONDO_DONE;
    } else {
        return rondo_complete(ctx, main.promise().value);
    }
}

} // namespace detail

// For `rondo_offer_orchestration`: a function that takes the context and is a flow of nothing, or of the result.
// `check` tells whether an input is what the orchestration expects.
template <auto function>
rondo_orchestration orchestration(const char *name, const char *description = nullptr,
                                  bool (*check)(rondo_json input, void *) = nullptr)
{
    return {name, description, detail::run<function>, sizeof(detail::root), check};
}

// Whether a task failed: the failure, or nullptr.
inline auto settled(rondo_task task) { return detail::settling{{}, task}; }

// All tasks; when one fails, the others are canceled and the orchestration fails as it did.
inline auto all(const rondo_task *tasks, std::size_t count)
{
    return detail::all_succeeding{{}, tasks, count};
}

// All tasks, whatever becomes of them.
inline auto all_settled(const rondo_task *tasks, std::size_t count)
{
    return detail::all_settling{{}, tasks, count};
}

// The first task to settle: its index. The others are canceled.
inline auto race(const rondo_task *tasks, std::size_t count)
{
    return detail::racing{{}, tasks, count, 0};
}

// A condition, which is asked in every turn, and again when other code of this turn has gone on.
template <class Predicate> auto until(Predicate predicate)
{
    return detail::holding<Predicate>{{}, predicate};
}

} // namespace rondo

#endif
