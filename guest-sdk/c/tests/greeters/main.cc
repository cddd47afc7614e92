// The template in C++, as a coroutine, with something of the C++ library.
#include <rondo.hpp>

#include <string>
#include <vector>

namespace {

rondo::flow<rondo_json> greet_all(rondo_context *ctx)
{
    std::vector<rondo_task> tasks;
    rondo_items names = rondo_items_of(rondo_input(ctx));
    rondo_json name;
    while (rondo_next(&names, &name)) {
        tasks.push_back(rondo_activity(ctx, "greet", name, nullptr));
    }
    co_await rondo::all(tasks.data(), tasks.size());
    rondo_writer greetings = rondo_array();
    for (const rondo_task task : tasks) {
        rondo_push(&greetings, rondo_output(ctx, task));
    }
    co_return rondo_end(&greetings);
}

rondo_result greet(const rondo_call *, rondo_json input)
{
    const char *name;
    if (!rondo_read_string(input, &name)) {
        return rondo_invalid_input();
    }
    const std::string greeting = "Hello, " + std::string(name) + "!";
    return rondo_ok(rondo_string(greeting.c_str()));
}

} // namespace

void rondo_main()
{
    rondo_offer_orchestration(rondo::orchestration<greet_all>("greeting"));
    rondo_offer_activity("greet", nullptr, greet);
}
