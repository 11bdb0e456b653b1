// SPDX-License-Identifier: Apache-2.0
// One shared page, one handler.
#include "exec/StopSignal.h"

#include <cerrno>
#include <csignal>
#include <cstring>
#include <sys/mman.h>

namespace mptrt {

StopSignal::Shared *StopSignal::shared = nullptr;

void StopSignal::handle(int signal) {
  static volatile std::sig_atomic_t seen = 0; // by this process
  if (seen) {
    std::signal(signal, SIG_DFL);
    std::raise(signal);
    return;
  }
  seen = 1;
  int none = 0;
  shared->signal.compare_exchange_strong(none, signal);
}

Status StopSignal::install() {
  void *page = mmap(nullptr, sizeof(Shared), PROT_READ | PROT_WRITE,
                    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (page == MAP_FAILED)
    return makeStatus(Code::Internal, "cannot share a page: %s",
                      std::strerror(errno));
  shared = static_cast<Shared *>(page); // zeros: nothing requested
  struct sigaction action = {};
  action.sa_handler = handle;
  action.sa_flags = SA_RESTART;
  for (int signal : {SIGTERM, SIGINT, SIGUSR1})
    sigaction(signal, &action, nullptr);
  return Status();
}

StopSignal::~StopSignal() {
  if (!shared)
    return;
  for (int signal : {SIGTERM, SIGINT, SIGUSR1})
    std::signal(signal, SIG_DFL);
  munmap(shared, sizeof(Shared));
  shared = nullptr;
}

} // namespace mptrt
