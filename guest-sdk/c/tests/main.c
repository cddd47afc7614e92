#include <stdio.h>

#include "host.h"

void rondo_main(void)
{
    offer_for_coroutines();
    offer_for_orchestrations();
    offer_for_activities();
}

int main(void)
{
    test_memory();
    test_random();
    test_texts();
    test_json();
    test_activities();
    test_orchestrations();
    test_coroutines();
    const struct ri_wire_definitions offered = ri_describe_orchestrations();
    CHECK(offered.count == 24 && offered.items[23].description.size == 5);
    puts("all tests of the C SDK pass");
    return 0;
}
