/* What the component offers: functions by name. */
#ifndef RONDO_REGISTRY_H
#define RONDO_REGISTRY_H

#include "rondo.h"
#include "wire.h"

/* NULL if there is none of that name. */
const rondo_orchestration *ri_find_orchestration(struct ri_text name);
rondo_activity_function ri_find_activity(struct ri_text name);

/* "this component has no "x"", in memory of the turn. */
const char *ri_has_no(struct ri_text name);

#endif
