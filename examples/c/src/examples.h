// What the files of this component offer, an example each.
#ifndef EXAMPLES_H
#define EXAMPLES_H

#include <rondo.h>

void offer_approval(void);
void offer_chaining(void);
void offer_fan_out(void);
void offer_monitor(void);
void offer_saga(void);
void offer_sub_orchestrations(void);

#endif
