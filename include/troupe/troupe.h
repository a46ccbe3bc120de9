/* SPDX-License-Identifier: MIT */
/* troupe: all of it, but for what is in libtroupe_simulation: <troupe/simulation.h>,
 * <troupe/simulate.h>, <troupe/simulation_network.h>, <troupe/simulation_store.h>,
 * <troupe/test_kit.h>, <troupe/test_probe.h>. */
#ifndef TROUPE_TROUPE_H
#define TROUPE_TROUPE_H

#include <troupe/actor.h>
#include <troupe/admission.h>
#include <troupe/allocator.h>
#include <troupe/api.h>
#include <troupe/arguments.h>
#include <troupe/ask.h>
#include <troupe/attach.h>
#include <troupe/behavior.h>
#include <troupe/circuit_breaker.h>
#include <troupe/dead_letter.h>
#include <troupe/error.h>
#include <troupe/file.h>
#include <troupe/future.h>
#include <troupe/groups.h>
#include <troupe/hosts.h>
#include <troupe/io.h>
#include <troupe/keys.h>
#include <troupe/link.h>
#include <troupe/log.h>
#include <troupe/mailbox.h>
#include <troupe/message.h>
#include <troupe/module.h>
#include <troupe/monitor.h>
#include <troupe/node.h>
#include <troupe/nodes.h>
#include <troupe/offload.h>
#include <troupe/placement.h>
#include <troupe/process.h>
#include <troupe/quarantine.h>
#include <troupe/queue.h>
#include <troupe/rate_limit.h>
#include <troupe/ref.h>
#include <troupe/remote.h>
#include <troupe/retry.h>
#include <troupe/scope.h>
#include <troupe/send.h>
#include <troupe/service.h>
#include <troupe/signal.h>
#include <troupe/socket.h>
#include <troupe/spawn.h>
#include <troupe/statistics.h>
#include <troupe/stream.h>
#include <troupe/supervisor.h>
#include <troupe/task.h>
#include <troupe/time.h>
#include <troupe/timer.h>

#endif
