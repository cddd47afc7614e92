// One component with all examples, a file each.
#include "examples.h"

void rondo_main(void)
{
    offer_chaining();
    offer_fan_out();
    offer_approval();
    offer_saga();
    offer_monitor();
    offer_sub_orchestrations();
}
